import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { FlinkGate } from "../support/flink-gate.ts";
import { flinkTargets } from "../support/flink-target.ts";
import { JarServer } from "../support/jar-server.ts";
import type { Operator } from "../support/operator.ts";
import { scenario, World } from "../support/world.ts";
import { versionOf } from "./flink-subjects.ts";
import { newId, RawFlink } from "./raw-flink.ts";

// The operator as a process on a real Flink of each minor version (npm run test:conformance). On the newest two the
// end-to-end tests look closer.

describe.each(flinkTargets())("real $version", ({ version, url, jobsJar }) => {
  describe("the operator", () => {
    let world: World;
    let gate: FlinkGate;
    let jars: JarServer;
    let flink: RawFlink;
    let operator: Operator;

    beforeAll(async () => {
      world = await World.open("minor");
      gate = await new FlinkGate(url).open();
      jars = await JarServer.start(jobsJar);
      flink = new RawFlink(url, await readFile(jobsJar));
      world.onClose(() => gate.close());
      world.onClose(() => jars.close());
      operator = await world.operator("--submission-backoff", "1s");
    });
    afterAll(() => world.close());

    const create = (name: string, args: readonly string[], more: object = {}) =>
      world.createJob(name, {
        cluster: { url: gate.url },
        ...scenario([...args, "--trace", world.trace(name).file], { uri: jars.uri() }),
        ...more,
      });

    test("runs a job, once, and says so when its tasks run", async () => {
      await create("stream", ["stream"]);
      const { status } = await world.untilReason("stream", "TasksRunning");
      expect(status?.trigger).toMatchObject({ state: "running", sends: 1 });
      expect(status?.trigger?.sentTo?.flinkVersion).toBe(versionOf(version).release);
      expect(await world.trace("stream").mains()).toBe(1);
    });

    test("sees a job to its end", async () => {
      await create("batch", ["batch"]);
      await world.until("batch", ({ status }) => status?.trigger?.state === "finished");
    });

    test("adopts a job whose answer is lost: main() runs once", async () => {
      gate.loses = ({ method, path }) => method === "POST" && /\/run(-application)?$/.test(path);
      await create("lost-answer", ["stream"]);
      await world.untilReason("lost-answer", "TasksRunning");
      gate.loses = () => false;
      expect(await world.trace("lost-answer").mains()).toBe(1);
    });

    test("waits for a main() of which nothing but the thread dump tells, over a kill -9 of its own", async () => {
      await create("slow", ["stream", "--sleep", "4000"]);
      await eventually(async () => (await world.trace("slow").mains()) === 1, 10_000);
      await operator.restart();
      await world.untilReason("slow", "TasksRunning");
      expect(await world.trace("slow").mains()).toBe(1);
    });

    test("tells a class that is not in the JAR", async () => {
      await create("wrong-class", ["stream"], { entryClass: "com.acme.Nowhere" });
      const { status } = await world.until(
        "wrong-class",
        ({ status }) => status?.trigger?.state === "failed",
      );
      expect(status?.trigger).toMatchObject({ reason: "EntryClassNotFound" });
    });

    test("tells what main() threw", async () => {
      await create("throws", ["throw", "--message", "no such topic"]);
      const { status } = await world.until("throws", ({ status }) => status?.trigger?.state === "failed");
      expect(status?.trigger?.failure).toMatchObject({
        reason: "MainFailed",
        message: expect.stringMatching(/IllegalStateException: no such topic$/),
      });
    });

    test("tells what a task threw", async () => {
      await create("fails", ["fail", "--message", "bad record"]);
      const { status } = await world.until("fails", ({ status }) => status?.trigger?.state === "failed");
      expect(status?.trigger?.failure).toMatchObject({
        reason: "JobFailed",
        message: expect.stringContaining("bad record"),
      });
    });

    test("restores a savepoint and claims it", async () => {
      const id = await flink.stream();
      const triggerId = newId();
      await flink.post(`/jobs/${id}/stop`, { triggerId });
      const { location } = (await flink.operation(`/jobs/${id}/savepoints/${triggerId}`)).json.operation;
      const claim = { savepointPath: location, claimMode: "CLAIM" };
      await create("restored", ["stream"], claim);
      const { status } = await world.untilReason("restored", "TasksRunning");
      const jobId = status?.trigger?.jobId;
      const { latest } = (await flink.get(`/jobs/${jobId}/checkpoints`)).json;
      expect(latest.restored).toMatchObject({ external_path: location });
    });

    test("cancels a job when its FlinkJob is deleted", async () => {
      await create("deleted", ["stream"]);
      const { status } = await world.untilReason("deleted", "TasksRunning");
      await world.deleteJob("deleted");
      await world.untilGone("deleted");
      expect((await flink.job(String(status?.trigger?.jobId)))?.state).toBe("CANCELED");
    });

    test("without HA: a job that died with its JobManager is told, and run again only where that is wished", async () => {
      const mortal = await world.flink({ version });
      const cluster = { url: mortal.url };
      await create("dies", ["stream"], { cluster });
      await create("again", ["stream"], { cluster, lostPolicy: "Resubmit" });
      for (const name of ["dies", "again"]) await world.untilReason(name, "TasksRunning");
      await mortal.killJobManager();
      await mortal.startJobManager();
      const { status } = await world.until("dies", ({ status }) => status?.trigger?.state === "failed");
      expect(status?.trigger).toMatchObject({ reason: "JobLost" });
      expect(await world.trace("dies").mains()).toBe(1);
      const attempt = await world.until("again", ({ status }) => status?.trigger?.attempt === 2);
      expect(attempt.status?.trigger?.id).toBe("g1");
      await eventually(async () => (await world.trace("again").mains()) === 2);
    });
  });
});
