import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { scenarioClass } from "../../dev/flink/jobs.ts";
import { openBrowser } from "../support/browser.ts";
import { EdgeStage } from "../support/edge-stage.ts";
import { eventually } from "../support/eventually.ts";
import { flinkTargets } from "../support/flink-target.ts";
import { uploaded } from "../support/uploaded-jar.ts";
import { World } from "../support/world.ts";

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
}, 300_000);
afterAll(() => browser.close());

describe.each(flinkTargets())("the web UI of Flink $version in a browser", ({ version, url, jobsJar }) => {
  let world: World;
  let origin = "";
  let prefix = "";

  beforeAll(async () => {
    world = await World.open("gateway-ui");
    await world.createCluster("main", { url });
    const { port } = await (await EdgeStage.open(world)).serve({ insecureLoopback: true });
    origin = `http://127.0.0.1:${port}`;
    prefix = `/clusters/${world.namespace}/main/`;
  });
  afterAll(() => world.close());

  /** By Flink itself, without a gateway. */
  const idOf = async (name: string): Promise<string | undefined> => {
    const { jobs } = (await (await fetch(`${url}/jobs/overview`)).json()) as {
      jobs: { jid: string; name: string }[];
    };
    return jobs.find((job) => job.name === name)?.jid;
  };

  const jarIdsOf = async (name: string): Promise<string[]> => {
    const { files } = (await (await fetch(`${url}/jars`)).json()) as {
      files: { id: string; name: string }[];
    };
    return files.filter((file) => file.name === name).map(({ id }) => id);
  };

  test("a JAR is uploaded, submitted, watched and cancelled by hand", async () => {
    const context = await browser.newContext({ viewport: { width: 1600, height: 1000 } });
    const page = await context.newPage();
    const problems = noteProblems(page, origin + prefix);
    const name = `ui-${randomBytes(4).toString("hex")}`;
    // Each JAR of the list has a form, which is hidden until it is chosen.
    await uploaded(url, jobsJar);
    await page.goto(origin + prefix);
    await page.getByText("Submit New Job").click();
    const file = {
      name: `${name}.jar`,
      mimeType: "application/java-archive",
      buffer: await readFile(jobsJar),
    };
    await page.locator("input[type=file]").setInputFiles(file);
    await page.getByText(`${name}.jar`).click();
    await shown(page.getByPlaceholder("Entry Class")).fill(scenarioClass);
    await shown(page.getByPlaceholder("Program Arguments")).fill(`stream --name ${name}`);
    const [answer] = await Promise.all([
      page.waitForResponse(/\/run\?/),
      shown(page.getByRole("button", { name: "Submit" })).click(),
    ]);
    if (answer.status() !== 200) {
      // From 2.0 on, Flink does not understand what this button of its own UI sends, without a gateway neither.
      const request = answer.request();
      const send = { method: "POST", headers: { "content-type": "application/json" } };
      const direct = await fetch(`${url}/${request.url().slice((origin + prefix).length)}`, {
        ...send,
        body: request.postData() ?? "",
      });
      expect([version, direct.status]).toEqual(["2.3", answer.status()]);
      problems.length = 0;
      const body = JSON.stringify({ entryClass: scenarioClass, programArgsList: ["stream", "--name", name] });
      const [jarId] = await jarIdsOf(`${name}.jar`);
      expect((await fetch(`${origin}${prefix}jars/${jarId}/run`, { ...send, body })).status).toBe(200);
      // It goes on telling of the failure, above everything else.
      await page.reload();
    }
    const jobId = await eventually(
      async () => (await idOf(name)) ?? Promise.reject(new Error("no job")),
      30_000,
    );
    await page.goto(`${origin}${prefix}#/job/running/${jobId}/overview`);
    await page.getByText(name, { exact: true }).first().waitFor();
    await page.getByText("Cancel Job").click();
    await page.getByRole("button", { name: "Yes" }).click();
    await eventually(async () => {
      const answer = await fetch(`${url}/jobs/${jobId}`);
      expect(await answer.json()).toMatchObject({ name, state: "CANCELED" });
    }, 30_000);
    await page.getByText("Completed Jobs").click();
    await page.getByText(name, { exact: true }).first().waitFor();
    await context.close();
    expect(problems).toEqual([]);
  });

  test("a page of another origin neither submits nor reads", async () => {
    const foreign = createServer((_request, response) => response.end("<!doctype html><p>elsewhere</p>"));
    foreign.listen(0, "127.0.0.1");
    await once(foreign, "listening");
    const context = await browser.newContext();
    try {
      const page = await context.newPage();
      const statuses: number[] = [];
      page.on("response", (response) => {
        if (response.url().startsWith(origin)) statuses.push(response.status());
      });
      await page.goto(`http://127.0.0.1:${(foreign.address() as AddressInfo).port}/`);
      const said = await page.evaluate(async (address) => {
        const send = { method: "POST", mode: "no-cors", body: "{}" } as const;
        await fetch(`${address}run-async`, send);
        return fetch(`${address}overview`).then(
          (answer) => answer.text(),
          () => "unreadable",
        );
      }, origin + prefix);
      expect([said, statuses]).toEqual(["unreadable", [403]]);
    } finally {
      await context.close();
      foreign.close();
    }
  });
});

function shown(all: Locator): Locator {
  return all.filter({ visible: true });
}

/** What a page asked elsewhere, what it was refused, and what it threw. */
function noteProblems(page: Page, base: string): string[] {
  const problems: string[] = [];
  page.on("request", (request) => {
    if (!request.url().startsWith(base) && !/^(data|blob):/.test(request.url()))
      problems.push(`asked ${request.url()}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400) problems.push(`${response.status()} ${response.url()}`);
  });
  page.on("pageerror", (error) => problems.push(String(error)));
  return problems;
}
