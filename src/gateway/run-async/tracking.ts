import type { FlinkJob } from "../../api/objects.ts";
import type { Reason } from "../../api/reasons.ts";
import type { Submission } from "../../api/run-async.ts";
import type { TriggerStatus } from "../../api/status.ts";
import { jarSumOf } from "./submission-job.ts";

/** What a submission's FlinkJob says of it. */
export function trackingOf(job: FlinkJob): Submission {
  const { metadata, spec, status } = job;
  const trigger = status?.trigger;
  const { namespace = "", name = "", creationTimestamp } = metadata;
  const completed = isCompleted(job);
  return {
    triggerId: spec.trigger?.id ?? "",
    status: { id: completed ? "COMPLETED" : "IN_PROGRESS" },
    operation: trigger && completed ? outcomeOf(job, trigger) : null,
    trigger: triggerOf(job, trigger),
    ...(status?.job ? { job: { state: status.job.state } } : {}),
    flinkJob: { namespace, name, ...(creationTimestamp ? { createdAt: creationTimestamp } : {}) },
  };
}

/** Whether the submission has an outcome: Flink took the job, or it is settled that it did not. */
export function isCompleted({ status }: FlinkJob): boolean {
  return status?.trigger !== undefined && status.trigger.state !== "pending";
}

/** A deletion of tracking information alone: for a client, it is gone already. */
export function isForgotten({ metadata, spec }: FlinkJob): boolean {
  return metadata.deletionTimestamp !== undefined && spec.deletionPolicy === "Orphan";
}

function triggerOf(job: FlinkJob, trigger: TriggerStatus | undefined): Submission["trigger"] {
  if (trigger === undefined) {
    const message = "The operator has not seen it yet.";
    return { state: "pending", message };
  }
  const { state, reason, jobId, requestedAt, acceptedAt, finishedAt } = trigger;
  const message = messageOf(job, trigger);
  return {
    state,
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
    jobId,
    requestedAt,
    ...(acceptedAt === undefined ? {} : { acceptedAt }),
    ...(finishedAt === undefined ? {} : { finishedAt }),
  };
}

/** Failures of a job, as opposed to those of its submission. */
const endsOfJobs: ReadonlySet<string> = new Set<Reason>(["JobFailed", "JobLost", "OutcomeLost"]);

function outcomeOf(job: FlinkJob, trigger: TriggerStatus): Submission["operation"] {
  const { state, acceptedAt, jobId, applicationId, failure, reason } = trigger;
  // A job that Flink took was submitted, whatever became of it. (Flink 2.3 accepts first and runs main() then.)
  const taken = acceptedAt !== undefined && endsOfJobs.has(failure?.reason ?? "");
  if (state !== "failed" || taken)
    return { jobId, ...(applicationId === undefined ? {} : { applicationId }) };
  return {
    "failure-cause": {
      class: failure?.reason ?? reason ?? "JobFailed",
      "stack-trace": messageOf(job, trigger) ?? "",
    },
  };
}

function messageOf(job: FlinkJob, { failure, message }: TriggerStatus): string | undefined {
  const said = failure?.message ?? message;
  if (failure?.reason !== "JarNotFound" || jarSumOf(job) === undefined) return said;
  return (
    `${said} The JAR came with the request and was lost with its JobManager: ` +
    "delete this submission, then send the request again."
  );
}
