import * as z from "zod";
import { count, time, word } from "./status-words.ts";

export const restorePoint = z
  .object({
    jobId: word("The job whose state it is."),
    kind: z
      .enum(["savepoint", "checkpoint", "none"])
      .meta({ description: "none: the job left no state beyond what it had started from." }),
    path: word("Where it is.").optional(),
    takenAt: time("When it was taken, by the JobManager's clock.").optional(),
  })
  .meta({ description: "The newest state that a job of this FlinkJob left: what the next one starts from." });
export type RestorePoint = z.output<typeof restorePoint>;

export const stable = z
  .object({
    generation: count("metadata.generation of that spec."),
    runHash: word("Hash of what the job is."),
    spec: z.record(z.string(), z.unknown()).meta({
      description: "Those parts of the spec that say what the job is.",
      structural: {
        type: "object",
        description: "Those parts of the spec that say what the job is.",
        "x-kubernetes-preserve-unknown-fields": true,
      },
    }),
  })
  .meta({ description: "The last stable version, kept while spec.rollback is set." });
export type StableVersion = z.output<typeof stable>;

export const rolledBack = z
  .object({
    runHash: word("Hash of what the job was that did not become stable."),
    triggerId: word("Its trigger."),
    generation: count("metadata.generation that is run instead."),
    reason: word("Why, in one word."),
    message: word("The same in a sentence."),
    at: time("When it was decided."),
  })
  .meta({ description: "The upgrade that was rolled back; it stands until the spec says something else." });
export type RolledBack = z.output<typeof rolledBack>;

export const result = z
  .object({
    accumulators: z
      .record(z.string(), z.string())
      .meta({ description: "The job's accumulators by name, as Flink shows them; the first 50." })
      .optional(),
    runTime: word("How long the job ran, such as 1m30s."),
  })
  .meta({ description: "What a job that finished has left." });
export type JobResult = z.output<typeof result>;

export const stranger = z
  .object({ jobId: word("Its JobID."), state: word("Flink's own word.") })
  .meta({ description: "Another living job under this FlinkJob's JobID prefix." });
export type Stranger = z.output<typeof stranger>;
