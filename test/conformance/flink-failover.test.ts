import { afterEach, describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { differs } from "./flink-subjects.ts";
import { type MortalCluster, mortalSubjects, type Shape } from "./mortal-clusters.ts";
import { cause, newId, type RawFlink, type RawReply } from "./raw-flink.ts";

// What a Flink forgets, keeps and runs again when its JobManager dies: asked of real ones, killed, and of our fake.

const limitMs = 30_000;

describe.each(mortalSubjects())("$name", (subject) => {
  describe("clusters that die, and other set-ups", () => {
    const { applications, duplicate, open } = subject;
    let cluster: MortalCluster | undefined;

    afterEach(async () => {
      await cluster?.close();
      cluster = undefined;
    });

    async function started(shape: Shape): Promise<{ flink: RawFlink; cluster: MortalCluster }> {
      cluster = await open(shape);
      return { flink: cluster.flink, cluster };
    }

    it("without HA, System.exit in a main() takes everything down, and everything is forgotten", async () => {
      const { flink, cluster } = await started({ ha: false });
      await jobsWaitForSlots(flink);

      const incarnation = await flink.incarnation();
      const [running, finished] = [await flink.stream(), await flink.batch()];
      const triggerId = newId();
      await flink.post(`/jobs/${running}/savepoints`, { triggerId });
      await flink.operation(`/jobs/${running}/savepoints/${triggerId}`);
      const jarId = await flink.jarId();

      await expect(flink.run(["exit"], { jobId: newId() })).rejects.toThrow("fetch failed");
      await eventually(() => refuses(flink), limitMs);
      await cluster.kill(); // the fake starts again by itself, a bare process does not
      await cluster.start();
      await eventually(async () => (await flink.get("/jobs")).status === 200, limitMs);

      expect(await flink.incarnation()).not.toBe(incarnation);
      expect((await flink.get("/jobs")).json).toEqual({ jobs: [] });
      expect((await flink.get(`/jobs/${running}`)).status).toBe(404);
      expect((await flink.get(`/jobs/${running}/savepoints/${triggerId}`)).status).toBe(404);
      expect((await flink.get("/jars")).json.files.map((file: { id: string }) => file.id)).toContain(jarId);
      for (const jobId of [running, finished])
        expect((await flink.run(["batch"], { jobId })).status).toBe(200);
    });

    it("with HA and results kept, no JobID runs twice, whatever the list says", async () => {
      const { flink, cluster } = await started({ ha: true });
      const incarnation = await flink.incarnation();
      const [running, finished, inMain] = [await flink.stream(), await flink.batch(), newId()];
      const triggerId = newId();
      await flink.post(`/jobs/${running}/savepoints`, { triggerId });
      await flink.operation(`/jobs/${running}/savepoints/${triggerId}`);
      const lost = flink.run(["stream", "--sleep", "20000"], { jobId: inMain });
      lost.catch(() => undefined); // looked at below
      const application = newId();
      if (applications) await submitApplications(flink, application);
      await eventually(async () => (await flink.mainThreads()).size === 1);

      const late = newId();
      if (applications) {
        await flink.runApplication(["batch"], { applicationId: late, jobId: late });
        await flink.reaches(late, "FINISHED");
        // Its application will not notice for a while.
        expect((await flink.get(`/applications/${late}`)).json.status).toBe("RUNNING");
      }

      await cluster.kill();
      await expect(lost).rejects.toThrow("fetch failed");
      expect(await refuses(flink)).toBe(true);
      await cluster.start();
      const { elections, first } = await firstAnswer(flink, "/jobs/overview");
      if (applications) {
        await applicationComesBack(flink, application);
        await mainRunsAgainAndItsJobDoesNot(flink, late);
      }

      expect(elections).toBeGreaterThan(0);
      const state = expect.stringMatching(/^(INITIALIZING|CREATED|RUNNING)$/);
      const listed = first.json.jobs as { jid: string }[];
      expect(listed.find((job) => job.jid === running)).toMatchObject({ state });
      // One whose end had not been cleaned up yet is listed once more, with its end.
      const cleaned = !listed.some((job) => job.jid === finished);
      if (!cleaned) expect((await flink.job(finished))?.state).toBe("FINISHED");
      expect(cause(await flink.run(["stream"], { jobId: running }))).toContain(duplicate);
      expect(await flink.incarnation()).not.toBe(incarnation);
      await flink.tasksRun(running);
      expect((await flink.get(`/jobs/${running}/savepoints/${triggerId}`)).status).toBe(404);
      if (cleaned) expect((await flink.get(`/jobs/${finished}`)).status).toBe(404);
      const again = await flink.run(["batch"], { jobId: finished });
      expect([again.status, cause(again)]).toEqual([400, expect.stringContaining(duplicate)]);
      if (cleaned) expect((await flink.get(`/jobs/${finished}`)).status).toBe(404);
      // What had not reached execute() never was.
      expect(await flink.job(inMain)).toBeUndefined();
      expect((await flink.run(["batch"], { jobId: inMain })).status).toBe(200);
      if (applications) await cannotStartAgain(flink, cluster);
    });

    it("with HA by default, a JobID that has ended runs again", async () => {
      const { flink } = await started({
        ha: true,
        deleteOnCommit: true,
        jobStoreExpirationMs: 2_000,
        startUpMs: 1,
      });
      const id = await flink.batch();
      const again = await flink.run(["batch"], { jobId: id });
      if (applications) {
        expect(cause(again)).toContain(duplicate);
        await eventually(async () => (await flink.job(id)) === undefined);
        expect((await flink.get(`/applications/${id}`)).status).toBe(500);
        expect((await flink.run(["batch"], { jobId: id })).status).toBe(200);
      } else if (again.status !== 200) {
        // Until the end has been cleaned up, a moment after it is listed.
        await eventually(async () => (await flink.run(["batch"], { jobId: id })).status === 200);
      }

      // Another fact, since a cluster of our own is there: past its start-up time nobody waits for slots.
      const tooBig = newId();
      expect((await flink.run(["stream"], { jobId: tooBig, parallelism: 50 })).status).toBe(200);
      await flink.reaches(tooBig, "FAILED");
      const { entries } = (await flink.get(`/jobs/${tooBig}/exceptions`)).json.exceptionHistory;
      expect(entries[0].stacktrace).toContain(
        "NoResourceAvailableException: Could not acquire the minimum required",
      );
    });

    it("without web.submit.enable there is no /jars", async ({ task }) => {
      if (!subject.since("1.19")) differs(task, "404 to uploads too");
      const { flink } = await started({ ha: false, webSubmit: false, operationStoreMs: 1_000 });
      expect((await flink.get("/config")).json.features["web-submit"]).toBe(false);
      expect((await flink.get("/jars")).status).toBe(404);
      const run = await flink.run(["stream"], {}, "some.jar");
      expect([run.status, run.json.errors]).toEqual([404, ["Not found: /jars/some.jar/run"]]);
      const upload = await flink.upload();
      expect([upload.status, upload.json.errors]).toEqual(
        subject.since("1.19") ? [400, ["POST request not allowed"]] : [404, ["Not found: /jars/upload"]],
      );

      // Another fact, since a cluster of our own is there: outcomes are kept for `rest.async.store-duration`.
      const [id, triggerId] = [newId(), newId()];
      await flink.post(`/jobs/${id}/savepoints`, { triggerId, "target-directory": flink.directory });
      await flink.operation(`/jobs/${id}/savepoints/${triggerId}`);
      await eventually(
        async () => (await flink.get(`/jobs/${id}/savepoints/${triggerId}`)).status === 404,
        limitMs,
      );
    });
  });
});

/** In the first five minutes of a cluster: TaskManagers may still come. */
async function jobsWaitForSlots(flink: RawFlink): Promise<void> {
  const busy = await flink.stream(newId(), { parallelism: 4 });
  const waiting = newId();
  expect((await flink.run(["stream"], { jobId: waiting, parallelism: 3 })).status).toBe(200);
  expect(await flink.reaches(waiting, "RUNNING")).toMatchObject({ tasks: { scheduled: 3, running: 0 } });
  expect((await flink.get("/overview")).json["slots-available"]).toBe(0);
  await flink.cancel(busy);
  await flink.tasksRun(waiting);
  await flink.clean();
}

async function refuses(flink: RawFlink): Promise<boolean> {
  try {
    await flink.get("/jobs");
    return false;
  } catch (error) {
    return error instanceof TypeError;
  }
}

/** The first answer that is not about a leader election, and how many were. */
async function firstAnswer(flink: RawFlink, path: string): Promise<{ elections: number; first: RawReply }> {
  let elections = 0;
  const first = await eventually(async () => {
    const reply = await flink.get(path);
    if (reply.status !== 503) return reply;
    elections++;
    expect(reply.text).toContain(
      "Service temporarily unavailable due to an ongoing leader election. Please refresh.",
    );
    return false;
  }, limitMs);
  return { elections, first };
}

/** >= 2.3: one whose main() takes a while, and one that ends, of a JAR that is deleted meanwhile. */
async function submitApplications(flink: RawFlink, id: string): Promise<void> {
  const unnamed = newId();
  await flink.runApplication(["stream", "--sleep", "1500"], { applicationId: id, jobId: id });
  const { jarId } = await flink.upload();
  await flink.runApplication(["batch", "--sleep", "300"], { applicationId: unnamed }, jarId);
  await flink.call("DELETE", `/jars/${jarId}`);
  // With HA the JAR is in the blob store, and the JobID is the application's by default.
  await flink.reaches(unnamed, "FINISHED");
  await flink.tasksRun(id);
}

/** >= 2.3, after a failover: main() runs again, and until it has reached execute() its job is not listed. */
async function applicationComesBack(flink: RawFlink, id: string): Promise<void> {
  expect((await flink.get(`/applications/${id}`)).json).toMatchObject({ id, status: "RUNNING", jobs: [] });
  expect(await flink.job(id)).toBeUndefined();
  expect((await flink.get(`/jobs/${id}`)).status).toBe(404);
  const body = { applicationId: id, jobId: id };
  const duplicate = "DuplicateApplicationSubmissionException: Application has already been submitted.";
  expect(cause(await flink.runApplication(["stream"], body))).toContain(duplicate);
  expect(cause(await flink.run(["stream"], { jobId: id }))).toContain(duplicate);
  await flink.tasksRun(id);
  expect((await flink.get(`/applications/${id}`)).json.jobs).toMatchObject([{ jid: id }]);
}

/** >= 2.3: it had submitted a job that ended before the JobManager died, and its application had not ended. */
async function mainRunsAgainAndItsJobDoesNot(flink: RawFlink, id: string): Promise<void> {
  const { json } = await flink.applicationReaches(id, "FINISHED");
  expect(json.jobs).toMatchObject([{ jid: id, state: "FINISHED", tasks: { total: 0 } }]);
  expect((await flink.get(`/jobs/${id}`)).status).toBe(200);
}

/** 2.3.0: the result of a job that could not start names no application, and kills every later JobManager. */
async function cannotStartAgain(flink: RawFlink, cluster: MortalCluster): Promise<void> {
  await flink.run(["stream"], { jobId: newId(), savepointPath: "file:///no/such/savepoint" });
  await cluster.kill();
  await cluster.start();
  await eventually(async () => (await flink.get("/jobs")).status === 503, limitMs, 5);
  await eventually(() => refuses(flink), limitMs, 5);
}
