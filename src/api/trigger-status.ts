import * as z from "zod";
import { count, time, word } from "./status-words.ts";

/** The guarantee that the cluster's own configuration gives (docs/flinkjob.md, "Protection"). */
export const protection = z.enum(["Durable", "RunningJobs", "JobManagerLifetime"]);
export type Protection = z.output<typeof protection>;

/** The states of a trigger. `finished`, `failed` and `canceled` are final. */
export const triggerState = z.enum(["pending", "running", "failed", "finished", "canceled"]);
export type TriggerState = z.output<typeof triggerState>;

const failure = z
  .object({
    reason: word("Why, in one word a program may match."),
    message: word("The cause in the user's own words: the exception's message, no stack trace."),
    retryable: z.boolean().meta({ description: "Whether the same request may succeed later." }),
  })
  .meta({ description: "Why the trigger failed." });

const sentTo = z
  .object({
    url: word("REST address of the JobManager."),
    incarnation: word("The JobManager process: a UUID that Flink makes at each start."),
    flinkVersion: word("Flink's version."),
    earlierProcess: z
      .boolean()
      .meta({ description: "An earlier request of this trigger went to another JobManager process." })
      .optional(),
  })
  .meta({
    description: "Where the run request goes, recorded before it is sent; later where the job was last seen.",
  });

const cluster = z
  .object({
    name: word("The FlinkCluster."),
    mode: z
      .enum(["application", "session"])
      .meta({ description: "spec.cluster.perJob.mode of this attempt." }),
    uid: word("Its uid, once it was seen.").optional(),
    taskManagers: count("How many TaskManagers it is to have.").optional(),
    releasedAt: time(
      "When the operator let go of it: nothing more is wanted of it, and it is deleted.",
    ).optional(),
  })
  .meta({
    description: "The FlinkCluster of this attempt alone (spec.cluster.perJob), recorded before it is made.",
  });
export type OwnClusterStatus = z.output<typeof cluster>;

const stop = z
  .object({
    mode: z.enum(["cancel", "savepoint", "last-state"]).meta({ description: "How the job is stopped." }),
    why: z.enum(["Replacing", "Suspending", "Deleting"]).meta({ description: "What it is stopped for." }),
    generation: count("metadata.generation that asked for it."),
    requestedAt: time("When it was recorded, before Flink was asked."),
    operationId: word(
      "The savepoint's trigger ID at Flink: the same for the same JobID and number.",
    ).optional(),
    number: count("Counts the savepoints that were asked for, from 1.").optional(),
    path: word("Where its savepoint is, once that is complete.").optional(),
    earlierPath: word("A savepoint of an earlier stop that failed all the same: not this one's.").optional(),
    failures: count("How many of them failed.").optional(),
    failedAt: time("When the newest one was seen to have failed.").optional(),
  })
  .meta({ description: "How the operator stops the job, recorded before it asks Flink to." });
export type StopStatus = z.output<typeof stop>;

/** Tasks whose parallelism main() set itself: so many are remembered. */
export const MOST_FIXED = 32;
const scaling = z
  .object({
    parallelism: count("What the job is scaled to."),
    runHash: word("runHash of the spec that asks for it."),
    generation: count("Its metadata.generation."),
    tasks: count("How many tasks the job has when it is scaled."),
    taskManagers: count("How many TaskManagers its own cluster has then.").optional(),
    requestedAt: time("When it was recorded, before Flink was asked."),
    fixed: z
      .array(word("Vertex ID."))
      .max(MOST_FIXED)
      .meta({ description: "Tasks whose parallelism main() set itself.", "x-kubernetes-list-type": "atomic" })
      .optional(),
    takenBy: word("The JobManager process that was seen to have it.").optional(),
    reachedAt: time("When all these tasks were seen to run.").optional(),
    refusal: word("Why Flink does not take it.").optional(),
  })
  .meta({ description: "How the job was last scaled without a new run." });
export type ScalingStatus = z.output<typeof scaling>;

export const triggerStatus = z
  .object({
    id: word("The trigger ID: spec.trigger.id, or g<generation>."),
    state: triggerState.meta({ description: "pending, running, failed, finished or canceled." }),
    reason: word("Where the trigger stands within its state, in one word.").optional(),
    message: word("The same in a sentence.").optional(),
    jobId: word("The JobID: the same for the same FlinkJob, trigger and attempt, whoever computes it."),
    applicationId: word("The application's ID on Flink 2.3 and later; equals jobId.").optional(),
    attempt: count(
      "Counts the Flink jobs of this trigger, from 1. A new one only after the last is provably over.",
    ),
    generation: count(
      "metadata.generation of the spec that the run request was made from, or the job scaled for.",
    ),
    runHash: word("Hash of those parts of the spec that say what the job is."),
    unsettledHash: word(
      "Hash of an earlier request under the same JobID whose outcome is still unknown.",
    ).optional(),
    parallelism: count("The job's default parallelism, as Flink was asked for it.").optional(),
    savepointPath: word("The savepoint or checkpoint that the run request starts from.").optional(),
    specSavepointPath: word("spec.savepointPath as it was then.").optional(),
    adoptedBy: word(
      "The first half of this FlinkJob's own JobIDs, where the job was not submitted by it (spec.trigger.jobId).",
    ).optional(),
    restarts: count("How many attempts before this one failed in a row.").optional(),
    stableBy: time("By when the upgrade must be stable, or else it is rolled back.").optional(),
    stop: stop.optional(),
    scaling: scaling.optional(),
    cluster: cluster.optional(),
    sends: count("How many run requests of this attempt reached Flink, or may have."),
    tries: count(
      "How many run requests were begun, those that never left included; bounded by spec.submission.maxAttempts.",
    ),
    requestedAt: time("When the trigger was recorded."),
    triedAt: time("When the newest run request was begun.").optional(),
    sentAt: time("When the newest run request was recorded as about to be sent.").optional(),
    sentTo: sentTo.optional(),
    acceptedAt: time("When Flink was first known to have accepted the job.").optional(),
    finishedAt: time("When the trigger was seen to be over.").optional(),
    failure: failure.optional(),
    protection: protection.meta({ description: "What guards against a second run." }).optional(),
  })
  .meta({ description: "The newest run request and what became of it." });
export type TriggerStatus = z.output<typeof triggerStatus>;
