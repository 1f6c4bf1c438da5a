import { describe, expect, test } from "vitest";
import { aJob, UID } from "../../test/support/builders.ts";
import type { ConfigurationFrom } from "../api/configuration-from.ts";
import { KubeError } from "../kube/errors.ts";
import { FakeClock } from "../kube/fake-clock.ts";
import { ConfigurationSources } from "./configuration-sources.ts";

const signal = AbortSignal.any([]);
const from: ConfigurationFrom = [{ secretRef: { name: "s3" } }];
const job = aJob({ flinkConfigurationFrom: from }).build();
const secret = (text: string) => ({
  metadata: { labels: { "flinkjob.dev/configuration": "true" } },
  data: { key: Buffer.from(text).toString("base64") },
});

class World {
  readonly clock = new FakeClock();
  /** What a Secret is; an error is thrown. */
  answer: unknown = secret("hunter2");
  reads = 0;
  readonly sources = new ConfigurationSources(
    {
      get: async () => {
        this.reads++;
        if (this.answer instanceof Error) throw this.answer;
        return this.answer as never;
      },
    },
    this.clock,
  );

  read = () => this.sources.read(job, from, signal);
}

describe("what was read", () => {
  test("is seen with its time, until it is sent", async () => {
    const { sources, clock, read } = new World();
    await read();
    expect(sources.get(UID)).toMatchObject({
      of: JSON.stringify(from),
      at: clock.now(),
      result: { kind: "read" },
    });
    expect(JSON.stringify(sources.get(UID))).not.toContain("hunter2");
    sources.sent(UID);
    expect(sources.get(UID)).toBeUndefined();
  });

  test("refusals are counted in a row", async () => {
    const world = new World();
    world.answer = new KubeError("Forbidden", "no");
    await world.read();
    await world.read();
    expect(world.sources.get(UID)?.result).toMatchObject({
      reason: "ConfigurationSourceForbidden",
      failures: 2,
    });
    // Somebody is at it: what is missing next is looked for as often as the first.
    world.answer = { ...secret("hunter2"), metadata: {} };
    await world.read();
    expect(world.sources.get(UID)?.result).toMatchObject({
      reason: "ConfigurationSourceNotLabelled",
      failures: 1,
    });
    world.answer = secret("hunter2");
    await world.read();
    world.answer = new KubeError("NotFound", "no");
    await world.read();
    expect(world.sources.get(UID)?.result).toMatchObject({
      reason: "ConfigurationSourceNotFound",
      failures: 1,
    });
  });

  test("an API server that is not there is thrown, and nothing is known", async () => {
    const world = new World();
    world.answer = new KubeError("Unreachable", "connection refused");
    await expect(world.read()).rejects.toThrow("connection refused");
    expect(world.sources.get(UID)).toBeUndefined();
  });
});

describe("a message of Flink", () => {
  test("is told without any value that was ever sent", async () => {
    const world = new World();
    await world.read();
    world.answer = secret("correct horse");
    await world.read();
    world.sources.sent(UID);
    expect(world.sources.withoutSecrets(job, "neither hunter2 nor correct horse")).toBe(
      "neither [hidden] nor [hidden]",
    );
  });

  test("after a restart: the Secrets are read once more, once", async () => {
    const world = new World();
    await world.sources.recall(job, signal);
    await world.sources.recall(job, signal);
    expect(world.reads).toBe(1);
    expect(world.sources.withoutSecrets(job, "not hunter2")).toBe("not [hidden]");
    expect(world.sources.get(UID)).toBeUndefined();
  });

  test("where they cannot be read, is not told at all, and they are tried again now and then", async () => {
    const world = new World();
    world.answer = new KubeError("Forbidden", "no");
    await world.sources.recall(job, signal);
    await world.sources.recall(job, signal);
    expect(world.reads).toBe(1);
    expect(world.sources.withoutSecrets(job, "not hunter2")).toMatch(/^\(The message is not shown/);
    await world.clock.advance(60_000);
    world.answer = secret("hunter2");
    await world.sources.recall(job, signal);
    expect(world.sources.withoutSecrets(job, "not hunter2")).toBe("not [hidden]");
  });

  test("of a job without Secrets is told as it is, at no cost", async () => {
    const world = new World();
    const plain = aJob({ flinkConfigurationFrom: [{ configMapRef: { name: "defaults" } }] }).build();
    await world.sources.recall(plain, signal);
    expect(world.sources.withoutSecrets(plain, "hunter2")).toBe("hunter2");
    expect(world.reads).toBe(0);
  });

  test("of an object that is gone: nothing is remembered", async () => {
    const world = new World();
    await world.read();
    world.sources.forget(UID);
    expect(world.sources.withoutSecrets(job, "hunter2")).toMatch(/not shown/);
  });
});
