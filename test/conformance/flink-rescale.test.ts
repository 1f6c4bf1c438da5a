import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { JarSource } from "../../src/flink/jars/jar-source.ts";
import { RemoteJobManager } from "../../src/flink/remote-job-manager.ts";
import { Destinations } from "../../src/flink/rest/destinations.ts";
import { eventually } from "../support/eventually.ts";
import { differs } from "./flink-subjects.ts";
import { type MortalCluster, mortalSubjects } from "./mortal-clusters.ts";
import { cause, newId, type RawFlink } from "./raw-flink.ts";

// What becomes of a job whose parallelism is changed while it runs: asked of real adaptive clusters, and of our fake.

const limitMs = 30_000;
/** Of the one vertex that a stream has. */
const vertex = "8e438e001276993a86ff80dcf02e0237";
const bounds = (lower: number, upper: number, id = vertex) => ({
  [id]: { parallelism: { lowerBound: lower, upperBound: upper } },
});
/** Flink waits for 30 s after each start of the tasks, and for 10 s or a minute where slots are missing. Not here. */
const scheduler = "jobmanager.adaptive-scheduler";
const configuration = {
  "jobmanager.scheduler": "adaptive",
  [`${scheduler}.scaling-interval.min`]: "0 ms",
  [`${scheduler}.executing.cooldown-after-rescaling`]: "0 ms",
  [`${scheduler}.resource-stabilization-timeout`]: "500 ms",
  [`${scheduler}.submission.resource-stabilization-timeout`]: "500 ms",
  [`${scheduler}.executing.resource-stabilization-timeout`]: "500 ms",
  "metrics.fetcher.update-interval": "500",
};

