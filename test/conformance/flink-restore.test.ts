import { describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { around, differs, subjects } from "./flink-subjects.ts";
import { cause, newId, type RawFlink } from "./raw-flink.ts";

// What a job can be restored from, and what becomes of it.

const counter = "dev.flinkjob.examples.Counter";

describe.each(subjects())("$name", (subject) => {
  let flink: RawFlink;
  around(subject, (opened) => {
    flink = opened;
  });
  const { duplicate } = subject;

  /** A job with periodic checkpoints, cancelled; where its last one is, or was. */
  async function cancelled(
    flinkConfiguration: Record<string, string>,
  ): Promise<{ path: string; chk: number }> {
    const id = await flink.stream(newId(), { flinkConfiguration });
    await flink.checkpointed(id);
    await flink.cancel(id);
    await flink.reaches(id, "CANCELED");
    const { completed } = await flink.checkpointsAtEnd(id);
    expect(completed.discarded).toBe(
      !("execution.checkpointing.externalized-checkpoint-retention" in flinkConfiguration),
    );
    return { path: completed.external_path, chk: completed.id };
  }

  async function savepoint(id: string): Promise<string> {
    const triggerId = newId();
    await flink.post(`/jobs/${id}/savepoints`, { triggerId });
    return (await flink.operation(`/jobs/${id}/savepoints/${triggerId}`)).json.operation.location;
  }

  describe("a job can be restored from", () => {
    it("the last checkpoint of a cancelled one, if that was to be retained", async () => {
      const { path, chk } = await cancelled(flink.retained);
      const restored = await flink.stream(newId(), {
        savepointPath: path,
        flinkConfiguration: flink.checkpointing,
      });
      const { counts, latest } = (await flink.get(`/jobs/${restored}/checkpoints`)).json;
      expect(counts.restored).toBe(1);
      expect(latest.restored).toMatchObject({ external_path: path, id: chk, is_savepoint: true });
      expect((await flink.checkpointed(restored)).id).toBeGreaterThan(chk);
    });

    it("nothing otherwise", async () => {
      const { path } = await cancelled(flink.checkpointing);
      const id = newId();
      const reply = await flink.run(["stream"], { jobId: id, savepointPath: path });
      expect(reply.status).toBe(400);
      expect(cause(reply)).toContain(`Cannot find checkpoint or savepoint file/directory '${path}'`);
      // The JobID is burnt, however right the next request is.
      expect((await flink.job(id))?.state).toBe("FAILED");
      expect(cause(await flink.run(["stream"], { jobId: id }))).toContain(duplicate);
    });

    it("a savepoint as often as one likes, unless a job claims it", async () => {
      const path = await savepoint(await flink.stream());
      for (const claim of [{}, { restoreMode: "NO_CLAIM" }]) {
        const id = await flink.stream(newId(), { savepointPath: path, ...claim });
        await flink.cancel(id);
        await flink.reaches(id, "CANCELED");
      }
      const owner = await flink.stream(newId(), { savepointPath: path, restoreMode: "CLAIM" });
      await flink.cancel(owner);
      await flink.reaches(owner, "CANCELED");
      const again = await flink.run(["stream"], { savepointPath: path });
      expect(cause(again)).toContain(`Cannot find checkpoint or savepoint file/directory '${path}'`);
    });

    it("a savepoint of another program only with allowNonRestoredState", async () => {
      const savepointPath = await savepoint(await flink.stream());
      const id = newId();
      const body = { entryClass: counter, programArgsList: [], savepointPath };
      const reply = await flink.run([], { ...body, jobId: id });
      expect(reply.status).toBe(400);
      expect(cause(reply)).toContain(`Failed to rollback to checkpoint/savepoint ${savepointPath}.`);
      expect((await flink.job(id))?.state).toBe("FAILED");
      const other = newId();
      expect((await flink.run([], { ...body, jobId: other, allowNonRestoredState: true })).status).toBe(200);
      await flink.tasksRun(other);
      await flink.cancel(other);
    });
  });

  describe("the claim mode", () => {
    it.each(["CLAIM", "NO_CLAIM", "LEGACY"])("can be %s, as restoreMode", async (restoreMode) => {
      const savepointPath = await savepoint(await flink.stream());
      const reply = await flink.run(["stream"], { savepointPath, restoreMode });
      expect(reply.status).toBe(200);
    });

    it("may be called claimMode from 1.20 on", async ({ task }) => {
      const reply = await flink.run(["batch"], { claimMode: "NO_CLAIM" });
      expect(reply.status).toBe(subject.since("1.20") ? 200 : 400);
      if (!subject.since("1.20")) {
        expect(cause(reply)).toContain('Unrecognized field "claimMode"');
        differs(task, "400");
      }
    });

    it("must be one of three", async () => {
      const reply = await flink.run(["stream"], { restoreMode: "FOO" });
      expect(reply.status).toBe(400);
      expect(reply.text).toContain("Request did not match expected format JarRunRequestBody.");
      expect(reply.text).toContain("InvalidFormatException");
    });
  });

  describe("checkpoints", () => {
    it("can be triggered, once per trigger ID", async () => {
      const id = await flink.stream();
      const triggerId = newId();
      const reply = await flink.post(`/jobs/${id}/checkpoints`, { triggerId });
      expect(reply).toMatchObject({ status: 202, json: { "request-id": triggerId } });
      const path = `/jobs/${id}/checkpoints/${triggerId}`;
      const { checkpointId } = (await flink.operation(path)).json.operation;
      expect(checkpointId).toBeGreaterThan(0);
      await flink.post(`/jobs/${id}/checkpoints`, { triggerId });
      expect((await flink.operation(path)).json.operation.checkpointId).toBe(checkpointId);
    });

    it("are taken in the interval of the job's own configuration, and the old ones deleted", async () => {
      const id = await flink.stream(newId(), { flinkConfiguration: flink.checkpointing });
      const latest = await flink.checkpointed(id, 3);
      expect(latest).toMatchObject({
        status: "COMPLETED",
        is_savepoint: false,
        checkpoint_type: "CHECKPOINT",
      });
      expect(latest.external_path).toMatch(new RegExp(`^file:.*/${id}/chk-\\d+$`));
      const { history } = (await flink.get(`/jobs/${id}/checkpoints`)).json;
      const ids = history.map((row: { id: number }) => row.id);
      expect(ids).toEqual([...ids].sort((a, b) => b - a));
      const old = history.find((row: { id: number }) => row.id === latest.id - 2);
      expect(old).toMatchObject({ status: "COMPLETED", discarded: true });
    });

    it("are what a restarted job goes on from", async () => {
      const id = newId();
      const flinkConfiguration = { ...flink.checkpointing, ...flink.fixedDelay("100 ms", 100) };
      expect((await flink.run(["fail", "--delay", "200"], { jobId: id, flinkConfiguration })).status).toBe(
        200,
      );
      const { latest } = await eventually(async () => {
        const { json } = await flink.get(`/jobs/${id}/checkpoints`);
        return json.counts.restored > 0 && json;
      });
      expect(latest.restored).toMatchObject({ is_savepoint: false });
      expect(latest.restored.external_path).toMatch(/\/chk-\d+$/);
    });
  });
});
