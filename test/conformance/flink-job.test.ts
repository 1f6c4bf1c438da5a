import { describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { around, subjects } from "./flink-subjects.ts";
import { cause, newId, type RawFlink } from "./raw-flink.ts";

// A job as the REST endpoint shows it.

describe.each(subjects())("$name", (subject) => {
  let flink: RawFlink;
  around(subject, (opened) => {
    flink = opened;
  });

  describe("a job", () => {
    it("that finishes says so everywhere", async () => {
      const id = await flink.batch();
      expect((await flink.get(`/jobs/${id}/status`)).json).toEqual({ status: "FINISHED" });
      const listed = (await flink.get("/jobs")).json.jobs as { id: string; status: string }[];
      expect(listed.find((job) => job.id === id)?.status).toBe("FINISHED");
      const result = (await flink.get(`/jobs/${id}/execution-result`)).json;
      expect(result).toMatchObject({
        status: { id: "COMPLETED" },
        "job-execution-result": { id, "application-status": "SUCCEEDED" },
      });
      const { json } = await flink.get(`/jobs/${id}/accumulators`);
      expect(json["user-task-accumulators"]).toEqual([
        { name: "elements", type: "LongCounter", value: "100" },
      ]);
    });

    it("whose task throws is accepted and FAILED afterwards", async () => {
      const id = newId();
      expect((await flink.run(["fail", "--message", "task says no"], { jobId: id })).status).toBe(200);
      expect((await flink.reaches(id, "FAILED")).tasks.failed).toBe(1);
      const { entries } = (await flink.get(`/jobs/${id}/exceptions`)).json.exceptionHistory;
      expect(entries[0].exceptionName).toBe("org.apache.flink.runtime.JobException");
      expect(entries[0].stacktrace).toContain("Caused by: java.lang.IllegalStateException: task says no");
      const result = (await flink.get(`/jobs/${id}/execution-result`)).json["job-execution-result"];
      expect(result["application-status"]).toBe("FAILED");
      expect(result["failure-cause"]["stack-trace"]).toContain("task says no");
    });

    it("is RESTARTING between a failure and the next try", async () => {
      const id = newId();
      const flinkConfiguration = flink.fixedDelay("1500 ms", 1);
      expect((await flink.run(["fail"], { jobId: id, flinkConfiguration })).status).toBe(200);
      expect((await flink.reaches(id, "RESTARTING")).tasks.failed).toBe(1);
      await flink.reaches(id, "FAILED");
    });

    it("tells what its tasks threw before each restart, the latest first", async () => {
      const id = newId();
      const flinkConfiguration = flink.fixedDelay("50 ms", 2);
      const args = ["fail", "--message", "again and again"];
      expect((await flink.run(args, { jobId: id, flinkConfiguration })).status).toBe(200);
      await flink.reaches(id, "FAILED");
      const { entries, truncated } = (await flink.get(`/jobs/${id}/exceptions`)).json.exceptionHistory;
      const names = entries.map((entry: { exceptionName: string }) => entry.exceptionName);
      const [last, user] = ["org.apache.flink.runtime.JobException", "java.lang.IllegalStateException"];
      expect([names, truncated]).toEqual([[last, user, user], false]);
      expect(entries[0].stacktrace).toContain("Recovery is suppressed by ");
      expect(entries[0].concurrentExceptions).toMatchObject([{ exceptionName: user }]);
      expect(entries[1].stacktrace).toContain(`${user}: again and again`);
      const one = (await flink.get(`/jobs/${id}/exceptions?maxExceptions=1`)).json.exceptionHistory;
      expect([one.entries.length, one.truncated]).toEqual([1, true]);
    });

    it("that runs has no result yet, and may have no accumulators", async () => {
      const id = await flink.stream();
      expect((await flink.get(`/jobs/${id}/execution-result`)).json).toEqual({
        status: { id: "IN_PROGRESS" },
      });
      expect((await flink.get(`/jobs/${id}/accumulators`)).json["job-accumulators"]).toEqual([]);
    });

    it("that was cancelled has a result that says so", async () => {
      const id = await flink.stream();
      await flink.cancel(id);
      await flink.reaches(id, "CANCELED");
      const result = (await flink.get(`/jobs/${id}/execution-result`)).json["job-execution-result"];
      expect(result).toMatchObject({ id, "application-status": "CANCELED" });
    });

    it("can be old by web.refresh-interval (3 s) at /jobs/:jobid", async () => {
      const id = await flink.stream();
      const first = (await flink.get(`/jobs/${id}`)).json;
      expect(first.state).toBe("RUNNING");
      await flink.cancel(id);
      await flink.reaches(id, "CANCELED");
      const { json } = await flink.get(`/jobs/${id}`);
      expect(json.state).toBe("RUNNING");
      await eventually(async () => (await flink.get(`/jobs/${id}`)).json.state === "CANCELED", 5_000, 100);
    });

    it("is cancelled with 202, again too; 409 once it finished", async () => {
      const running = await flink.stream();
      expect(await flink.cancel(running)).toMatchObject({ status: 202, json: {} });
      await flink.reaches(running, "CANCELED");
      expect((await flink.cancel(running)).status).toBe(202);
      const over = await flink.batch();
      // A job is listed as FINISHED a moment before its JobMaster has gone, and that takes the cancellation until then.
      const finished = await eventually(async () => {
        const reply = await flink.cancel(over);
        return reply.status !== 202 && reply;
      });
      expect(finished.status).toBe(409);
      expect(cause(finished)).toContain(
        "Job cancellation failed because the job has already reached another terminal state (FINISHED).",
      );
      const mode = await flink.call("PATCH", `/jobs/${running}?mode=foo`);
      expect(mode.status).toBe(400);
      expect(cause(mode)).toContain('Cannot resolve query parameter (mode) from value "foo".');
    });

    it.each([
      ["", 404],
      ["/exceptions", 404],
      ["/checkpoints", 404],
      ["/config", 404],
      ["/checkpoints/config", 404],
      ["/execution-result", 404],
      ["/status", 500],
    ])("that is unknown: GET /jobs/:jobid%s answers %i", async (path, status) => {
      const id = newId();
      const reply = await flink.get(`/jobs/${id}${path}`);
      expect(reply.status).toBe(status);
      expect(reply.text).toContain(`FlinkJobNotFoundException: Could not find Flink job (${id})`);
    });

    it("shows a part of the configuration that it runs with", async () => {
      const id = newId();
      const checkpoints = (name: string) => `execution.checkpointing.${name}`;
      const flinkConfiguration = {
        "pipeline.object-reuse": "true",
        [checkpoints("interval")]: "77 s",
        [checkpoints("timeout")]: "88 s",
        [checkpoints("min-pause")]: "3 s",
        [checkpoints("mode")]: "AT_LEAST_ONCE",
        [checkpoints("max-concurrent-checkpoints")]: "2",
        [checkpoints("tolerable-failed-checkpoints")]: "5",
        [checkpoints("externalized-checkpoint-retention")]: "RETAIN_ON_CANCELLATION",
      };
      const answer = await flink.run(["stream"], { jobId: id, parallelism: 2, flinkConfiguration });
      expect(answer.status).toBe(200);
      await flink.reaches(id, "RUNNING");
      // Up to 3 s old: what is shown of a job that is being initialized are defaults.
      await eventually(async () => {
        expect((await flink.get(`/jobs/${id}/config`)).json["execution-config"]).toMatchObject({
          "job-parallelism": 2,
          "object-reuse-mode": true,
        });
      });
      const { json } = await flink.get(`/jobs/${id}/checkpoints/config`);
      expect(json).toMatchObject({
        ...{ mode: "at_least_once", interval: 77_000, timeout: 88_000, min_pause: 3_000, max_concurrent: 2 },
        externalization: { enabled: true, delete_on_cancellation: false },
        state_backend: "HashMapStateBackend",
        checkpoint_storage: "FileSystemCheckpointStorage",
        tolerable_failed_checkpoints: 5,
      });
      // What the cluster runs with, whichever job is asked about.
      const keys = (reply: { json: { key: string }[] }) => reply.json.map(({ key }) => key).sort();
      expect(keys(await flink.get(`/jobs/${id}/jobmanager/config`))).toEqual(
        keys(await flink.get("/jobmanager/config")),
      );
    });

    it("without periodic checkpoints shows an interval without end", async () => {
      const id = await flink.stream();
      const { json } = await flink.get(`/jobs/${id}/checkpoints/config`);
      expect(json).toMatchObject({ mode: "at_least_once", interval: 2 ** 63 });
    });

    it("that is unknown cannot be cancelled: 404", async () => {
      const id = newId();
      const reply = await flink.cancel(id);
      expect(reply.status).toBe(404);
      expect(cause(reply)).toContain(`Could not find Flink job (${id})`);
    });

    it("needs an ID of 32 digits", async () => {
      const reply = await flink.get("/jobs/xyz");
      expect(reply.status).toBe(400);
      expect(cause(reply)).toContain('Cannot resolve path parameter (jobid) from value "xyz".');
    });
  });
});
