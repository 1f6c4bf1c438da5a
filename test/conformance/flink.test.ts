import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { subjects } from "./flink-subjects.ts";
import { cause, newId, type RawFlink } from "./raw-flink.ts";

// What this project knows about Flink, asked of the real ones and of our fake alike. Where they differ, the fake is wrong.

describe.each(subjects())("$name", ({ applications, open }) => {
  let flink: RawFlink;
  let close: () => Promise<void>;

  beforeAll(async () => ({ flink, close } = await open()));
  afterEach(() => flink.clean());
  afterAll(() => close());

  const duplicate = applications
    ? "DuplicateApplicationSubmissionException: Application has already been submitted."
    : "DuplicateJobSubmissionException: Job has already been submitted.";

  describe("the cluster", () => {
    it("says its version and whether JARs can be submitted, with and without /v1", async () => {
      for (const path of ["/config", "/v1/config"]) {
        const { status, json } = await flink.get(path);
        expect(status).toBe(200);
        expect(json["flink-version"]).toMatch(applications ? /^2\.3\./ : /^1\.20\./);
        expect(json.features["web-submit"]).toBe(true);
      }
    });

    it("names its process in web.tmpdir", async () => {
      expect(await flink.incarnation()).toMatch(
        /flink-web-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/,
      );
    });

    it("words an unknown route as a file for a GET", async () => {
      expect(await flink.get("/nosuch")).toMatchObject({
        status: 404,
        json: { errors: ["Unable to load requested file /nosuch."] },
      });
      expect(await flink.post("/jobs/overview", {})).toMatchObject({
        status: 404,
        json: { errors: ["Not found: /jobs/overview"] },
      });
    });

    if (!applications)
      it("has no applications", async () => {
        const run = await flink.runApplication(["stream"], { applicationId: newId() });
        expect(run.status).toBe(404);
        expect(run.json.errors[0]).toMatch(/^Not found: \/jars\/.*\/run-application$/);
        expect((await flink.get("/applications/overview")).status).toBe(404);
      });
  });

  describe("JARs", () => {
    it("get another ID with each upload and are listed until they are deleted", async () => {
      const first = await flink.upload("facts.jar");
      const second = await flink.upload("facts.jar");
      expect(first).toMatchObject({ status: 200, json: { status: "success" } });
      expect(first.jarId).toMatch(/^[0-9a-f-]{36}_facts\.jar$/);
      expect(second.jarId).not.toBe(first.jarId);
      const listed = async () => (await flink.get("/jars")).json.files.map((file: { id: string }) => file.id);
      expect(await listed()).toEqual(expect.arrayContaining([first.jarId, second.jarId]));
      for (const { jarId } of [first, second])
        expect((await flink.call("DELETE", `/jars/${jarId}`)).status).toBe(200);
      expect(await listed()).not.toContain(first.jarId);
      const again = await flink.call("DELETE", `/jars/${first.jarId}`);
      expect(again.status).toBe(400);
      expect(cause(again)).toContain(`File ${first.jarId} does not exist in `);
    });

    it("are judged by their name when they come and by their content when they run", async () => {
      const named = await flink.upload("facts.txt");
      expect(named.status).toBe(400);
      expect(cause(named)).toContain("Only Jar files are allowed.");
      const junk = await flink.upload("junk.jar", Buffer.from("junk"));
      expect(junk.status).toBe(200);
      const run = await flink.run(["stream"], {}, junk.jarId);
      expect(run.status).toBe(500);
      expect(cause(run)).toBe("java.util.zip.ZipException: zip END header not found");
      await flink.call("DELETE", `/jars/${junk.jarId}`);
    });

    it("must be one per upload", async () => {
      expect(cause(await flink.post("/jars/upload"))).toContain("Exactly 1 file must be sent, received 0.");
    });

    it("that are not there, and classes that are not in them, are an internal server error", async () => {
      const missing = await flink.run(["stream"], {}, "nope_x.jar");
      expect(missing.status).toBe(500);
      expect(cause(missing)).toMatch(/RestHandlerException: Jar file .*nope_x\.jar does not exist$/);
      const noClass = await flink.run(["stream"], { entryClass: "no.such.Main" });
      expect(noClass.status).toBe(500);
      expect(noClass.text).toContain(
        "The program's entry point class 'no.such.Main' was not found in the jar file.",
      );
      expect(cause(noClass)).toBe("java.lang.ClassNotFoundException: no.such.Main");
    });

    it("that are deleted while main() runs make it fail", async () => {
      const { jarId } = await flink.upload();
      const jobId = newId();
      const running = flink.run(["stream", "--sleep", "400"], { jobId }, jarId);
      await eventually(async () => (await flink.mainThreads()).size > 0);
      expect((await flink.call("DELETE", `/jars/${jarId}`)).status).toBe(200);
      const reply = await running;
      expect(reply.status).toBe(400);
      expect(reply.text).toContain("Could not upload job files.");
      expect(cause(reply)).toMatch(/FileNotFoundException: .* \(No such file or directory\)$/);
      expect((await flink.get(`/jobs/${jobId}`)).status).toBe(404);
    });
  });

  describe("POST /jars/:jarid/run", () => {
    it("answers with the JobID that it was given, in lower case", async () => {
      const id = newId();
      const { status, json } = await flink.run(["batch"], { jobId: id.toUpperCase() });
      expect(status).toBe(200);
      expect(json).toEqual(applications ? { jobid: id, applicationId: id } : { jobid: id });
      await flink.reaches(id, "FINISHED");
    });

    it("makes up another JobID each time when it was given none, or under a wrong name", async () => {
      const ids = [];
      for (const body of [{}, {}, { jobID: newId() }])
        ids.push((await flink.run(["batch"], body)).json.jobid);
      expect(new Set(ids).size).toBe(3);
      for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/);
    });

    it("takes the JobID from flinkConfiguration too", async () => {
      const id = newId();
      const body = { flinkConfiguration: { "$internal.pipeline.job-id": id } };
      expect((await flink.run(["batch"], body)).json.jobid).toBe(id);
    });

    it.each(["RUNNING", "FINISHED", "CANCELED"])("refuses the JobID of a job that is %s", async (state) => {
      const id = state === "FINISHED" ? await flink.batch() : await flink.stream();
      if (state === "CANCELED") await flink.cancel(id);
      await flink.reaches(id, state);
      const again = await flink.run(["stream"], { jobId: id });
      expect(again.status).toBe(400);
      expect(again.text).toMatch(
        /RestHandlerException: Could not execute application\..*The main method caused an error/s,
      );
      expect(cause(again)).toBe(`org.apache.flink.runtime.client.${duplicate}`);
    });

    it("accepts one of several requests at once", async () => {
      const id = newId();
      const replies = await Promise.all(
        [1, 2, 3, 4].map(() => flink.run(["stream", "--sleep", "200"], { jobId: id })),
      );
      expect(replies.map((reply) => reply.status).sort()).toEqual([200, 400, 400, 400]);
      for (const reply of replies.filter(({ status }) => status === 400))
        expect(cause(reply)).toContain(duplicate);
    });

    it.each([
      [
        "a JobID that is none",
        { jobId: "xyz" },
        'Cannot parse JobID from "xyz". The expected format is [0-9a-fA-F]{32}',
      ],
      [
        "a nested value in flinkConfiguration",
        { flinkConfiguration: { a: { b: 1 } } },
        "MismatchedInputException",
      ],
      ["arguments that are no list", { programArgsList: "a" }, "MismatchedInputException"],
      ["no JSON", "{", "Request did not match expected format JarRunRequestBody."],
    ])("refuses %s with 400", async (_name, body, complaint) => {
      const reply = await flink.post(`/jars/${await flink.jarId()}/run`, body);
      expect(reply.status).toBe(400);
      expect(reply.text.replaceAll('\\"', '"')).toContain(complaint);
      expect(reply.text).toContain("Request did not match expected format JarRunRequestBody.");
    });

    it("answers 400 with what main() threw, and runs nothing", async () => {
      const id = newId();
      const reply = await flink.run(["throw", "--message", "not today"], { jobId: id });
      expect(reply.status).toBe(400);
      expect(reply.json.errors).toHaveLength(1);
      expect(reply.text).toContain("ProgramInvocationException: The main method caused an error: not today");
      expect(cause(reply)).toBe("java.lang.IllegalStateException: not today");
      expect((await flink.get(`/jobs/${id}`)).status).toBe(404);
      expect((await flink.run(["batch"], { jobId: id })).status).toBe(200);
    });

    it("answers 400 to a main() without execute()", async () => {
      const reply = await flink.run(["noexecute"], { jobId: newId() });
      expect(reply.status).toBe(400);
      expect(cause(reply)).toMatch(/RestHandlerException: No jobs included in application\.$/);
    });

    it("answers 400 although the job runs, when main() reads the result", async () => {
      const id = newId();
      const reply = await flink.run(["result"], { jobId: id });
      expect(reply.status).toBe(400);
      expect(cause(reply)).toContain("InvalidProgramException: Job was submitted in detached mode.");
      await flink.reaches(id, "FINISHED");
    });

    it.each(["two", "two-async"])(
      "runs the first of %s jobs with a fixed JobID, whatever it answers",
      async (mode) => {
        const id = newId();
        const reply = await flink.run([mode], { jobId: id });
        if (applications) {
          expect(reply.status).toBe(400);
          expect(reply.text).toContain("Failed to execute job ");
          expect(cause(reply)).toContain(duplicate);
        } else {
          expect(reply.status).toBe(200);
          expect(reply.json).toEqual({ jobid: id });
        }
        await flink.tasksRun(id);
        const names = (await flink.jobs()).filter((job) => job.state === "RUNNING").map((job) => job.name);
        expect(names.filter((name) => name.startsWith(flink.tag))).toEqual([`${flink.tag}-${mode}-1`]);
      },
    );

    it("runs both of two jobs without a fixed JobID and tells of the first", async () => {
      const { status, json } = await flink.run(["two"]);
      expect(status).toBe(200);
      const mine = await eventually(async () => {
        const running = (await flink.jobs()).filter((job) => job.state === "RUNNING");
        const both = running.filter((job) => job.name.startsWith(`${flink.tag}-two-`));
        return both.length === 2 && both;
      });
      expect((mine || []).find((job) => job.name.endsWith("-1"))?.jid).toBe(json.jobid);
    });

    it("burns the JobID of a job whose savepoint is not there", async () => {
      const id = newId();
      const reply = await flink.run(["stream"], { jobId: id, savepointPath: "file:///no/such/savepoint" });
      expect(reply.status).toBe(400);
      expect(reply.text).toContain("JobInitializationException: Could not start the JobMaster.");
      expect(cause(reply)).toBe(
        "java.io.FileNotFoundException: Cannot find checkpoint or savepoint file/directory 'file:///no/such/savepoint' on file system 'file'.",
      );
      expect(await flink.job(id)).toMatchObject({ state: "FAILED", tasks: { total: 0 } });
      const { entries } = (await flink.get(`/jobs/${id}/exceptions`)).json.exceptionHistory;
      expect(entries[0].exceptionName).toBe("org.apache.flink.runtime.client.JobInitializationException");
      expect(cause(await flink.run(["stream"], { jobId: id }))).toContain(duplicate);
    });

    it("answers when main() is over; until then only the thread dump shows it", async () => {
      const jobId = newId();
      const begin = performance.now();
      const running = flink.run(["stream", "--sleep", "700"], { jobId });
      const threads = await eventually(async () => {
        const found = await flink.mainThreads();
        return found.size > 0 && found;
      });
      const [name, stack] = [...(threads || [])][0] ?? ["", ""];
      expect(name).toMatch(/^flink-jar-runner-thread-\d+$/);
      expect(stack).toMatch(/\tat dev\.flinkjob\.testing\.Scenario\.main\(Scenario\.java:\d+\)\n/);
      expect((await flink.get(`/jobs/${jobId}`)).status).toBe(404);
      expect(await flink.job(jobId)).toBeUndefined();
      if (applications) expect((await flink.get(`/applications/${jobId}`)).status).toBe(500);
      const reply = await running;
      expect([reply.status, reply.json.jobid]).toEqual([200, jobId]);
      expect(performance.now() - begin).toBeGreaterThan(700);
      expect((await flink.mainThreads()).size).toBe(0);
    });

    it("runs a second main() beside the first, and only one of the two gets the JobID", async () => {
      const jobId = newId();
      const slow = flink.run(["stream", "--sleep", "500"], { jobId });
      await eventually(async () => (await flink.mainThreads()).size > 0);
      expect((await flink.run(["stream"], { jobId })).status).toBe(200);
      expect(cause(await slow)).toContain(duplicate);
    });

    it("goes on when the client goes away", async () => {
      const jobId = newId();
      await flink.jarId();
      const leaving = flink.run(["stream", "--sleep", "400"], { jobId }, undefined, AbortSignal.timeout(150));
      await expect(leaving).rejects.toThrow();
      await flink.tasksRun(jobId);
    });

    it("takes parallelism from the body, else from flinkConfiguration, else 1", async () => {
      const flinkConfiguration = { "parallelism.default": 2, "no.such.key": "x", "jobmanager.rpc.port": "1" };
      const of = async (body: object) => {
        const id = await flink.stream(newId(), body);
        const { json } = await flink.get(`/jobs/${id}/config`);
        await flink.clean();
        return json["execution-config"]["job-parallelism"];
      };
      expect(await of({})).toBe(1);
      expect(await of({ flinkConfiguration })).toBe(2);
      expect(await of({ flinkConfiguration, parallelism: 3 })).toBe(3);
    });

    it("fails in main() for a value that cannot be read", async () => {
      const reply = await flink.run(["stream"], {
        jobId: newId(),
        flinkConfiguration: { "execution.checkpointing.interval": "often" },
      });
      expect(reply.status).toBe(400);
      expect(reply.text).toContain(
        "Could not parse value 'often' for key 'execution.checkpointing.interval'.",
      );
    });

    it(`${applications ? "ignores" : "takes"} programArgs, one string`, async () => {
      const name = `${flink.tag}-string`;
      const body = { entryClass: "dev.flinkjob.testing.Scenario", programArgs: `batch --name ${name}` };
      const { status } = await flink.post(`/jars/${await flink.jarId()}/run`, body);
      expect(status).toBe(applications ? 400 : 200);
      expect((await flink.jobs()).some((job) => job.name === name)).toBe(!applications);
    });
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
      const flinkConfiguration = {
        "restart-strategy.type": "fixed-delay",
        "restart-strategy.fixed-delay.attempts": "1",
        "restart-strategy.fixed-delay.delay": "300 ms",
      };
      expect((await flink.run(["fail"], { jobId: id, flinkConfiguration })).status).toBe(200);
      expect((await flink.reaches(id, "RESTARTING")).tasks.failed).toBe(1);
      await flink.reaches(id, "FAILED");
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
      const finished = await flink.cancel(await flink.batch());
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
      ["/execution-result", 404],
      ["/status", 500],
    ])("that is unknown: GET /jobs/:jobid%s answers %i", async (path, status) => {
      const id = newId();
      const reply = await flink.get(`/jobs/${id}${path}`);
      expect(reply.status).toBe(status);
      expect(reply.text).toContain(`FlinkJobNotFoundException: Could not find Flink job (${id})`);
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

  describe("savepoints", () => {
    it("are triggered once per trigger ID, and can be restored from", async () => {
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

      const restored = await flink.stream(newId(), { savepointPath: location });
      const { latest } = (await flink.get(`/jobs/${restored}/checkpoints`)).json;
      expect(latest.restored).toMatchObject({ is_savepoint: true, external_path: location });
    });

    it("can cancel the job", async () => {
      const id = await flink.stream();
      const triggerId = newId();
      await flink.post(`/jobs/${id}/savepoints`, { triggerId, "cancel-job": true });
      await flink.reaches(id, "CANCELED");
      const { json } = await flink.operation(`/jobs/${id}/savepoints/${triggerId}`);
      expect(json.operation.location).toContain("/savepoint-");
    });

    it("with which a job is stopped let it finish", async () => {
      const id = await flink.stream();
      const triggerId = newId();
      const reply = await flink.post(`/jobs/${id}/stop`, { triggerId, drain: false });
      expect(reply).toMatchObject({ status: 202, json: { "request-id": triggerId } });
      await flink.reaches(id, "FINISHED");
      const { json } = await flink.operation(`/jobs/${id}/savepoints/${triggerId}`);
      expect(json.operation.location).toContain("/savepoint-");
      expect((await flink.post(`/jobs/${id}/stop`, { triggerId })).status).toBe(202);
      expect((await flink.operation(`/jobs/${id}/savepoints/${triggerId}`)).json).toEqual(json);
    });

    it.each(["savepoints", "stop"])(
      "of a job that is over or unknown are accepted (%s) and COMPLETED without success",
      async (kind) => {
        for (const id of [await flink.batch(), newId()]) {
          const triggerId = newId();
          expect((await flink.post(`/jobs/${id}/${kind}`, { triggerId })).status).toBe(202);
          const { json } = await flink.operation(`/jobs/${id}/savepoints/${triggerId}`);
          const failure = json.operation["failure-cause"];
          expect(failure.class).toBe("java.util.concurrent.CompletionException");
          expect(failure["stack-trace"]).toContain(
            `FlinkJobNotFoundException: Could not find Flink job (${id})`,
          );
        }
      },
    );

    it("fail while tasks do not run", async () => {
      const id = newId();
      const flinkConfiguration = {
        "restart-strategy.type": "fixed-delay",
        "restart-strategy.fixed-delay.delay": "60 s",
      };
      await flink.run(["fail"], { jobId: id, flinkConfiguration });
      await flink.reaches(id, "RESTARTING");
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

    it("are taken in the interval of the job's own configuration", async () => {
      const id = await flink.stream(newId(), {
        flinkConfiguration: { "execution.checkpointing.interval": "200 ms" },
      });
      const statistics = await eventually(
        async () => {
          const { json } = await flink.get(`/jobs/${id}/checkpoints`);
          return json.counts.completed > 0 && json;
        },
        10_000,
        100,
      );
      expect(statistics.latest.completed).toMatchObject({ status: "COMPLETED", is_savepoint: false });
      expect(statistics.latest.completed.external_path).toMatch(new RegExp(`^file:.*/${id}/chk-\\d+$`));
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
