import * as z from "zod";
import { configurationStatus } from "./configuration-status.ts";
import { restorePoint, result, rolledBack, stable, stranger } from "./left-behind.ts";
import { executionResult } from "./plan.ts";
import { count, time, word } from "./status-words.ts";
import { triggerStatus } from "./trigger-status.ts";

export type { JobResult, RestorePoint, RolledBack, StableVersion, Stranger } from "./left-behind.ts";
export {
  MOST_FIXED,
  type OwnClusterStatus,
  type Protection,
  protection,
  type ScalingStatus,
  type StopStatus,
  type TriggerState,
  type TriggerStatus,
  triggerState,
  triggerStatus,
} from "./trigger-status.ts";

/** A condition, as every Kubernetes API has it. */
export const condition = z
  .object({
    type: word("What is said: Ready, Reconciling, Stalled, Submitted or Succeeded.").meta({ maxLength: 316 }),
    status: z.enum(["True", "False", "Unknown"]).meta({ description: "Whether it is so." }),
    observedGeneration: count("metadata.generation that this condition speaks of.").optional(),
    lastTransitionTime: time("When status last changed."),
    reason: word("Why, in one word a program may match (docs/errors.md).").meta({ maxLength: 1024 }),
    message: word("The same in a sentence.").meta({ maxLength: 32768 }),
  })
  .meta({ description: "One observation of the object's state." });

export const conditions = z.array(condition).meta({
  description:
    "Ready, Reconciling and Stalled follow kstatus, so kubectl wait, ArgoCD and Flux understand them.",
  "x-kubernetes-list-type": "map",
  "x-kubernetes-list-map-keys": ["type"],
});

const pastTrigger = triggerStatus
  .pick({
    id: true,
    state: true,
    jobId: true,
    attempt: true,
    requestedAt: true,
    finishedAt: true,
    savepointPath: true,
    failure: true,
  })
  .meta({ description: "An earlier trigger or attempt." });

const job = z
  .object({
    id: word("Flink's JobID."),
    name: word("The job's name in Flink.").optional(),
    state: word("Flink's own word: INITIALIZING, CREATED, RUNNING, RESTARTING, FINISHED ..."),
    startTime: time("When Flink started the job.").optional(),
    endTime: time("When Flink saw it end.").optional(),
    webUrl: word("The job's page in Flink's web UI.").optional(),
    restarts: count("How often it restarted since its JobManager started it; read when it does.").optional(),
    lastException: z
      .object({ at: time("When."), message: word("The user's own words, no stack trace.") })
      .meta({ description: "Why it restarted last." })
      .optional(),
  })
  .meta({ description: "The Flink job as its JobManager reports it." });
export type JobStatus = z.output<typeof job>;

export const flinkJobStatus = z
  .object({
    observedGeneration: z.int().default(-1).meta({
      description:
        "metadata.generation that this status speaks of; -1 until the operator has seen the object.",
    }),
    state: word(
      "One word for people: Pending, Starting, Running, Suspended, Finished, Failed, Canceled, Unknown, Deleting.",
    ).optional(),
    cluster: word("The cluster, by name or by host.").optional(),
    trigger: triggerStatus.optional(),
    history: z
      .array(pastTrigger)
      .max(10)
      .meta({
        description: "Earlier triggers and attempts, newest first.",
        "x-kubernetes-list-type": "atomic",
      })
      .optional(),
    job: job.optional(),
    configuration: configurationStatus.optional(),
    result: result.optional(),
    executionResult: executionResult.optional(),
    restorePoint: restorePoint.optional(),
    stable: stable.optional(),
    rolledBack: rolledBack.optional(),
    strangers: z
      .array(stranger)
      .max(10)
      .meta({
        description: "Jobs under this FlinkJob's prefix that live beside the trigger's.",
        "x-kubernetes-list-type": "atomic",
      })
      .optional(),
    conditions: conditions.optional(),
  })
  .meta({ description: "What the operator observed. Written by the operator alone." });

export type FlinkJobStatus = z.output<typeof flinkJobStatus>;
export type PastTrigger = z.output<typeof pastTrigger>;
