import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lazyOptions } from "../../src/flink/options/option-catalogue.ts";
import { Destinations } from "../../src/flink/rest/destinations.ts";
import type { FlinkError } from "../../src/flink/rest/errors.ts";
import { FlinkRest, type RunBody } from "../../src/flink/rest/flink-rest.ts";
import { eventually } from "../support/eventually.ts";
import { flinkTargets } from "../support/flink-target.ts";
import { effective, failing, ineffective, type Properties, type Shown } from "./option-samples.ts";

// The catalogue's scopes against real Flinks: what a job's own options do, and that the cluster's do nothing.

it("is a sample of at least 40 options, of both kinds", () => {
  expect(Object.keys({ ...effective, ...failing, ...ineffective }).length).toBeGreaterThanOrEqual(40);
});

const catalogue = lazyOptions();
describe.each(flinkTargets())("Flink $version", ({ version, url, jobsJar }) => {
  const rest = new FlinkRest({ url, destinations: new Destinations({ loopback: true }) });
  const options = catalogue(`${version}.0`);
  /** As this version calls it; undefined where it has no such option. */
  const nameOf = (key: string) =>
    [key, ...(catalogue("2.3.0")?.find(key)?.option.aliases ?? [])].find((name) => options?.find(name));
  const inThisVersion = <T>(sample: Record<string, T>) =>
    Object.entries(sample).flatMap(([key, value]) => {
      const name = nameOf(key);
      return name === undefined ? [] : [[name, value] as const];
    });
  let jarId: string;
  let dir: string;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "option-scope-"));
    jarId = await rest.uploadJar({ fileName: "scope.jar", content: await readFile(jobsJar) });
  });
  afterAll(async () => {
    await rest.deleteJar(jarId);
    await rest.close();
    await rm(dir, { recursive: true });
  });

  async function run(flinkConfiguration: Properties, args: string[] = [], body: RunBody = {}) {
    const out = await mkdtemp(join(dir, "out-"));
    const jobId = randomBytes(16).toString("hex");
    const programArgsList = ["--out", out, ...args];
    const entryClass = "dev.flinkjob.testing.EffectiveConfiguration";
    const answer = rest.run(jarId, { jobId, entryClass, programArgsList, flinkConfiguration, ...body });
    return {
      jobId,
      answer,
      properties: (name: string) => eventually(() => propertiesIn(join(out, `${name}.properties`)), 20_000),
    };
  }
  const get = async (path: string) => (await (await fetch(url + path)).json()) as Record<string, unknown>;
  const slots = async () =>
    ((await get("/taskmanagers")).taskmanagers as { slotsNumber: number }[])[0]?.slotsNumber;

  describe("a job's own options have their effect", () => {
    let shown: Shown;
    beforeAll(async () => {
      const map = Object.fromEntries(inThisVersion(effective).map(([key, [value]]) => [key, value]));
      const { jobId, answer, properties } = await run({
        ...map,
        [nameOf("execution.checkpointing.dir") ?? ""]: `file://${dir}/checkpoints`,
      });
      await answer;
      // Flink shows defaults of a job that is being initialized, and goes on to do so for 3 s to who asks too early.
      await properties("task");
      shown = {
        main: await properties("main"),
        config: (await get(`/jobs/${jobId}/config`))["execution-config"] as Record<string, unknown>,
        checkpoints: await get(`/jobs/${jobId}/checkpoints/config`),
        job: (await get(`/jobs/${jobId}`)) as unknown as Shown["job"],
      };
      await eventually(() => existsSync(join(dir, "checkpoints", jobId)), 20_000);
      await rest.cancelJob(jobId);
    });

    it.each(inThisVersion(effective))("%s", (key, [, seen, want]) => {
      expect(options?.find(key)?.option.scope).toBe("job");
      expect(seen(shown)).toEqual(want);
    });

    it("execution.checkpointing.dir, seen on the disk", () => {
      expect(options?.find(nameOf("execution.checkpointing.dir") ?? "")?.option.scope).toBe("job");
    });
  });

  describe("a job's own option that cannot be followed is an error", () => {
    it.each(inThisVersion(failing))("%s", async (key, [value, args, want]) => {
      expect(options?.find(key)?.option.scope).toBe("job");
      const { answer } = await run({ [key]: value }, args);
      const refusal = await answer.then(
        () => "accepted",
        (error: FlinkError) => error.causes.map(({ message }) => message).join("\n"),
      );
      expect(refusal).toMatch(want);
    });
  });

  describe("the cluster's options have none", () => {
    let taskManager: Properties;
    let jobManager: ReadonlyMap<string, string>;
    let main: Properties;
    let slotsBefore: unknown;
    let slotsThen: unknown;
    beforeAll(async () => {
      slotsBefore = await slots();
      const { jobId, answer, properties } = await run(Object.fromEntries(inThisVersion(ineffective)));
      await answer;
      taskManager = await properties("taskmanager");
      main = await properties("main");
      jobManager = await rest.jobManagerConfig();
      slotsThen = await slots();
      await rest.cancelJob(jobId);
    });

    it.each(inThisVersion(ineffective))("%s", (key, value) => {
      expect(options?.find(key)?.option.scope).toBe("cluster");
      // It came as far as main(): it was not lost on the way, nobody asked for it.
      expect(main[key]).toBe(value);
      expect(taskManager[key]).not.toBe(value);
      expect(jobManager.get(key)).not.toBe(value);
    });

    it("and some break the submission itself, whose code runs in the JobManager: so none is sent", async () => {
      expect(options?.find("security.ssl.internal.enabled")?.option.scope).toBe("cluster");
      const { answer } = await run({ "security.ssl.internal.enabled": "true" });
      await expect(answer).rejects.toThrow(/security\.ssl\.keystore is missing/);
    });

    it("neither the number of slots ...", () => {
      expect(slotsThen).toBe(slotsBefore);
    });

    it("... nor how many checkpoints are kept and told", async () => {
      const { jobId, answer } = await run({
        "execution.checkpointing.interval": "50 ms",
        [nameOf("execution.checkpointing.storage") ?? ""]: "filesystem",
        [nameOf("execution.checkpointing.dir") ?? ""]: `file://${dir}/few`,
        [nameOf("execution.checkpointing.num-retained") ?? ""]: "5",
        "web.checkpoints.history": "1",
      });
      await answer;
      const told = async () => {
        const { counts, history } = await get(`/jobs/${jobId}/checkpoints`);
        const enough = (counts as { completed: number }).completed > 6;
        return enough && (history as unknown[]).length;
      };
      const history = await eventually(told, 20_000);
      const kept = (await readdir(join(dir, "few", jobId))).filter((name) => name.startsWith("chk-"));
      await rest.cancelJob(jobId);
      expect(history).toBeGreaterThan(1);
      // One, the next that is being taken, and the last that is being removed.
      expect(kept.length).toBeLessThanOrEqual(3);
    });
  });

  it("$internal.pipeline.job-id decides on the JobID, and so is none of a user's business", async () => {
    const own = randomBytes(16).toString("hex");
    expect(options?.find("$internal.pipeline.job-id")?.option.scope).toBe("dangerous");
    const withoutId = { jobId: undefined } as unknown as RunBody;
    const { answer } = await run({ "$internal.pipeline.job-id": own }, [], withoutId);
    expect((await answer).jobId).toBe(own);
    await rest.cancelJob(own);
  });
});

/** Of a Java properties file; throws while it is not there. */
async function propertiesIn(path: string): Promise<Properties> {
  const lines = (await readFile(path, "utf8"))
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  return Object.fromEntries(
    lines.map((line) => {
      const [, key = "", value = ""] = /^((?:\\.|[^=:\\])*)[=:](.*)$/.exec(line) ?? [];
      return [unescaped(key), unescaped(value)];
    }),
  );
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, "$1");
}
