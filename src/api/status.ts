import * as z from "zod";

const time = (description: string) => z.string().meta({ description, format: "date-time" });
const word = (description: string) => z.string().meta({ description });
const count = (description: string) => z.int().meta({ description });

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
  })
  .meta({
    description: "Where the run request goes, recorded before it is sent; later where the job was last seen.",
  });

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
    generation: count("metadata.generation of the spec that the run request was made from."),
    runHash: word("Hash of those parts of the spec that say what the job is."),
    unsettledHash: word(
      "Hash of an earlier request under the same JobID whose outcome is still unknown.",
    ).optional(),
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

const pastTrigger = triggerStatus
  .pick({
    id: true,
    state: true,
    jobId: true,
    attempt: true,
    requestedAt: true,
    finishedAt: true,
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
      "One word for people: Pending, Starting, Running, Finished, Failed, Canceled, Unknown, Deleting.",
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
    conditions: conditions.optional(),
  })
  .meta({ description: "What the operator observed. Written by the operator alone." });

export type FlinkJobStatus = z.output<typeof flinkJobStatus>;
export type PastTrigger = z.output<typeof pastTrigger>;
