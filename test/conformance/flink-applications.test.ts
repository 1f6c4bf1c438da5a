import { describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { around, subjects } from "./flink-subjects.ts";
import { cause, newId, type RawFlink } from "./raw-flink.ts";

// From 2.3 on: /jars/:jarid/run-application and the applications that it makes.

describe.each(subjects())("$name", (subject) => {
  let flink: RawFlink;
  around(subject, (opened) => {
    flink = opened;
  });
  const { applications, duplicate } = subject;

  if (!applications)
    describe("applications", () => {
      it("are unknown", async () => {
        const run = await flink.runApplication(["stream"], { applicationId: newId() });
        expect(run.status).toBe(404);
        expect(run.json.errors[0]).toMatch(/^Not found: \/jars\/.*\/run-application$/);
        expect((await flink.get("/applications/overview")).status).toBe(404);
      });
    });

  if (applications)
    describe("applications", () => {
      it("are accepted before main() runs, listed at once, and their jobs when there are some", async () => {
        const id = newId();
        const reply = await flink.runApplication(["stream", "--sleep", "600"], {
          applicationId: id,
          jobId: id,
        });
        expect(reply).toMatchObject({ status: 202, json: { applicationid: id } });
        const early = (await flink.get(`/applications/${id}`)).json;
        expect(early).toMatchObject({
          id,
          name: "dev.flinkjob.testing.Scenario",
          status: "RUNNING",
          jobs: [],
        });
        const overview = (await flink.get("/applications/overview")).json.applications;
        expect(overview.find((row: { id: string }) => row.id === id)).toMatchObject({
          status: "RUNNING",
          jobs: {},
        });
        expect((await flink.get(`/jobs/${id}`)).status).toBe(404);
        const threads = [...(await flink.mainThreads()).keys()];
        expect(threads.filter((name) => !name.startsWith("flink-jar-runner"))).toHaveLength(1);

        const again = await flink.runApplication(["stream"], { applicationId: id, jobId: id });
        expect(again.status).toBe(400);
        expect(again.text).toContain("RestHandlerException: Could not submit application.");
        expect(cause(again)).toContain(duplicate);
        expect(cause(await flink.run(["stream"], { jobId: id }))).toContain(duplicate);

        await flink.tasksRun(id);
        expect((await flink.get(`/applications/${id}`)).json.jobs[0]).toMatchObject({
          jid: id,
          state: "RUNNING",
        });
        expect((await flink.get(`/jobs/${id}`)).json["application-id"]).toBe(id);
      });

      it("end a while after their jobs", async () => {
        const ids = { FINISHED: newId(), CANCELED: newId(), FAILED: newId() };
        await flink.runApplication(["batch"], { applicationId: ids.FINISHED, jobId: ids.FINISHED });
        await flink.runApplication(["fail"], { applicationId: ids.FAILED, jobId: ids.FAILED });
        await flink.runApplication(["stream"], { applicationId: ids.CANCELED, jobId: ids.CANCELED });
        await flink.tasksRun(ids.CANCELED);
        await flink.cancel(ids.CANCELED);
        for (const [state, id] of Object.entries(ids)) {
          await flink.reaches(id, state);
          await flink.applicationReaches(id, state);
          expect(cause(await flink.runApplication(["batch"], { applicationId: id }))).toContain(duplicate);
        }
      });

      it("fail with what main() threw", async () => {
        const id = newId();
        expect((await flink.runApplication(["throw"], { applicationId: id, jobId: id })).status).toBe(202);
        expect((await flink.applicationReaches(id, "FAILED")).json.jobs).toEqual([]);
        const { entries } = (await flink.get(`/applications/${id}/exceptions`)).json.exceptionHistory;
        expect(entries[0].exceptionName).toMatch(/\.ApplicationExecutionException$/);
        expect(entries[0].stacktrace).toContain(
          "Caused by: java.lang.IllegalStateException: the user's code says no",
        );
        expect((await flink.get(`/jobs/${id}`)).status).toBe(404);
      });

      it("without execute() finish without a job", async () => {
        const id = newId();
        await flink.runApplication(["noexecute"], { applicationId: id, jobId: id });
        expect((await flink.applicationReaches(id, "FINISHED")).json.jobs).toEqual([]);
      });

      it.each(["two", "result"])("that fail after the first execute() cancel its job (%s)", async (mode) => {
        const id = newId();
        const body = { applicationId: id, jobId: id };
        await flink.runApplication(mode === "result" ? [mode, "--delay", "50"] : [mode], body);
        const { json } = await flink.applicationReaches(id, "FAILED");
        expect(json.jobs).toMatchObject([{ jid: id, state: "CANCELED" }]);
        const { entries } = (await flink.get(`/applications/${id}/exceptions`)).json.exceptionHistory;
        expect(entries[0].stacktrace).toContain(
          mode === "two" ? "DuplicateJobSubmissionException" : "Job was submitted in detached mode.",
        );
      });

      it("can be cancelled while main() runs, but 2.3.0 may leave them CANCELING for ever", async () => {
        const id = newId();
        await flink.runApplication(["stream", "--sleep", "60000"], { applicationId: id, jobId: id });
        await eventually(async () => (await flink.mainThreads()).size === 1);
        expect((await flink.post(`/applications/${id}/cancel`)).status).toBe(202);
        await eventually(async () => (await flink.mainThreads()).size === 0);
        const { json } = await flink.get(`/applications/${id}`);
        expect(json).toMatchObject({ status: expect.stringMatching(/^CANCEL(ED|ING)$/), jobs: [] });
      });

      it("that are over or unknown cannot be cancelled: 404", async () => {
        const over = newId();
        await flink.runApplication(["noexecute"], { applicationId: over, jobId: over });
        await flink.applicationReaches(over, "FINISHED");
        for (const id of [over, newId()]) {
          const reply = await flink.post(`/applications/${id}/cancel`);
          expect(reply.status).toBe(404);
          expect(cause(reply)).toContain(`Could not find Flink application (${id})`);
        }
      });

      it("that are cancelled cancel their jobs", async () => {
        const id = newId();
        await flink.runApplication(["stream"], { applicationId: id, jobId: id });
        await flink.tasksRun(id);
        expect((await flink.post(`/applications/${id}/cancel`)).status).toBe(202);
        await flink.reaches(id, "CANCELED");
        await flink.applicationReaches(id, "CANCELED");
      });

      it("with another ID but the same JobID are accepted, and fail", async () => {
        const [first, second] = [newId(), newId()];
        await flink.runApplication(["stream"], { applicationId: first, jobId: first });
        await flink.tasksRun(first);
        expect((await flink.runApplication(["stream"], { applicationId: second, jobId: first })).status).toBe(
          202,
        );
        await flink.applicationReaches(second, "FAILED");
        const { entries } = (await flink.get(`/applications/${second}/exceptions`)).json.exceptionHistory;
        expect(entries[0].stacktrace).toContain(
          "DuplicateJobSubmissionException: Job has already been submitted.",
        );
        expect((await flink.job(first))?.state).toBe("RUNNING");
      });

      it("with a missing savepoint fail, and so does their job", async () => {
        const id = newId();
        await flink.runApplication(["stream"], {
          applicationId: id,
          jobId: id,
          savepointPath: "file:///no/such",
        });
        const { json } = await flink.applicationReaches(id, "FAILED");
        expect(json.jobs).toMatchObject([{ jid: id, state: "FAILED" }]);
      });

      it("need their JAR and their class at once, and a good ID", async () => {
        const applicationId = newId();
        expect((await flink.runApplication(["stream"], { applicationId }, "nope.jar")).status).toBe(500);
        const noClass = await flink.runApplication(["stream"], { applicationId, entryClass: "no.such.Main" });
        expect(cause(noClass)).toBe("java.lang.ClassNotFoundException: no.such.Main");
        const unknown = await flink.get(`/applications/${applicationId}`);
        expect(unknown.status).toBe(500);
        expect(cause(unknown)).toContain(`Could not find Flink application (${applicationId})`);
        const bad = await flink.runApplication(["stream"], { applicationId: "xyz" });
        expect(bad.status).toBe(400);
        expect(bad.text.replaceAll('\\"', '"')).toContain('Cannot parse ApplicationID from "xyz".');
      });

      it("surround each job of /run, and stay RUNNING for ever if it could not start", async () => {
        const id = await flink.batch();
        const alone = await flink.applicationReaches(id, "FINISHED");
        expect(alone.json.name).toBe(`SingleJobApplication(${flink.tag}-batch)`);
        const burnt = newId();
        await flink.run(["stream"], { jobId: burnt, savepointPath: "file:///no/such" });
        const { json } = await flink.get(`/applications/${burnt}`);
        expect(json).toMatchObject({ status: "RUNNING", jobs: [{ jid: burnt, state: "FAILED" }] });
        expect((await flink.get(`/jobs/${burnt}`)).json["application-id"]).toBeNull();
      });
    });
});