describe.each(mortalSubjects().filter(({ since }) => since("1.18")))("$name", (subject) => {
  describe("jobs of the adaptive scheduler", () => {
    let cluster: MortalCluster;
    let flink: RawFlink;
    beforeAll(async () => {
      cluster = await subject.open({ ha: true, refreshIntervalMs: 500, configuration });
      flink = cluster.flink;
    });
    afterEach(() => flink.clean());
    afterAll(() => cluster?.close());

    const path = (id: string) => `/jobs/${id}/resource-requirements`;
    const read = async (id: string) => (await flink.get(path(id))).json;
    const require = (id: string, body: object) => flink.call("PUT", path(id), body);
    const checkpointed = { flinkConfiguration: { "execution.checkpointing.interval": "150 ms" } };

    /** Waits until the job runs with so many tasks. */
    const runsWith = (id: string, tasks: number) =>
      eventually(async () => {
        const { state, tasks: seen } = (await flink.job(id)) ?? {};
        // A source whose only split is taken ends the tasks that get none.
        const settled = (seen?.running ?? 0) + (seen?.finished ?? 0);
        if (state !== "RUNNING" || seen?.total !== tasks || settled !== tasks) {
          throw new Error(`not ${tasks} tasks: ${state} ${JSON.stringify(seen)}`);
        }
      }, limitMs);

    /** Told from a cache that is a little behind. */
    const details = (id: string, parallelism: number) =>
      eventually(async () => {
        const { json } = await flink.get(`/jobs/${id}`);
        return json.vertices[0]?.parallelism === parallelism && json.state === "RUNNING" && json;
      }, limitMs);

    const restored = (id: string) =>
      eventually(async () => {
        const { latest } = (await flink.get(`/jobs/${id}/checkpoints`)).json;
        return (latest.restored ?? false) as false | { id: number; restore_timestamp: number };
      }, limitMs);

    const freeSlots = (count: number) =>
      eventually(async () => (await flink.get("/overview")).json["slots-available"] === count, limitMs);

    const restarts = async (id: string) => {
      const { json } = await flink.get(`/jobs/${id}/metrics?get=numRestarts`);
      return (json as { value: string }[])[0]?.value;
    };

    it("ask for one task at least and their parallelism at most, until somebody asks for something else", async () => {
      const id = await flink.stream();
      expect(await read(id)).toEqual(bounds(1, 1));
      const refusals: [object, string][] = [
        [
          bounds(1, 129),
          `The newly requested parallelism 129 for the job vertex ${vertex} exceeds its maximum`,
        ],
        [
          bounds(3, 2),
          `The requested lower bound [3] for job vertex [${vertex}] is higher than the upper bound`,
        ],
        [bounds(0, 0), "Both, the requested lower bound [0] and upper bound [0] for job vertex"],
        [
          { ...bounds(1, 2), ...bounds(1, 2, "f".repeat(32)) },
          `Job vertex [${"f".repeat(32)}] was not found`,
        ],
        [{}, "Request body does not specify resource requirements."],
        [{ source: {} }, "Request did not match expected format JobResourceRequirementsBody."],
      ];
      for (const [body, why] of refusals) {
        const reply = await require(id, body);
        expect([reply.status, reply.text]).toEqual([400, expect.stringContaining(why)]);
      }
      expect(await read(id)).toEqual(bounds(1, 1));
      // More than there are slots for is taken, and helps nothing.
      expect(await require(id, bounds(5, 8))).toMatchObject({ status: 200, json: {} });
      expect(await read(id)).toEqual(bounds(5, 8));
      await runsWith(id, 1);

      await flink.cancel(id);
      await flink.reaches(id, "CANCELED");
      for (const gone of [id, newId()]) {
        // Its JobMaster outlives it by a moment.
        await eventually(async () => (await flink.get(path(gone))).status === 500);
        for (const reply of [await flink.get(path(gone)), await require(gone, bounds(1, 1))]) {
          expect([reply.status, cause(reply)]).toEqual([
            500,
            `org.apache.flink.runtime.messages.FlinkJobNotFoundException: Could not find Flink job (${gone})`,
          ]);
        }
      }
    });

    it("go on with another number of tasks, from a checkpoint, as the same job", async () => {
      const id = await flink.stream(newId(), checkpointed);
      await flink.checkpointed(id);
      const before = (await flink.get(`/jobs/${id}`)).json;
      expect(await eventually(async () => (await restarts(id)) ?? false)).toBe("0");
      // Those of earlier jobs come back a moment later; with two of three it would be scaled twice.
      await freeSlots(3);
      expect((await require(id, bounds(1, 3))).status).toBe(200);
      await runsWith(id, 3);

      const seen = await details(id, 3);
      expect(seen["start-time"]).toBe(before["start-time"]);
      expect(seen.plan.nodes[0].parallelism).toBe(3);
      expect((await flink.get(`/jobs/${id}/config`)).json["execution-config"]["job-parallelism"]).toBe(1);
      expect(await restored(id)).toMatchObject({ is_savepoint: false });
      // It counts as a restart, and is no failure.
      await eventually(async () => (await restarts(id)) === "1", limitMs);
      expect((await flink.get(`/jobs/${id}/exceptions`)).json.exceptionHistory.entries).toEqual([]);

      // The same again changes nothing.
      expect((await require(id, bounds(1, 3))).status).toBe(200);
      expect((await require(id, bounds(1, 2))).status).toBe(200);
      await runsWith(id, 2);
      await eventually(async () => (await restarts(id)) === "2", limitMs);
    });

    it("wait for a checkpoint, and then go on with what was asked for", async ({ task }) => {
      const take = async (id: string) => {
        const triggerId = newId();
        await flink.post(`/jobs/${id}/checkpoints`, { triggerId });
        return (await flink.operation(`/jobs/${id}/checkpoints/${triggerId}`)).json.operation.checkpointId;
      };
      const seldom = { flinkConfiguration: { "execution.checkpointing.interval": "10 min" } };
      const id = await flink.stream(newId(), seldom);
      const first = await take(id);
      expect((await require(id, bounds(1, 2))).status).toBe(200);
      if (subject.since("2.0")) {
        expect(await flink.job(id)).toMatchObject({ state: "RUNNING", tasks: { total: 1, running: 1 } });
        // One that is complete before the job has its second slot changes nothing.
        await eventually(async () => {
          if ((await flink.job(id))?.tasks.total === 2) return true;
          await take(id);
          return false;
        }, limitMs);
        await runsWith(id, 2);
        expect((await restored(id)).id).toBeGreaterThan(first);
      } else {
        differs(task, "take the last one");
        await runsWith(id, 2);
        expect(await restored(id)).toMatchObject({ id: first });
      }
    });

    it("without checkpoints begin anew", async () => {
      const id = await flink.stream();
      expect((await require(id, bounds(1, 2))).status).toBe(200);
      await runsWith(id, 2);
      expect((await flink.get(`/jobs/${id}/checkpoints`)).json.counts.restored).toBe(0);
    });

    it("run with the slots that there are, and with more as soon as there are more", async ({ task }) => {
      if (!subject.since("2.0")) differs(task, "stop meanwhile");
      const other = await flink.stream(newId(), { parallelism: 2 });
      const id = await flink.stream(newId(), checkpointed);
      await flink.checkpointed(id);
      const asked = Date.now();
      expect((await require(id, bounds(1, 4))).status).toBe(200);
      await runsWith(id, 2);
      expect(await read(id)).toEqual(bounds(1, 4));
      if (!subject.since("2.0")) {
        const latest = await restored(id);
        expect(latest.restore_timestamp - asked).toBeGreaterThanOrEqual(450);
      }
      await flink.cancel(other);
      await runsWith(id, 4);
    });

    it("keep what was asked for when their JobManager dies", async () => {
      const ids = [await flink.stream(newId(), checkpointed)];
      if (subject.applications) {
        const applicationId = newId();
        await flink.runApplication(["stream"], { applicationId, jobId: applicationId, ...checkpointed });
        await eventually(async () => (await flink.job(applicationId))?.state === "RUNNING", limitMs);
        ids.push(applicationId);
      }
      for (const id of ids) {
        expect((await require(id, bounds(1, 2))).status).toBe(200);
        await runsWith(id, 2);
        await flink.checkpointed(id);
      }
      await cluster.kill();
      await cluster.start();
      for (const id of ids) {
        await eventually(async () => (await flink.get(path(id))).status === 200, limitMs);
        expect(await read(id)).toEqual(bounds(1, 2));
        await runsWith(id, 2);
      }
    });

    it("are not those that process batches", async () => {
      const jobId = newId();
      const flinkConfiguration = { "execution.runtime-mode": "BATCH" };
      const endless = ["batch", "--elements", "100000", "--delay", "100"];
      expect((await flink.run(endless, { jobId, flinkConfiguration })).status).toBe(200);
      await flink.tasksRun(jobId);
      for (const reply of [await flink.get(path(jobId)), await require(jobId, bounds(1, 2))]) {
        expect([reply.status, cause(reply)]).toEqual([
          500,
          expect.stringMatching(
            /^java\.lang\.UnsupportedOperationException: The AdaptiveBatchScheduler does not/,
          ),
        ]);
      }
    });

    it("are scaled by the operator's own client", async () => {
      const destinations = new Destinations({ loopback: true });
      const jarSource = new JarSource({ destinations });
      const limits = { longestJar: 1, jarTimeoutMs: 1 };
      const manager = new RemoteJobManager({ url: flink.url, destinations, jarSource, ...limits });
      const signal = AbortSignal.timeout(limitMs);
      try {
        expect(await manager.describe(signal)).toMatchObject({ supportsRescaling: true });
        const id = await flink.stream(newId(), checkpointed);
        expect(await manager.snapshots(id, signal)).toMatchObject({ intervalMs: 150 });
        const wanted = new Map([[vertex, { lower: 1, upper: 2 }]]);
        expect(await manager.requireResources(id, wanted, signal)).toBe("taken");
        expect(await manager.resourceRequirements(id, signal)).toEqual(wanted);
        await runsWith(id, 2);
        const tooMuch = new Map([[vertex, { lower: 1, upper: 129 }]]);
        expect(await manager.requireResources(id, tooMuch, signal)).toEqual({
          refused: `The newly requested parallelism 129 for the job vertex ${vertex} exceeds its maximum parallelism 128.`,
        });
        const foreign = new Map([["f".repeat(32), { lower: 1, upper: 2 }]]);
        await expect(manager.requireResources(id, foreign, signal)).rejects.toMatchObject({
          code: "Unavailable",
        });
        expect(await manager.resourceRequirements(newId(), signal)).toBeUndefined();
        await expect(manager.requireResources(newId(), wanted, signal)).rejects.toMatchObject({
          code: "NotFound",
        });
      } finally {
        await manager.close();
        await jarSource.close();
      }
    });
  });
});
