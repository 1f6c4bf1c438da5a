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

// The catalogue's scopes against real Flinks: what a job's own options do, and that the cluster's do nothing.

/** Option of the job, a value that is not its default, and where its effect is seen. */
const effective: Record<string, [value: string, seen: (shown: Shown) => unknown, want: unknown]> = {
  "parallelism.default": ["2", ({ main }) => main["config.parallelism"], "2"],
  "pipeline.name": ["from the map", ({ job }) => job.name, "from the map"],
  "pipeline.object-reuse": ["true", ({ config }) => config["object-reuse-mode"], true],
  "pipeline.global-job-parameters": [
    "topic:orders,limit:5",
    ({ config }) => config["user-config"],
    { topic: "orders", limit: "5" },
  ],
  "pipeline.operator-chaining.enabled": ["false", ({ job }) => job.vertices.length, 2],
  "pipeline.max-parallelism": [
    "77",
    ({ job }) => job.vertices.map(({ maxParallelism }) => maxParallelism),
    [77, 77],
  ],
  "pipeline.vertex-name-include-index-prefix": [
    "true",
    ({ job }) => job.vertices[1]?.name,
    "[vertex-1]teller",
  ],
  "pipeline.auto-watermark-interval": ["9 s", ({ main }) => main["config.autoWatermarkInterval"], "9000"],
  "pipeline.closure-cleaner-level": ["NONE", ({ main }) => main["config.closureCleanerLevel"], "NONE"],
  "execution.buffer-timeout.interval": ["123 ms", ({ main }) => main["config.bufferTimeout"], "123"],
  "metrics.latency.interval": ["4000", ({ main }) => main["config.latencyTrackingInterval"], "4000"],
  "task.cancellation.interval": ["6000", ({ main }) => main["config.taskCancellationInterval"], "6000"],
  "task.cancellation.timeout": ["8000", ({ main }) => main["config.taskCancellationTimeout"], "8000"],
  "execution.checkpointing.snapshot-compression": [
    "true",
    ({ main }) => main["config.snapshotCompression"],
    "true",
  ],
  "execution.checkpointing.interval": ["7 s", ({ checkpoints }) => checkpoints.interval, 7_000],
  "execution.checkpointing.mode": ["AT_LEAST_ONCE", ({ checkpoints }) => checkpoints.mode, "at_least_once"],
  "execution.checkpointing.timeout": ["77 s", ({ checkpoints }) => checkpoints.timeout, 77_000],
  "execution.checkpointing.min-pause": ["3 s", ({ checkpoints }) => checkpoints.min_pause, 3_000],
  "execution.checkpointing.max-concurrent-checkpoints": [
    "1",
    ({ checkpoints }) => checkpoints.max_concurrent,
    1,
  ],
  "execution.checkpointing.tolerable-failed-checkpoints": [
    "5",
    ({ checkpoints }) => checkpoints.tolerable_failed_checkpoints,
    5,
  ],
  "execution.checkpointing.externalized-checkpoint-retention": [
    "RETAIN_ON_CANCELLATION",
    ({ checkpoints }) => checkpoints.externalization,
    { enabled: true, delete_on_cancellation: false },
  ],
  "execution.checkpointing.checkpoints-after-tasks-finish": [
    "false",
    ({ checkpoints }) => checkpoints.checkpoints_after_tasks_finish,
    false,
  ],
  "execution.checkpointing.storage": [
    "filesystem",
    ({ checkpoints }) => checkpoints.checkpoint_storage,
    "FileSystemCheckpointStorage",
  ],
};

/** What makes main() or the job fail, because it is read; with the words of Flink. */
const failing: Record<string, [value: string, args: string[], want: RegExp]> = {
  "execution.job-listeners": ["no.such.Listener", [], /no\.such\.Listener/],
  "execution.program-config.enabled": ["false", ["--interval", "100"], /Not allowed configuration change/],
  "execution.state-recovery.path": ["file:///no/such", [], /file:\/\/\/no\/such/],
  "state.backend.type": ["no.such.Backend", ["--interval", "100"], /no\.such\.Backend/],
  "state.changelog.enabled": ["true", ["--interval", "100"], /[cC]hangelog/],
  "restart-strategy.type": ["no.such.Strategy", [], /no\.such\.strategy/i],
  "execution.runtime-mode": ["no.such.Mode", [], /no\.such\.Mode/],
  "pipeline.cached-files": ["nonsense", [], /key-value pair|out of bounds/],
  "client.timeout": ["often", [], /client\.timeout/],
};

/** Options of the cluster, each with a value that would be noticed. */
const ineffective: Record<string, string> = {
  "jobmanager.rpc.address": "no.such.host",
  "jobmanager.rpc.port": "1234",
  "jobmanager.scheduler": "Adaptive",
  "jobmanager.execution.failover-strategy": "full",
  "taskmanager.numberOfTaskSlots": "3",
  "taskmanager.memory.segment-size": "64 kb",
  "taskmanager.network.memory.buffer-debloat.enabled": "true",
  "taskmanager.host": "no.such.host",
  "task.cancellation.timers.timeout": "1 ms",
  "rest.port": "1",
  "rest.address": "no.such.host",
  "blob.server.port": "1",
  "web.upload.dir": "/no/such",
  "web.checkpoints.history": "1",
  "heartbeat.interval": "1 ms",
  "heartbeat.timeout": "2 ms",
  "slot.request.timeout": "1 ms",
  "slotmanager.number-of-slots.max": "1",
  "io.tmp.dirs": "/no/such",
  "high-availability.type": "no.such.Services",
  "execution.checkpointing.num-retained": "3",
  "execution.state-recovery.from-local": "true",
  "execution.batch.speculative.enabled": "true",
  "pipeline.watermark-alignment.allow-unaligned-source-splits": "true",
  "state.changelog.storage": "no.such.Storage",
  "cluster.io-pool.size": "1",
  "metrics.reporters": "nobody",
  "metrics.reporter.nobody.factory.class": "no.such.Reporter",
  "kubernetes.cluster-id": "other",
  "s3.access-key": "nobody",
};

type Properties = Record<string, string>;
interface Shown {
  main: Properties;
  config: Record<string, unknown>;
  checkpoints: Record<string, unknown>;
  job: { name: string; vertices: { name: string; maxParallelism: number }[] };
}

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
