import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type ClusterClient,
  ClusterDescriptor,
  type JobClient,
  newJobId,
  newTriggerId,
  type StatusChange,
  savepointAfter,
} from "../../src/flink/library.ts";
import { eventually } from "../support/eventually.ts";
import { scenarioClass } from "../support/fake-flink/index.ts";
import { around, subjects } from "./flink-subjects.ts";
import type { RawFlink } from "./raw-flink.ts";

// The clients of src/flink/library.ts, of the fake and of real Flinks.

describe.each(subjects())("$name", (subject) => {
  let flink: RawFlink;
  let cluster: ClusterClient;
  let jarId: string;
  around(subject, (opened) => {
    flink = opened;
  });

  beforeAll(async () => {
    cluster = await new ClusterDescriptor().retrieve({ url: flink.url });
    jarId = await flink.jarId();
  });
  afterAll(() => cluster.close());

  const submit = (
    args: string[],
    more: { jobId?: string; flinkConfiguration?: Record<string, string> } = {},
  ) =>
    cluster.submit({
      jar: { id: jarId },
      entryClass: scenarioClass,
      args: [...args, "--name", `${flink.tag}-${args[0]}`],
      ...more,
    });
  /** A job whose tasks run. */
  async function stream(flinkConfiguration: Record<string, string> = {}): Promise<JobClient> {
    const job = await submit(["stream"], { flinkConfiguration });
    await flink.tasksRun(job.jobId);
    return job;
  }

  it("getConfiguration tells what the job runs with", async () => {
    const job = await stream({ "execution.checkpointing.interval": "77 s", "pipeline.object-reuse": "true" });
    await eventually(async () => {
      expect(await job.getConfiguration()).toMatchObject({
        name: `${flink.tag}-stream`,
        objectReuse: true,
        checkpoints: { interval: 77_000, mode: "exactly_once", stateBackend: "HashMapStateBackend" },
      });
    });
    await expect(cluster.jobClient(newJobId()).getConfiguration()).rejects.toMatchObject({
      code: "JobNotFound",
    });
  });

  it("getResourceRequirements and updateResourceRequirements say that another scheduler cannot scale", async () => {
    const job = await stream();
    const { vertices } = await job.getJobDetails();
    const wanted = new Map(vertices.map(({ id }) => [id, { lower: 1, upper: 2 }]));
    const unsupported = {
      code: "Unsupported",
      retry: "never",
      message: expect.stringContaining("The DefaultScheduler does not support"),
    };
    await expect(job.getResourceRequirements()).rejects.toMatchObject(unsupported);
    await expect(job.updateResourceRequirements(wanted)).rejects.toMatchObject(unsupported);
    const gone = cluster.jobClient(newJobId());
    await expect(gone.getResourceRequirements()).rejects.toMatchObject({ code: "JobNotFound" });
    await expect(gone.updateResourceRequirements(wanted)).rejects.toMatchObject({ code: "JobNotFound" });
  });

  describe("submit", () => {
    it("resolves with the job, and with the same one again", async () => {
      const jobId = newJobId();
      const job = await submit(["stream"], { jobId });
      expect(job.jobId).toBe(jobId);
      expect(["INITIALIZING", "CREATED", "RUNNING"]).toContain(await job.getJobStatus());
      const again = await submit(["stream"], { jobId });
      expect(again.jobId).toBe(jobId);
      const ours = (await cluster.listJobs()).filter(({ id }) => id === jobId);
      expect(ours).toMatchObject([{ name: `${flink.tag}-stream` }]);
    });

    it("uploads a JAR for it, and deletes that again", async () => {
      const before = (await cluster.listJars()).map(({ id }) => id);
      const content = flink.jar;
      const fileName = `${newJobId()}.jar`;
      const args = ["batch", "--name", `${flink.tag}-batch`];
      const job = await cluster.submit({ jar: { content, fileName }, entryClass: scenarioClass, args });
      await job.getJobResult();
      expect((await cluster.listJars()).map(({ id }) => id)).toEqual(before);
    });

    it.each([
      ["MainFailed", ["throw", "--message", "out of coffee"], /out of coffee/],
      ["NoJobInMain", ["noexecute"], subject.applications ? /submitted no job/ : /No jobs included/],
    ])("%s", async (reason, args, message) => {
      const jobId = newJobId();
      await expect(submit(args, { jobId })).rejects.toMatchObject({
        code: "SubmissionFailed",
        reason,
        jobId,
        retry: "never",
        message: expect.stringMatching(message),
      });
    });

    it("says that a JAR is not there, and that an entry class is not", async () => {
      const request = { entryClass: scenarioClass, args: ["batch"] };
      await expect(cluster.submit({ ...request, jar: { id: "no.jar" } })).rejects.toMatchObject({
        code: "SubmissionFailed",
        reason: "JarNotFound",
      });
      await expect(
        cluster.submit({ ...request, jar: { id: jarId }, entryClass: "no.such.Main" }),
      ).rejects.toMatchObject({ code: "SubmissionFailed", reason: "EntryClassNotFound" });
    });

    it("waits for a main() that is slow, and can be given up", async () => {
      const job = await submit(["batch", "--sleep", "300"]);
      expect(["RUNNING", "FINISHED", "INITIALIZING", "CREATED"]).toContain(await job.getJobStatus());
      const jobId = newJobId();
      const slow = { jar: { id: jarId }, jobId, entryClass: scenarioClass };
      const args = ["batch", "--sleep", "1500", "--name", `${flink.tag}-batch`];
      await expect(cluster.submit({ ...slow, args }, { timeoutMs: 200 })).rejects.toMatchObject({
        code: "SubmissionUnknown",
        retry: "backoff",
        jobId,
      });
      // Flink goes on with it, and the same request finds it.
      expect((await cluster.submit({ ...slow, args })).jobId).toBe(jobId);
      expect(await cluster.lookUp(jobId)).toMatchObject({ jobId, mains: 0 });
    });
  });

  describe("getJobResult", () => {
    it("waits for the end and has the final accumulators, though they were read before", async () => {
      const job = await submit(["batch", "--elements", "15", "--delay", "20"]);
      await job.getAccumulators();
      const { netRuntime, accumulators } = await job.getJobResult({ pollIntervalMs: 20 });
      expect(netRuntime).toBeGreaterThan(0);
      expect(accumulators.get("elements")).toEqual({ name: "elements", type: "LongCounter", value: "15" });
    });

    it("rejects with the user's own exception", async () => {
      const job = await submit(["fail", "--message", "five is too many"], {
        flinkConfiguration: { "restart-strategy.type": "none" },
      });
      await expect(job.getJobResult()).rejects.toMatchObject({
        code: "JobFailed",
        className: "java.lang.IllegalStateException",
        message: "java.lang.IllegalStateException: five is too many",
      });
      // What the job itself tells is up to 3 s old.
      await eventually(async () => {
        expect((await job.getExceptions())[0]).toMatchObject({
          className: "java.lang.IllegalStateException",
          message: "java.lang.IllegalStateException: five is too many",
        });
      });
    });

    it("rejects when the job is cancelled, not known, or takes too long", async () => {
      const job = await stream();
      await expect(job.getJobResult({ timeoutMs: 100 })).rejects.toMatchObject({ code: "Timeout" });
      const controller = new AbortController();
      const aborted = job.getJobResult({ signal: controller.signal });
      controller.abort();
      await expect(aborted).rejects.toMatchObject({ code: "Aborted" });
      await job.cancel();
      await expect(job.getJobResult()).rejects.toMatchObject({ code: "JobCanceled", jobId: job.jobId });
      await job.cancel();
      const nobody = cluster.jobClient(newJobId());
      await expect(nobody.getJobResult()).rejects.toMatchObject({ code: "JobNotFound" });
    });
  });

  it("tells of every state until the end", async () => {
    const job = await submit(["stream"]);
    const seen: StatusChange[] = [];
    for await (const change of job.statusChanges({ pollIntervalMs: 20 })) {
      seen.push(change);
      if (change.state === "RUNNING") await job.cancel();
    }
    expect(seen.at(-1)).toMatchObject({ jobId: job.jobId, state: "CANCELED" });
    expect(seen.map(({ state }) => state)).toContain("RUNNING");
    for (const [index, { previous }] of seen.entries()) expect(previous).toBe(seen[index - 1]?.state);
  });

  it("details, checkpoints and restarts of a running job", async () => {
    const job = await stream({ "execution.checkpointing.interval": "100 ms" });
    await eventually(async () => {
      const details = await job.getJobDetails();
      expect(details).toMatchObject({ id: job.jobId, state: "RUNNING", vertices: [{ parallelism: 1 }] });
      expect(details.timestamps.RUNNING).toBeGreaterThan(0);
      expect(details.applicationId).toBe(subject.applications ? job.jobId : undefined);
    });
    await eventually(async () => {
      const { newest, counts } = await job.getCheckpoints();
      expect(newest).toMatchObject({
        isSavepoint: false,
        path: expect.stringContaining(`${job.jobId}/chk-`),
      });
      expect(counts.completed).toBeGreaterThan(0);
    });
    // Asked for once, it is collected.
    await eventually(async () => expect(await job.getRestarts()).toBe(0), 20_000, 200);
  });

  it("counts restarts", async () => {
    const job = await submit(["fail"], {
      flinkConfiguration: {
        "restart-strategy.type": "fixed-delay",
        "restart-strategy.fixed-delay.attempts": "1000",
        "restart-strategy.fixed-delay.delay": "100 ms",
      },
    });
    await eventually(async () => expect(await job.getRestarts()).toBeGreaterThan(0), 30_000, 200);
  });

  describe("savepoints", () => {
    it("in one step", async () => {
      const job = await stream();
      const path = await job.triggerSavepoint({ directory: flink.directory });
      expect(path.startsWith(`${flink.directory}/savepoint-`)).toBe(true);
      const native = await job.triggerSavepoint({ directory: flink.directory, formatType: "NATIVE" });
      expect(native).not.toBe(path);
      await cluster.disposeSavepoint(native);
      await expect(cluster.disposeSavepoint(native)).rejects.toMatchObject({
        code: "OperationFailed",
        className: "java.io.FileNotFoundException",
      });
    });

    it("in two steps, once per trigger ID", async () => {
      const job = await stream();
      const triggerId = newTriggerId();
      expect(await job.savepointOperation(triggerId)).toEqual({ state: "unknown" });
      const options = { directory: flink.directory, triggerId };
      expect(await job.triggerDetachedSavepoint(options)).toBe(triggerId);
      expect(await job.triggerDetachedSavepoint(options)).toBe(triggerId);
      const { location } = await eventually(async () => {
        const operation = await job.savepointOperation(triggerId);
        return operation.state === "completed" && operation;
      });
      expect(await job.triggerSavepoint(options)).toBe(location);
      await eventually(async () => {
        const evidence = savepointAfter(await job.getCheckpoints(), { after: 0, stop: false });
        expect(evidence).toMatchObject({ kind: "taken", snapshot: { path: location } });
      });
    });

    it("fail with the reason that a person needs", async () => {
      const job = await stream();
      const triggerId = newTriggerId();
      const directory = "file:///proc/nowhere";
      const failed = job.triggerSavepoint({ directory, triggerId });
      await expect(failed).rejects.toMatchObject({
        code: "OperationFailed",
        jobId: job.jobId,
        triggerId,
        className: "java.io.IOException",
        message: expect.stringMatching(/Failed to create savepoint directory at file:\/proc\/nowhere/),
      });
      await expect(cluster.jobClient(newJobId()).triggerSavepoint()).rejects.toMatchObject({
        code: "JobNotFound",
      });
    });

    it.each([false, true])(
      "stop a job (to the end of event time: %s), which goes on from there",
      async (end) => {
        const job = await stream();
        const path = await job.stop({ directory: flink.directory, advanceToEndOfEventTime: end });
        await job.getJobResult();
        expect(await job.getJobStatus()).toBe("FINISHED");
        await eventually(async () => {
          const checkpoints = await job.getCheckpoints();
          expect(savepointAfter(checkpoints, { after: 0, stop: true })).toMatchObject({ snapshot: { path } });
          expect(savepointAfter(checkpoints, { after: 0, stop: false }).kind).toBe("taken");
        });
        const next = await cluster.submit({
          jar: { id: jarId },
          entryClass: scenarioClass,
          args: ["stream", "--name", `${flink.tag}-stream`],
          savepointPath: path,
        });
        await eventually(async () => {
          expect((await next.getCheckpoints()).restored).toMatchObject({ path, isSavepoint: true });
        });
      },
    );

    it("checkpoints at will", async () => {
      const job = await stream();
      const first = await job.triggerCheckpoint();
      expect(await job.triggerCheckpoint({ checkpointType: "FULL" })).toBeGreaterThan(first);
    });
  });

  it("is retrieved from a configuration, too", async () => {
    const { hostname, port } = new URL(flink.url);
    const configuration = { "rest.address": hostname, "rest.port": Number(port) };
    await using other = await new ClusterDescriptor().retrieve({ configuration });
    expect(other.getWebInterfaceUrl()).toBe(flink.url);
    const { incarnation, flinkVersion, protection } = await cluster.describe();
    expect(await other.describe()).toMatchObject({ incarnation, protection: "JobManagerLifetime" });
    expect(flinkVersion.startsWith(`${subject.minor}.`)).toBe(true);
    expect(protection).toBe("JobManagerLifetime");
    expect((await other.getFlinkConfiguration()).has("web.tmpdir")).toBe(true);
  });
});
