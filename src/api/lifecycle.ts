import * as z from "zod";
import { durationMaxLength, durationPattern } from "./duration.ts";
import { pattern } from "./text.ts";

/** An absolute path, or a URI of some file system. */
export const SAVEPOINT_DIRECTORY_PATTERN = "^(/|[A-Za-z][A-Za-z0-9+.\\-]*:/)[A-Za-z0-9._~/%+\\-=@:,]*$";

/** A duration as users write it. */
export const duration = (description: string) => pattern(durationMaxLength, durationPattern, description);

/** Bounds of `restartPolicy: OnFailure`. */
export const restart = z
  .object({
    limit: z
      .int()
      .min(1)
      .max(1000)
      .default(5)
      .meta({ description: "How many new attempts follow each other, until one runs for ten minutes." }),
    backoff: duration(
      "The wait before the first new attempt, such as 10s; it doubles with each, up to 10 minutes.",
    ).default("10s"),
  })
  .meta({ description: "Bounds of restartPolicy: OnFailure." });

/** The wish to go back from an upgrade that does not become stable. */
export const rollback = z
  .object({
    deadline: duration(
      "How long an upgrade may take, from its record to a job whose tasks have all run for 30 seconds.",
    ).default("5m"),
  })
  .meta({
    description:
      "If set: an upgrade that is not stable within the deadline goes back to the last stable spec and the state it had, and stays there until the spec changes.",
  });

/** How savepoints of a job are taken. */
export const savepoints = z
  .object({
    directory: pattern(
      1024,
      SAVEPOINT_DIRECTORY_PATTERN,
      "Where savepoints go, such as s3://bucket/savepoints. Unset: the cluster's execution.checkpointing.savepoint-dir.",
    ).optional(),
    formatType: z
      .enum(["CANONICAL", "NATIVE"])
      .meta({ description: "Flink's savepoint format. Unset: Flink's default." })
      .optional(),
    interval: duration(
      "How often a savepoint is taken while the job runs, such as 6h: a FlinkSavepoint each time. Unset: none. Less than 1s counts as 1s.",
    ).optional(),
    historyLimit: z.int().min(1).max(1000).default(10).meta({
      description: "How many of those are kept: older ones are deleted, and their files disposed of.",
    }),
    recordOnDeletion: z
      .boolean()
      .meta({
        description:
          "With deletionPolicy: Savepoint, whether a FlinkSavepoint that outlives the FlinkJob names the savepoint that the job was stopped with.",
      })
      .optional(),
  })
  .meta({ description: "How savepoints of this job are taken." });
