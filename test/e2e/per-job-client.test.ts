import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildJobsJar, scenarioClass } from "../../dev/flink/jobs.ts";
import { eventually } from "../support/eventually.ts";
import { FlinkCli } from "../support/flink-cli.ts";
import { PlanStage } from "../support/plan-stage.ts";

// Flink's own command line before a gateway whose clusters never come: what it is told out of FlinkJobs alone, it must understand. The API server is a
// fake, and the test is the operator. test/node/per-job-client.test.ts has the clusters.

describe.each([
  { version: "2.3", template: "orders" },
  { version: "1.20", template: "older" },
] as const)("the client of Flink $version", ({ version, template }) => {
  let stage: PlanStage;
  let cli: FlinkCli;
  let jar: string;
  let directory: string;
  const seen = new Set<string>();

  beforeAll(async () => {
    stage = await PlanStage.open();
    await stage.template("older", {}, "1.20");
    jar = await buildJobsJar(version);
    directory = await mkdtemp(join(tmpdir(), "flinkjob-client-"));
    cli = await FlinkCli.install({
      version,
      dir: join(directory, "conf"),
      configuration: {
        "execution.target": "remote",
        "rest.address": "127.0.0.1",
        "rest.port": new URL(stage.url).port,
        "rest.path": `/per-job/team/${template}`,
      },
    });
  });
  afterAll(async () => {
    await stage.close();
    await rm(directory, { recursive: true });
  });

  const run = (...flags: string[]) =>
    cli.run("run", ...flags, "-c", scenarioClass, jar, "batch", "--name", "lab");

  /** The next FlinkJob that a client made. */
  async function next(): Promise<{ jobId: string }> {
    const job = await eventually(
      async () => (await stage.jobs()).find(({ metadata }) => !seen.has(metadata.name)) ?? false,
      60_000,
    );
    seen.add(job.metadata.name);
    return { jobId: job.spec.trigger?.jobId ?? "" };
  }

  test.each([[[]], [["-d"]]])(
    "a job that never comes to be: run %j says why, and ends with 1",
    async (flags) => {
      const running = run(...flags);
      const { jobId } = await next();
      const failure = {
        reason: "PodsRefused",
        message: "exceeded quota: größer als erlaubt",
        retryable: false,
      };
      await stage.write({ jobId, template }, { state: "failed", reason: "PodsRefused", failure });
      const { code, stdout, stderr } = await running;
      expect(code, stdout + stderr).toBe(1);
      expect(stdout + stderr).toMatch(/JobInitializationException: PodsRefused: exceeded quota: gr/);
    },
  );

  // What follows is read by the same code in both.
  if (version !== "2.3") return;

  test("a job that has finished when its client asks: its result is the JobManager's, out of the FlinkJob", async () => {
    const running = run();
    const { jobId } = await next();
    const result = {
      id: jobId,
      "application-status": "SUCCEEDED",
      "accumulator-results": {},
      "net-runtime": 4711,
    };
    const text = JSON.stringify({ status: { id: "COMPLETED" }, "job-execution-result": result });
    await stage.write(
      { jobId, template },
      { state: "finished", reason: "Finished" },
      { executionResult: { text } },
    );
    const { code, stdout, stderr } = await running;
    expect(code, stdout + stderr).toBe(0);
    expect(stdout).toContain("Job Runtime: 4711 ms");
    const listed = await cli.run("list", "-a");
    expect(listed, listed.stderr).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(new RegExp(`${jobId} : \\S+ \\(FINISHED\\)`)),
    });
  });

  test("a job that is cancelled while it waits for its cluster", async () => {
    const running = run();
    const { jobId } = await next();
    const cancelled = await cli.run("cancel", jobId);
    expect(cancelled, cancelled.stderr).toMatchObject({ code: 0 });
    expect((await stage.job({ jobId }, template)).spec.state).toBe("suspended");
    await stage.write({ jobId, template }, { state: "canceled", reason: "Suspended" });
    const { code, stdout, stderr } = await running;
    expect(code, stdout + stderr).toBe(1);
    expect(stdout + stderr).toContain("JobCancellationException");
  });
});
