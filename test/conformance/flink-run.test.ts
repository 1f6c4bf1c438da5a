import { describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { around, differs, subjects } from "./flink-subjects.ts";
import { cause, newId, type RawFlink } from "./raw-flink.ts";

// POST /jars/:jarid/run: what it takes, what it refuses, and when.

describe.each(subjects())("$name", (subject) => {
  let flink: RawFlink;
  around(subject, (opened) => {
    flink = opened;
  });
  const { applications, duplicate } = subject;

  describe("POST /jars/:jarid/run", () => {
    it("answers with the JobID that it was given, in lower case, and as the application's", async ({
      task,
    }) => {
      const id = newId();
      const { status, json } = await flink.run(["batch"], { jobId: id.toUpperCase() });
      expect(status).toBe(200);
      expect(json).toEqual(applications ? { jobid: id, applicationId: id } : { jobid: id });
      await flink.reaches(id, "FINISHED");
      if (!applications) differs(task, "JobID only");
    });

    it("makes up another JobID each time when it was given none", async () => {
      const ids = [];
      for (const body of [{}, {}]) ids.push((await flink.run(["batch"], body)).json.jobid);
      expect(new Set(ids).size).toBe(2);
      for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/);
    });

    it("ignores a field that it does not know", async ({ task }) => {
      const id = newId();
      const reply = await flink.run(["batch"], { jobID: id });
      expect(reply.status).toBe(subject.since("1.20") ? 200 : 400);
      if (subject.since("1.20")) {
        expect(reply.json.jobid).not.toBe(id);
      } else {
        expect(cause(reply)).toContain('Unrecognized field "jobID"');
        differs(task, "400");
      }
    });

    it("takes the JobID from flinkConfiguration too", async () => {
      const id = newId();
      const body = { flinkConfiguration: { "$internal.pipeline.job-id": id } };
      expect((await flink.run(["batch"], body)).json.jobid).toBe(id);
    });

    it.for(["RUNNING", "FINISHED", "CANCELED"])(
      "refuses the JobID of a job that is %s",
      async (state, { task }) => {
        const id = state === "FINISHED" ? await flink.batch() : await flink.stream();
        if (state === "CANCELED") await flink.cancel(id);
        await flink.reaches(id, state);
        const again = await flink.run(["stream"], { jobId: id });
        expect(again.status).toBe(400);
        expect(again.text).toMatch(
          /RestHandlerException: Could not execute application\..*The main method caused an error/s,
        );
        expect(cause(again)).toBe(`org.apache.flink.runtime.client.${duplicate}`);
        if (!applications) differs(task, "DuplicateJob...");
      },
    );

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

    it.for(["two", "two-async"])(
      "runs the first of %s jobs with a fixed JobID, whatever it answers",
      async (mode, { task }) => {
        const id = newId();
        const reply = await flink.run([mode], { jobId: id });
        if (!applications) differs(task, "200");
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

    it("ignores programArgs, one string", async ({ task }) => {
      const name = `${flink.tag}-string`;
      const body = { entryClass: "dev.flinkjob.testing.Scenario", programArgs: `batch --name ${name}` };
      const { status } = await flink.post(`/jars/${await flink.jarId()}/run`, body);
      const taken = !subject.since("2.0");
      expect(status).toBe(taken ? 200 : 400);
      expect((await flink.jobs()).some((job) => job.name === name)).toBe(taken);
      if (taken) differs(task, "takes it");
    });
  });
});
