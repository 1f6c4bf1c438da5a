import { afterEach, describe, expect, it } from "vitest";
import { type ClusterClient, ClusterDescriptor, type JobClient } from "../../src/flink/library.ts";
import { eventually } from "../support/eventually.ts";
import { scenarioClass } from "../support/fake-flink/index.ts";
import { type MortalCluster, mortalSubjects } from "./mortal-clusters.ts";

// Who waits with a client of ours while the JobManager is killed, of real Flinks and of the fake.

const limitMs = 60_000;

describe.each(mortalSubjects())("$name", (subject) => {
  describe("a client whose JobManager dies", () => {
    const open: { close(): Promise<void> }[] = [];

    afterEach(async () => {
      for (const each of open.splice(0).reverse()) await each.close();
    });

    async function running(ha: boolean): Promise<{ mortal: MortalCluster; job: JobClient }> {
      const mortal = await subject.open({ ha });
      open.push(mortal);
      const cluster: ClusterClient = await new ClusterDescriptor().retrieve({ url: mortal.flink.url });
      open.push(cluster);
      const jar = { id: await mortal.flink.jarId() };
      const flinkConfiguration = { "execution.checkpointing.interval": "300 ms" };
      const args = ["stream", "--name", `${mortal.flink.tag}-stream`];
      const job = await cluster.submit({ jar, entryClass: scenarioClass, args, flinkConfiguration });
      await mortal.flink.tasksRun(job.jobId);
      return { mortal, job };
    }

    it("with HA the wait goes on, and a savepoint asked for meanwhile is taken", async () => {
      const { mortal, job } = await running(true);
      const before = await eventually(async () => (await job.getCheckpoints()).newest ?? false, limitMs);
      const states: string[] = [];
      const watching = (async () => {
        for await (const { state } of job.statusChanges({ timeoutMs: limitMs })) states.push(state);
      })();
      const result = job.getJobResult({ timeoutMs: limitMs });
      await eventually(() => states.includes("RUNNING"));
      await mortal.kill();
      const savepoint = job.triggerSavepoint({ directory: mortal.flink.directory, timeoutMs: limitMs });
      await mortal.start();

      expect(await savepoint).toContain(`/savepoint-${job.jobId.slice(0, 6)}-`);
      const { restored, newestSavepoint } = await eventually(async () => {
        const seen = await job.getCheckpoints();
        return seen.newestSavepoint !== undefined && seen;
      }, limitMs);
      expect(restored?.id).toBeGreaterThanOrEqual(before.id);
      // The IDs go on where the JobManager before stopped.
      expect(newestSavepoint?.id).toBeGreaterThan(restored?.id ?? 0);
      const stopped = await job.stop({ directory: mortal.flink.directory, timeoutMs: limitMs });
      expect(stopped).not.toBe(await savepoint);
      expect((await result).jobId).toBe(job.jobId);
      await watching;
      expect(states.at(-1)).toBe("FINISHED");
    });

    it("without HA the job is gone, and whoever waits is told so", async () => {
      const { mortal, job } = await running(false);
      const result = job.getJobResult({ timeoutMs: limitMs }).catch((error: unknown) => error);
      await mortal.kill();
      await mortal.start();
      expect(await result).toMatchObject({ code: "JobNotFound", jobId: job.jobId });
    });
  });
});
