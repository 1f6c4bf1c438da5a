import { mkdtemp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { counterClass } from "../../dev/flink/jobs.ts";
import type { FlinkJobSpecInput } from "../../src/api/flinkjob.ts";
import { eventually } from "../support/eventually.ts";
import { flinkTargets } from "../support/flink-target.ts";
import { JarServer } from "../support/jar-server.ts";
import { World } from "../support/world.ts";

/*
 * The examples of the proposal that brought flinkConfiguration to Flink's run request (FLIP-256), with what the job made of them,
 * read back from Flink and from the job itself:
 *
 * | example | test |
 * |---|---|
 * | no map: as before | "without the map nothing changes" |
 * | options of the cluster, misspelt ones: ignored | "what is not a job's is ignored ..." |
 * | allowNonRestoredState in both, with a savepoint: the field's counts | "allowNonRestoredState of the field counts ..." |
 * | the same for other fields, under other names | "a field wins over the same thing in the map ..." |
 * | field and map: one configuration | "field and map make one configuration ..." |
 * | user code > request > cluster | the same, and "what the job's code overrides is listed ..." |
 */

type Configuration = FlinkJobSpecInput["flinkConfiguration"];

describe.each(flinkTargets())("flinkConfiguration on Flink $version", ({ url, jobsJar }) => {
  let world: World;
  let jars: JarServer;

  beforeAll(async () => {
    world = await World.open("configuration");
    jars = await JarServer.start(jobsJar);
    world.onClose(() => jars.close());
    await world.operator();
  });
  afterAll(() => world.close());

  async function apply(
    name: string,
    flinkConfiguration: Configuration,
    spec: Partial<FlinkJobSpecInput> = {},
    args: string[] = [],
  ) {
    const out = await mkdtemp(join(world.dir, `${name}-`));
    await world.createJob(name, {
      cluster: { url },
      jar: { uri: jars.uri(name) },
      entryClass: "dev.flinkjob.testing.EffectiveConfiguration",
      args: ["--out", out, ...args],
      ...(flinkConfiguration && { flinkConfiguration }),
      ...spec,
    });
    return out;
  }

  const running = (name: string) => world.until(name, ({ status }) => status?.trigger?.state === "running");
  const failed = (name: string) => world.until(name, ({ status }) => status?.trigger?.state === "failed");
  const get = async (path: string) => (await (await fetch(url + path)).json()) as Record<string, unknown>;
  /** Flink 2.3 tells the configuration of a job that is being initialized only afterwards. */
  const shows = (jobId = "", want: object) =>
    eventually(async () => {
      expect((await get(`/jobs/${jobId}/config`))["execution-config"]).toMatchObject(want);
    });
  /** The job's configuration as its first task saw it. */
  const task = (out: string) =>
    eventually(async () => {
      const text = await readFile(join(out, "task.properties"), "utf8");
      return Object.fromEntries(text.split("\n").map((line) => line.replaceAll("\\", "").split(/=(.*)/s, 2)));
    }, 20_000);

  /** Of a job with state that no other program has. */
  async function savepoint(): Promise<string> {
    await world.createJob("stateful", {
      cluster: { url },
      jar: { uri: jars.uri("stateful") },
      entryClass: counterClass,
      args: ["--rate", "100"],
    });
    const { status } = await world.untilReason("stateful", "TasksRunning");
    const { jobId } = status?.trigger ?? {};
    const body = JSON.stringify({ "target-directory": `file://${world.dir}/savepoints` });
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${url}/jobs/${jobId}/savepoints`, { method: "POST", headers, body });
    const { "request-id": request } = (await answer.json()) as Record<string, string>;
    return eventually(async () => {
      const { operation } = await get(`/jobs/${jobId}/savepoints/${request}`);
      return (operation as { location?: string } | undefined)?.location ?? false;
    });
  }

  test("without the map nothing changes", async () => {
    const out = await apply("plain", undefined, { parallelism: 1 });
    const { status } = await running("plain");
    expect(status).not.toHaveProperty("configuration");
    await shows(status?.trigger?.jobId, { "job-parallelism": 1 });
    expect(await task(out)).not.toHaveProperty("pipeline.object-reuse");
  });

  test("what is not a job's is ignored, and so are misspelt keys: told, never a failure", async () => {
    const dir = `file://${world.dir}/state`;
    const out = await apply("mixed", {
      "jobmanager.rpc.port": 8081,
      "jobmanager.rpc.address": "localhost",
      "security.ssl.internal.enabled": true,
      "state.savepoints.dir": `${dir}/savepoints`,
      "state.checkpoints.dir": `${dir}/checkpoints`,
      "execution.checkpointing.intervall": "10 s",
    });
    const { status } = await running("mixed");
    expect(status?.configuration).toEqual({
      ignored: [
        {
          key: "execution.checkpointing.intervall",
          reason: "UnknownOption",
          suggestion: "execution.checkpointing.interval",
        },
        { key: "jobmanager.rpc.address", reason: "ClusterOption" },
        { key: "jobmanager.rpc.port", reason: "ClusterOption" },
        { key: "security.ssl.internal.enabled", reason: "ClusterOption" },
      ],
    });
    const seen = await task(out);
    expect(seen["jobmanager.rpc.port"]).not.toBe("8081");
    expect(seen["state.checkpoints.dir"] ?? seen["execution.checkpointing.dir"]).toBe(`${dir}/checkpoints`);
    expect(seen["state.savepoints.dir"] ?? seen["execution.checkpointing.savepoint-dir"]).toBe(
      `${dir}/savepoints`,
    );
    const event = await world.untilEvent("mixed", "ConfigurationIgnored");
    expect(event.type).toBe("Warning");
    expect(event.note).toContain("did you mean execution.checkpointing.interval?");
  });

  test("a field wins over the same thing in the map, under each of its names", async () => {
    const map = {
      allowNonRestoredState: false,
      "parallelism.default": 3,
      "execution.savepoint.ignore-unclaimed-state": false,
    };
    const out = await apply("fields", map, { allowNonRestoredState: true, parallelism: 2 });
    const { status } = await running("fields");
    expect(status?.configuration).toEqual({
      overridden: [
        { key: "allowNonRestoredState", by: "spec.allowNonRestoredState" },
        { key: "execution.savepoint.ignore-unclaimed-state", by: "spec.allowNonRestoredState" },
        { key: "parallelism.default", by: "spec.parallelism" },
      ],
    });
    await shows(status?.trigger?.jobId, { "job-parallelism": 2 });
    expect((await task(out))["parallelism.default"]).toBe("2");
  });

  test("allowNonRestoredState of the field counts, whatever the map says: state that the program does not have", async () => {
    const savepointPath = await savepoint();
    const checkpoints = { "state.checkpoints.dir": `file://${world.dir}/checkpoints` };
    const of = (name: string, field: boolean, inMap: boolean) =>
      apply(
        name,
        { allowNonRestoredState: inMap, ...checkpoints },
        { savepointPath, allowNonRestoredState: field, parallelism: 1 },
      );
    const out = await of("allowed", true, false);
    await of("forbidden", false, true);
    const { status } = await running("allowed");
    const overridden = [{ key: "allowNonRestoredState", by: "spec.allowNonRestoredState" }];
    expect(status?.configuration).toEqual({ overridden });
    const seen = await task(out);
    expect(seen["state.checkpoints.dir"] ?? seen["execution.checkpointing.dir"]).toBe(
      checkpoints["state.checkpoints.dir"],
    );
    const refused = await failed("forbidden");
    expect(refused.status?.trigger?.failure?.reason).toBe("StateMismatch");
    expect(refused.status?.configuration).toEqual({ overridden });
  });

  test("values of each kind arrive as they are written", async () => {
    const map = {
      "pipeline.max-parallelism": 77,
      "pipeline.object-reuse": true,
      "task.cancellation.interval": "9 s",
      "state.backend.rocksdb.writebuffer.size": "64 mb",
      "execution.job-listeners": [],
      "pipeline.global-job-parameters": "limit:5,topic:orders",
      "shop.a=b": "c: 'd'",
    } satisfies Configuration;
    const out = await apply("kinds", map);
    const { status } = await running("kinds");
    expect(status?.configuration).toEqual({ ignored: [{ key: "shop.a=b", reason: "UnknownOption" }] });
    await shows(status?.trigger?.jobId, { "user-config": { limit: "5", topic: "orders" } });
    expect((await readFile(join(out, "main.properties"), "utf8")).replaceAll("\\", "").split("\n")).toEqual(
      expect.arrayContaining([
        "pipeline.max-parallelism=77",
        "pipeline.object-reuse=true",
        "task.cancellation.interval=9 s",
        "state.backend.rocksdb.writebuffer.size=64 mb",
        "execution.job-listeners=",
        "shop.a=b=c: 'd'",
      ]),
    );
    const { vertices } = (await get(`/jobs/${status?.trigger?.jobId}`)) as {
      vertices: { maxParallelism: number }[];
    };
    expect(vertices.map(({ maxParallelism }) => maxParallelism)).toEqual(vertices.map(() => 77));
  });

  test("field and map make one configuration; the job's code wins over both", async () => {
    const checkpoints = `file://${world.dir}/checkpoints`;
    const map = {
      "state.checkpoints.dir": checkpoints,
      "execution.checkpointing.interval": "77 s",
      "execution.checkpointing.timeout": "88 s",
      "pipeline.name": "from the map",
      "pipeline.object-reuse": true,
    };
    const out = await apply("merged", map, { parallelism: 1 }, [
      "--interval",
      "5000",
      "--name",
      "from the code",
    ]);
    const { status } = await running("merged");
    const jobId = status?.trigger?.jobId ?? "";
    expect(status).not.toHaveProperty("configuration");
    await shows(jobId, { "job-parallelism": 1, "object-reuse-mode": true });
    expect(await get(`/jobs/${jobId}/checkpoints/config`)).toMatchObject({
      interval: 5_000,
      timeout: 88_000,
    });
    expect((await get(`/jobs/${jobId}`)).name).toBe("from the code");
    const seen = await task(out);
    expect(seen["state.checkpoints.dir"] ?? seen["execution.checkpointing.dir"]).toBe(checkpoints);
  });

  test("what the job's code overrides is listed, once its tasks have run for a while", async () => {
    const map = {
      "execution.checkpointing.interval": "77 s",
      "execution.checkpointing.timeout": "88 s",
      "execution.checkpointing.min-pause": "3 s",
      "pipeline.name": "from the map",
      "pipeline.object-reuse": true,
      "state.backend.type": "hashmap",
    };
    const code = "execution.checkpointing.interval=5 s;pipeline.object-reuse=false;parallelism.default=1";
    await apply("overriding", map, { parallelism: 2 }, ["--code", code, "--name", "from the code"]);
    const { status } = await world.until("overriding", ({ status }) => Boolean(status?.configuration));
    expect(status?.configuration).toEqual({
      overridden: [
        { key: "execution.checkpointing.interval", by: "user code" },
        { key: "parallelism.default", by: "user code" },
        { key: "pipeline.name", by: "user code" },
        { key: "pipeline.object-reuse", by: "user code" },
      ],
    });
    const event = await world.untilEvent("overriding", "ConfigurationIgnored");
    expect(event.note).toBe(
      "flinkConfiguration: the job's own code overrides execution.checkpointing.interval, parallelism.default, pipeline.name, pipeline.object-reuse.",
    );
    const jobId = status?.trigger?.jobId ?? "";
    await shows(jobId, { "job-parallelism": 1, "object-reuse-mode": false });
  });

  test("a value that Flink cannot read is named before anything is sent", async () => {
    await apply("unreadable", { "execution.checkpointing.interval": "often" });
    const { status } = await failed("unreadable");
    expect(status?.trigger).toMatchObject({
      sends: 0,
      failure: {
        reason: "InvalidConfiguration",
        message: expect.stringContaining('execution.checkpointing.interval: "often" must be a duration'),
      },
    });
  });

  test("an edit that would not be sent leaves the running job alone, and says so", async () => {
    await apply("edited", { "execution.checkpointing.interval": "10 s" });
    const { status: before } = await running("edited");
    await world.editJob("edited", { flinkConfiguration: { "execution.checkpointing.interval": "often" } });
    const refused = await world.until("edited", ({ status }) =>
      Boolean(
        status?.conditions?.some(
          ({ type, reason }) => type === "Stalled" && reason === "InvalidConfiguration",
        ),
      ),
    );
    expect(refused.status?.trigger).toMatchObject({
      id: "g1",
      jobId: before?.trigger?.jobId,
      state: "running",
    });
  });

  test("configurationPolicy: Reject", async () => {
    await apply("strict", { "jobmanager.rpc.port": 8081 }, { configurationPolicy: "Reject" });
    const { status } = await failed("strict");
    expect(status?.trigger).toMatchObject({ sends: 0, failure: { reason: "ConfigurationRejected" } });
    expect(status?.configuration).toEqual({
      ignored: [{ key: "jobmanager.rpc.port", reason: "ClusterOption" }],
    });
  });
});
