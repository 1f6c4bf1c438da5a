import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { aTrigger } from "../../../test/support/builders.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { fakeJar } from "../../../test/support/fake-flink/index.ts";
import { InProcessGateway } from "../../../test/support/in-process-gateway.ts";
import { flinkJobs } from "../../kube/resources.ts";
import { flinkJobName } from "./naming.ts";

const base = "/clusters/team/main/run-async";
const name = flinkJobName("main", "nightly");

let house: InProcessGateway;
beforeEach(async () => {
  house = await InProcessGateway.open();
});
afterEach(() => house.close());

describe("POST with the JAR", () => {
  const jar = fakeJar("dev.flinkjob.testing.Scenario");
  const sha256 = createHash("sha256").update(jar).digest("hex");
  const request = JSON.stringify({ triggerId: "nightly", programArgsList: ["stream"] });

  function form(...parts: [string, string | Buffer][]): FormData {
    const data = new FormData();
    for (const [part, value] of parts) {
      if (typeof value === "string") data.append(part, value);
      else data.append(part, new Blob([new Uint8Array(value)]), "job.jar");
    }
    return data;
  }
  const send = async (body: FormData, path = base) => {
    const reply = await fetch(house.url + path, { method: "POST", body });
    return { status: reply.status, body: (await reply.json()) as { triggerId?: string; errors?: string[] } };
  };

  test.each([
    [
      "request first",
      [
        ["request", request],
        ["jarfile", jar],
      ],
    ],
    [
      "jarfile first",
      [
        ["jarfile", jar],
        ["request", request],
      ],
    ],
    [
      "request as a file",
      [
        ["request", Buffer.from(request)],
        ["jarfile", jar],
      ],
    ],
  ] as [string, [string, string | Buffer][]][])(
    "uploads it and records whose it is: %s",
    async (_, parts) => {
      const answer = await send(form(...parts));
      expect(answer).toEqual({ status: 202, body: { triggerId: "nightly" } });
      const { spec, metadata } = await house.job(name);
      expect(await house.jarsOnFlink()).toEqual([spec.jar?.id]);
      expect(spec.jar?.id).toMatch(/_flinkjob-run-async-[0-9a-f]{16}-[\w-]*\.jar$/);
      expect(spec.jar?.reclaimPolicy).toBe("Delete");
      expect(metadata.annotations?.["flinkjob.dev/jar-sha256"]).toBe(sha256);
    },
  );

  test("the same again uploads nothing, and another JAR is a conflict", async () => {
    await send(form(["request", request], ["jarfile", jar]));
    expect(await send(form(["request", request], ["jarfile", jar]))).toMatchObject({ status: 202 });
    expect(await house.jarsOnFlink()).toHaveLength(1);
    const other = fakeJar("another.Main");
    const answer = await send(form(["request", request], ["jarfile", other]));
    expect(answer.status).toBe(409);
    expect(answer.body.errors?.[0]).toContain("these differ: jarfile.");
    const blind = await send(form(["jarfile", other], ["request", request]));
    expect(blind.status).toBe(409);
    const byId = await house.submit({ triggerId: "nightly", programArgsList: ["stream"], jarId: "x.jar" });
    expect(byId.json().errors[0]).toContain("these differ: jarId.");
    expect(await house.jarsOnFlink()).toHaveLength(1);
  });

  test("of many at once, one JAR stays", async () => {
    await house.close();
    house = await InProcessGateway.open({ jarRules: { concurrency: 20 } });
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => send(form(["jarfile", jar], ["request", request]))),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    expect((await house.kube.list(flinkJobs)).items).toHaveLength(1);
    expect(await house.jarsOnFlink()).toEqual([(await house.job(name)).spec.jar?.id]);
  });

  test.each([
    ["no JAR", [["request", request]], 400, /^jarId: missing/],
    ["no request", [["jarfile", jar]], 400, /^request: missing/],
    [
      "both",
      [
        ["request", '{"jarId":"x.jar"}'],
        ["jarfile", jar],
      ],
      400,
      /^jarId: the JAR came with the request/,
    ],
    [
      "both, the JAR first",
      [
        ["jarfile", jar],
        ["request", '{"jarId":"x.jar"}'],
      ],
      400,
      /^jarId: the JAR came/,
    ],
    [
      "an unknown field",
      [
        ["jarfile", jar],
        ["request", '{"x":1}'],
      ],
      400,
      /^x: unknown field/,
    ],
    ["an unknown part", [["x", "1"]], 400, /^x: unknown part; the parts are request .* and jarfile/],
    [
      "no JSON",
      [
        ["request", "{"],
        ["jarfile", jar],
      ],
      400,
      /^request: is not JSON/,
    ],
    [
      "two requests",
      [
        ["request", request],
        ["request", request],
      ],
      400,
      /^request: came twice/,
    ],
    ["no file", [["jarfile", "text"]], 400, /^jarfile: is a field without a file name/],
    [
      "no JAR but text",
      [
        ["request", request],
        ["jarfile", Buffer.from("text")],
      ],
      400,
      /^jarfile: does not begin like a ZIP/,
    ],
    [
      "too large",
      [
        ["request", request],
        ["jarfile", Buffer.concat([jar, Buffer.alloc(1024 ** 2)])],
      ],
      413,
      /^jarfile: larger than 1048576 bytes/,
    ],
  ] as [string, [string, string | Buffer][], number, RegExp][])(
    "refuses %s and leaves nothing",
    async (_, parts, status, want) => {
      const answer = await send(form(...parts));
      expect(answer.status).toBe(status);
      expect(answer.body.errors?.[0]).toMatch(want);
      expect(await house.jarsOnFlink()).toEqual([]);
      expect((await house.kube.list(flinkJobs)).items).toEqual([]);
    },
  );

  test("a form with a jarId and no JAR is a request like any other", async () => {
    const answer = await send(form(["request", '{"triggerId":"nightly","jarId":"x.jar"}']));
    expect(answer.status).toBe(202);
    expect((await house.job(name)).spec.jar).toEqual({ id: "x.jar" });
  });

  test("beyond the places there are, a client is told to come again before its JAR is read", async () => {
    using _first = house.jars.enter();
    using _second = house.jars.enter();
    const answer = await send(form(["request", request], ["jarfile", jar]));
    expect(answer.status).toBe(503);
    expect(answer.body.errors?.[0]).toMatch(/^2 JARs are on their way already/);
  });

  test("a client that hangs up midway leaves nothing", async () => {
    const leaving = new AbortController();
    async function* body() {
      yield Buffer.from(
        `--b\r\nContent-Disposition: form-data; name="jarfile"; filename="j.jar"\r\n\r\nPK\x03\x04${"x".repeat(100_000)}`,
      );
      await eventually(() => house.jars.underWay === 1);
      leaving.abort();
      await new Promise(() => undefined);
    }
    const headers = { "content-type": "multipart/form-data; boundary=b" };
    const sent = fetch(house.url + base, {
      method: "POST",
      headers,
      body: body() as never,
      duplex: "half",
      signal: leaving.signal,
    } as RequestInit);
    await expect(sent).rejects.toThrow();
    await eventually(() => house.jars.underWay === 0);
    expect(await house.jarsOnFlink()).toEqual([]);
    expect((await house.kube.list(flinkJobs)).items).toEqual([]);
    await eventually(() => house.connected.open === 0);
  });

  test("no connection to a JobManager outlives its JAR", async () => {
    await send(form(["request", request], ["jarfile", jar]));
    house.api.fault = ({ method }) => (method === "POST" ? { status: 422, reason: "Invalid" } : undefined);
    await send(form(["request", '{"triggerId":"another"}'], ["jarfile", jar]));
    // Two uploads, and one that was taken back.
    expect(house.connected).toEqual({ open: 0, ever: 3 });
  });

  test("an upload whose FlinkJob cannot be recorded is taken back, but for one that may have been", async () => {
    house.api.fault = ({ method }) => (method === "POST" ? { status: 422, reason: "Invalid" } : undefined);
    expect(await send(form(["request", request], ["jarfile", jar]))).toMatchObject({ status: 400 });
    expect(await house.jarsOnFlink()).toEqual([]);
    house.api.fault = ({ method }) => (method === "POST" ? { status: 500 } : undefined);
    expect(await send(form(["request", request], ["jarfile", jar]))).toMatchObject({ status: 503 });
    expect(await house.jarsOnFlink()).toHaveLength(1);
  });

  test("a deletion before the operator has seen it takes the JAR along", async () => {
    await send(form(["request", request], ["jarfile", jar]));
    const answer = await house.gateway.inject({ method: "DELETE", url: `${base}/nightly` });
    expect(answer.statusCode).toBe(200);
    expect(await house.jarsOnFlink()).toEqual([]);
  });

  test("a JAR that was lost with its JobManager: tracking says what to do", async () => {
    await send(form(["request", request], ["jarfile", jar]));
    const failure = { reason: "JarNotFound", message: "Jar file does not exist.", retryable: false };
    await house.trigger(name, aTrigger().sent().with({ state: "failed", failure }).build());
    await eventually(async () => {
      const { operation } = (await house.gateway.inject(`${base}/nightly`)).json();
      expect(operation["failure-cause"]).toEqual({
        class: "JarNotFound",
        "stack-trace":
          "Jar file does not exist. The JAR came with the request and was lost with its JobManager: delete this submission, then send the request again.",
      });
    });
    // The same request is the same submission, and has its answer.
    expect(await send(form(["request", request], ["jarfile", jar]))).toMatchObject({ status: 202 });
    expect(await house.jarsOnFlink()).toHaveLength(1);
  });
});
