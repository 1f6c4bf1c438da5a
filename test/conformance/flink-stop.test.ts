import { describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { around, subjects } from "./flink-subjects.ts";
import { newId, type RawFlink } from "./raw-flink.ts";

// POST /jobs/:jobid/stop: a job is suspended with a savepoint.

describe.each(subjects())("$name", (subject) => {
  let flink: RawFlink;
  around(subject, (opened) => {
    flink = opened;
  });

  const outcome = async (id: string, triggerId: string) =>
    (await flink.operation(`/jobs/${id}/savepoints/${triggerId}`)).json.operation;

  describe("POST /jobs/:jobid/stop", () => {
    it.each([false, true])("lets the job finish with a savepoint (drain %s), once", async (drain) => {
      const id = await flink.stream();
      const triggerId = newId();
      const body = { triggerId, drain, targetDirectory: flink.directory };
      expect(await flink.post(`/jobs/${id}/stop`, body)).toMatchObject({
        status: 202,
        json: { "request-id": triggerId },
      });
      await flink.reaches(id, "FINISHED");
      const { location } = await outcome(id, triggerId);
      expect(location).toMatch(new RegExp(`^${flink.directory}/savepoint-${id.slice(0, 6)}-[0-9a-f]{12}$`));
      expect((await flink.post(`/jobs/${id}/stop`, body)).status).toBe(202);
      expect(await outcome(id, triggerId)).toEqual({ location });
      const { latest } = (await flink.get(`/jobs/${id}/checkpoints`)).json;
      // So the path is told twice, and the second place forgets it later.
      expect(latest.savepoint).toMatchObject({
        ...{ external_path: location, checkpoint_type: "SYNC_SAVEPOINT", discarded: false },
      });
      const result = (await flink.get(`/jobs/${id}/execution-result`)).json["job-execution-result"];
      expect(result["application-status"]).toBe("SUCCEEDED");
    });

    it("goes on from where it stopped when the savepoint is named", async () => {
      const id = await flink.stream();
      const triggerId = newId();
      await flink.post(`/jobs/${id}/stop`, { triggerId });
      const { location } = await outcome(id, triggerId);
      await flink.reaches(id, "FINISHED");
      const next = await flink.stream(newId(), { savepointPath: location });
      const { counts, latest } = (await flink.get(`/jobs/${next}/checkpoints`)).json;
      expect(counts.restored).toBe(1);
      expect(latest.restored).toMatchObject({ external_path: location, is_savepoint: true });
    });

    it.each(["FINISHED", "CANCELED"])("of a job that is %s fails, whatever the answer", async (state) => {
      const id = state === "FINISHED" ? await flink.batch() : await flink.stream();
      if (state === "CANCELED") await flink.cancel(id);
      await flink.reaches(id, state);
      // Its JobMaster is there for a moment yet, and says something else.
      await eventually(async () => {
        const triggerId = newId();
        expect((await flink.post(`/jobs/${id}/stop`, { triggerId })).status).toBe(202);
        expect((await outcome(id, triggerId))["failure-cause"]["stack-trace"]).toContain(
          `FlinkJobNotFoundException: Could not find Flink job (${id})`,
        );
      });
      expect((await flink.job(id))?.state).toBe(state);
    });

    it("fails while tasks do not run, and the job goes on restarting", async () => {
      const id = await flink.restarting();
      const triggerId = newId();
      await flink.post(`/jobs/${id}/stop`, { triggerId });
      expect((await outcome(id, triggerId))["failure-cause"]["stack-trace"]).toContain(
        "Not all required tasks are currently running.",
      );
      expect((await flink.job(id))?.state).toBe("RESTARTING");
    });

    it("leaves of the periodic checkpoints nothing but their names", async () => {
      const id = await flink.stream(newId(), { flinkConfiguration: flink.checkpointing });
      await flink.checkpointed(id);
      const triggerId = newId();
      await flink.post(`/jobs/${id}/stop`, { triggerId });
      await flink.reaches(id, "FINISHED");
      await outcome(id, triggerId);
      const { completed } = await flink.checkpointsAtEnd(id);
      expect(completed.discarded).toBe(true);
      const reply = await flink.run(["stream"], { savepointPath: completed.external_path });
      expect(reply.text).toContain("FileNotFoundException: Cannot find checkpoint or savepoint");
    });
  });
});
