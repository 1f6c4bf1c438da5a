import { parseDuration } from "../api/duration.ts";
import type { FlinkJob } from "../api/objects.ts";
import { JobError } from "../flink/library.ts";
import type { DeployedJobResult } from "./deployment-facts.ts";
import { conditionOf, throwIfStalled } from "./progress.ts";

/** Undefined: the end is still to come. Throws the JobErrors `JobFailed`, `JobCanceled`, and `DeploymentFailed`. */
export function resultOf(job: FlinkJob): DeployedJobResult | undefined {
  const { trigger, result } = job.status ?? {};
  if (trigger !== undefined && conditionOf(job, "Succeeded")?.status === "True") {
    // They are read after the end; without a cluster that could tell them there are none.
    if (result?.accumulators === undefined && trigger.cluster?.releasedAt === undefined) return undefined;
    const accumulators = new Map(Object.entries(result?.accumulators ?? {}));
    return { jobId: trigger.jobId, netRuntime: parseDuration(result?.runTime ?? "") ?? 0, accumulators };
  }
  const stalled = conditionOf(job, "Stalled");
  if (stalled?.status === "True" && trigger?.acceptedAt !== undefined) {
    const { jobId, message = stalled.message, reason } = trigger;
    if (trigger.state === "canceled") throw new JobError("JobCanceled", message, { jobId, reason });
    if (trigger.state === "failed") throw new JobError("JobFailed", message, { jobId, reason });
  }
  throwIfStalled(job);
  return undefined;
}
