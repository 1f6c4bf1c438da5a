// Starts a job, takes a savepoint, stops the job with its state, and starts it again from there: an upgrade, by hand.
//
//   node examples/move-a-job.ts http://localhost:8081 path/to/job.jar [entry class]
import { ClusterDescriptor, isFlinkError, isJobError, newJobId, newTriggerId } from "flinkjob";

const [url = "http://localhost:8081", jar = "job.jar", entryClass] = process.argv.slice(2);
const day = new Date().toISOString().slice(0, 10);

try {
  const cluster = await new ClusterDescriptor().retrieve({ url }, { timeoutMs: 10_000 });
  const { flinkVersion, protection } = await cluster.describe();
  console.log(`Flink ${flinkVersion}, ${protection}`);

  // Chosen here, so that this very submission can be sent again after a crash and still runs one job.
  const jobId = newJobId();
  const job = await cluster.submit({
    jar: { path: jar },
    entryClass,
    jobId,
    flinkConfiguration: { "pipeline.name": `moved ${day}` },
  });
  for await (const { state } of job.statusChanges({ timeoutMs: 60_000 })) {
    console.log(`${job.jobId} is ${state}`);
    if (state === "RUNNING") break;
  }
  await tasksRun(job.jobId);

  const savepoint = await job.triggerSavepoint({ triggerId: newTriggerId(), timeoutMs: 60_000 });
  console.log(`savepoint: ${savepoint}`);

  const last = await job.stop({ formatType: "NATIVE", timeoutMs: 60_000 });
  const { netRuntime } = await job.getJobResult();
  console.log(`stopped after ${netRuntime} ms, with its state in ${last}`);

  const next = await cluster.submit({
    jar: { path: jar },
    entryClass,
    savepointPath: last,
    claimMode: "CLAIM",
  });
  await tasksRun(next.jobId);
  const { restored } = await next.getCheckpoints();
  console.log(`${next.jobId} goes on from ${restored?.path}`);

  await next.cancel();
  await cluster.disposeSavepoint(savepoint);
  await cluster.close();

  /** RUNNING says only that the job was scheduled: its tasks may still wait for slots. */
  async function tasksRun(id: string): Promise<void> {
    for (;;) {
      const tasks = (await cluster.listJobs()).find((row) => row.id === id)?.tasks;
      if (tasks !== undefined && tasks.total > 0 && tasks.running === tasks.total) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
} catch (error) {
  if (!isFlinkError(error) && !isJobError(error)) throw error;
  // `code` is for programs, the message for people: no stack traces of Flink's in it.
  console.error(`${error.code} (retry: ${error.retry}): ${error.message}`);
  process.exitCode = 1;
}
