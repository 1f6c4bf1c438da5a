import { describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { around, subjects } from "./flink-subjects.ts";
import { cause, newId, type RawFlink } from "./raw-flink.ts";

// Savepoints and checkpoints: triggered, followed, remembered.

describe.each(subjects())("$name", (subject) => {
  let flink: RawFlink;
  around(subject, (opened) => {
    flink = opened;
  });

  describe("savepoints", () => {
    it("are triggered once per trigger ID", async () => {
      const id = await flink.stream();
      const triggerId = newId();
      for (let i = 0; i < 2; i++) {
        expect(await flink.post(`/jobs/${id}/savepoints`, { triggerId })).toMatchObject({
          status: 202,
          json: { "request-id": triggerId },
        });
      }
      const { json } = await flink.operation(`/jobs/${id}/savepoints/${triggerId}`);
      const { location } = json.operation;
      expect(location).toMatch(new RegExp(`^file:/.*/savepoint-${id.slice(0, 6)}-[0-9a-f]{12}$`));
      await flink.post(`/jobs/${id}/savepoints`, { triggerId });
      expect((await flink.operation(`/jobs/${id}/savepoints/${triggerId}`)).json.operation.location).toBe(
        location,
      );
    });

    it("of a trigger ID that was used are not taken again, whatever the request says", async () => {
      const id = await flink.stream();
      const triggerId = newId();
      const first = { triggerId, "target-directory": `${flink.directory}/first` };
      await flink.post(`/jobs/${id}/savepoints`, first);
      const { json } = await flink.operation(`/jobs/${id}/savepoints/${triggerId}`);
      expect(json.operation.location).toContain("/first/savepoint-");
      const other = { triggerId, "target-directory": `${flink.directory}/other` };
      for (const [path, body] of [
        ["savepoints", other],
        ["stop", { triggerId }],
      ] as const) {
        const again = await flink.post(`/jobs/${id}/${path}`, body);
        expect(again).toMatchObject({ status: 202, json: { "request-id": triggerId } });
      }
      expect((await flink.operation(`/jobs/${id}/savepoints/${triggerId}`)).json).toEqual(json);
      expect((await flink.get(`/jobs/${id}/checkpoints`)).json.counts.completed).toBe(1);
      expect((await flink.job(id))?.state).toBe("RUNNING");
    });

    it("are IN_PROGRESS until they are COMPLETED, and known for their own job only", async () => {
      const id = await flink.stream();
      const triggerId = newId();
      await flink.post(`/jobs/${id}/savepoints`, { triggerId });
      const early = await flink.get(`/jobs/${id}/savepoints/${triggerId}`);
      expect(early.json.status.id).toMatch(/^(IN_PROGRESS|COMPLETED)$/);
      if (early.json.status.id === "IN_PROGRESS") expect(early.json.operation).toBeNull();
      await flink.operation(`/jobs/${id}/savepoints/${triggerId}`);
      expect((await flink.get(`/jobs/${newId()}/savepoints/${triggerId}`)).status).toBe(404);
    });

    it.each(["CANONICAL", "NATIVE"])("can be %s", async (formatType) => {
      const id = await flink.stream();
      const triggerId = newId();
      await flink.post(`/jobs/${id}/savepoints`, { triggerId, formatType });
      const { json } = await flink.operation(`/jobs/${id}/savepoints/${triggerId}`);
      const { savepoint } = (await flink.get(`/jobs/${id}/checkpoints`)).json.latest;
      expect(savepoint).toMatchObject({
        ...{ savepointFormat: formatType, is_savepoint: true, checkpoint_type: "SAVEPOINT" },
        external_path: json.operation.location,
      });
    });

    it("of an unknown format are refused", async () => {
      const reply = await flink.post(`/jobs/${newId()}/savepoints`, { formatType: "FOO" });
      expect(reply.status).toBe(400);
      expect(reply.text).toContain("Request did not match expected format SavepointTriggerRequestBody.");
    });

    it.each([
      [
        "savepoints",
        "target-directory",
        "file:///proc/no/such",
        "IOException: Failed to create savepoint directory at file:/proc/no/such",
      ],
      [
        "stop",
        "targetDirectory",
        "file:///proc/no/such",
        "IOException: Failed to create savepoint directory at file:/proc/no/such",
      ],
      [
        "savepoints",
        "target-directory",
        "nosuchfs://x/y",
        "UnsupportedFileSystemSchemeException: Could not find a file system implementation for scheme 'nosuchfs'.",
      ],
      [
        "stop",
        "targetDirectory",
        "nosuchfs://x/y",
        "UnsupportedFileSystemSchemeException: Could not find a file system implementation for scheme 'nosuchfs'.",
      ],
    ])(
      "(%s) that cannot be written, %s %s, fail, and the job goes on",
      async (kind, field, directory, why) => {
        const id = await flink.stream();
        const triggerId = newId();
        const reply = await flink.post(`/jobs/${id}/${kind}`, { triggerId, [field]: directory });
        expect(reply).toMatchObject({ status: 202, json: { "request-id": triggerId } });
        const { json } = await flink.operation(`/jobs/${id}/savepoints/${triggerId}`);
        const trace = json.operation["failure-cause"]["stack-trace"];
        expect(trace).toContain(
          "An Exception occurred while triggering the checkpoint. IO-problem detected.",
        );
        expect(trace).toContain(why);
        expect(await flink.job(id)).toMatchObject({ state: "RUNNING", tasks: { running: 1 } });
        const { counts, latest } = (await flink.get(`/jobs/${id}/checkpoints`)).json;
        expect(counts).toMatchObject({ completed: 0, failed: 1 });
        expect(latest.failed).toMatchObject({ status: "FAILED", is_savepoint: true });
        // A new trigger ID is a new try.
        const again = newId();
        await flink.post(`/jobs/${id}/savepoints`, { triggerId: again });
        const second = await flink.operation(`/jobs/${id}/savepoints/${again}`);
        expect(second.json.operation.location).toContain("/savepoint-");
      },
    );

    it("can be disposed of, once, under a trigger ID that Flink chooses", async () => {
      const id = await flink.stream();
      const [triggerId, mine] = [newId(), newId()];
      await flink.post(`/jobs/${id}/savepoints`, { triggerId });
      const { location } = (await flink.operation(`/jobs/${id}/savepoints/${triggerId}`)).json.operation;
      const body = { "savepoint-path": location, ...(subject.since("1.20") && { triggerId: mine }) };
      const first = await flink.post("/savepoint-disposal", body);
      expect(first.status).toBe(200);
      expect(first.json["request-id"]).not.toBe(mine);
      const done = await flink.operation(`/savepoint-disposal/${first.json["request-id"]}`);
      expect(done.json.operation).toEqual({});
      const second = await flink.post("/savepoint-disposal", body);
      const failed = await flink.operation(`/savepoint-disposal/${second.json["request-id"]}`);
      expect(failed.json.operation["failure-cause"]["stack-trace"]).toContain(
        `FlinkException: Could not dispose savepoint ${location}.`,
      );
      const unknown = await flink.get(`/savepoint-disposal/${mine}`);
      expect(unknown.status).toBe(404);
      expect(cause(unknown)).toContain("Operation not found under key");
      const reply = await flink.run(["stream"], { savepointPath: location });
      expect(cause(reply)).toBe(
        `java.io.FileNotFoundException: Cannot find checkpoint or savepoint file/directory '${location}' on file system 'file'.`,
      );
    });

    it("to dispose of need a path", async () => {
      const reply = await flink.post("/savepoint-disposal", {});
      expect(reply.status).toBe(400);
      expect(cause(reply)).toContain("Field savepoint-path must not be omitted or be null.");
    });

    it("can cancel the job", async () => {
      const id = await flink.stream();
      const triggerId = newId();
      await flink.post(`/jobs/${id}/savepoints`, { triggerId, "cancel-job": true });
      await flink.reaches(id, "CANCELED");
      const { json } = await flink.operation(`/jobs/${id}/savepoints/${triggerId}`);
      expect(json.operation.location).toContain("/savepoint-");
    });

    it.each(["savepoints", "stop"])(
      "of a job that is over or unknown are accepted (%s) and COMPLETED without success",
      async (kind) => {
        for (const id of [await flink.batch(), newId()]) {
          // A job that is FINISHED has its JobMaster for a moment yet, which says something else.
          await eventually(async () => {
            const triggerId = newId();
            expect((await flink.post(`/jobs/${id}/${kind}`, { triggerId })).status).toBe(202);
            const { json } = await flink.operation(`/jobs/${id}/savepoints/${triggerId}`);
            const failure = json.operation["failure-cause"];
            expect(failure.class).toBe("java.util.concurrent.CompletionException");
            expect(failure["stack-trace"]).toContain(
              `FlinkJobNotFoundException: Could not find Flink job (${id})`,
            );
          });
        }
      },
    );

    it("fail while tasks do not run", async () => {
      const id = await flink.restarting();
      const triggerId = newId();
      await flink.post(`/jobs/${id}/savepoints`, { triggerId });
      const { json } = await flink.operation(`/jobs/${id}/savepoints/${triggerId}`);
      expect(json.operation["failure-cause"]["stack-trace"]).toContain(
        "Not all required tasks are currently running.",
      );
    });

    it("that nobody asked for are unknown: 404", async () => {
      const [id, triggerId] = [newId(), newId()];
      const reply = await flink.get(`/jobs/${id}/savepoints/${triggerId}`);
      expect(reply.status).toBe(404);
      expect(cause(reply)).toContain(
        `There is no savepoint operation with triggerId=${triggerId} for job ${id}.`,
      );
    });

    it("need a trigger ID of 32 digits", async () => {
      const reply = await flink.post(`/jobs/${newId()}/savepoints`, { triggerId: "xyz" });
      expect(reply.status).toBe(400);
      expect(reply.text).toContain("Request did not match expected format SavepointTriggerRequestBody.");
    });
  });
});
