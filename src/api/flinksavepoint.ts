import * as z from "zod";
import { NAME_PATTERN } from "./flinkjob.ts";
import { SAVEPOINT_DIRECTORY_PATTERN } from "./lifecycle.ts";
import { conditions } from "./status.ts";
import { count, time, word } from "./status-words.ts";
import { pattern, withRules } from "./text.ts";

const alreadyExists = z
  .object({
    path: pattern(
      2048,
      SAVEPOINT_DIRECTORY_PATTERN,
      "Where the savepoint is, such as s3://bucket/savepoints/savepoint-1",
    ),
    jobId: pattern(32, "^[0-9a-f]{32}$", "The job whose state it is, if known.").optional(),
  })
  .meta({ description: "A savepoint that is there already: nothing is taken, the object only names it." });

/** In CEL: an optional field is as it was. */
const same = (field: string) =>
  `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || self.${field} == oldSelf.${field})`;

/** What users write: a savepoint that should be taken of a FlinkJob's job, once. */
export const flinkSavepointSpec = withRules(
  z.object({
    job: z
      .object({ name: pattern(253, NAME_PATTERN, "Name of a FlinkJob in the same namespace.") })
      .meta({ description: "The FlinkJob whose job it is a savepoint of." }),
    directory: pattern(
      1024,
      SAVEPOINT_DIRECTORY_PATTERN,
      "Where the savepoint goes. Unset: spec.savepoints.directory of the FlinkJob, else the cluster's own.",
    ).optional(),
    formatType: z
      .enum(["CANONICAL", "NATIVE"])
      .meta({ description: "Flink's savepoint format. Unset: that of the FlinkJob, else Flink's default." })
      .optional(),
    alreadyExists: alreadyExists.optional(),
    disposeOnDelete: z.boolean().default(false).meta({
      description: "Whether the savepoint's files are deleted, by Flink, before the FlinkSavepoint goes.",
    }),
    backoffLimit: z
      .int()
      .min(0)
      .max(100)
      .default(4)
      .meta({ description: "How often a savepoint that failed is asked for again, before it is given up." }),
  }),
  "The savepoint that is wanted. But for disposeOnDelete it cannot be changed: make another FlinkSavepoint.",
  [
    {
      rule: "!has(self.alreadyExists) || !(has(self.directory) || has(self.formatType))",
      message: "spec.alreadyExists goes without spec.directory and spec.formatType: nothing is taken",
      holds: ({ alreadyExists, directory, formatType }) =>
        alreadyExists === undefined || (directory === undefined && formatType === undefined),
    },
    {
      rule: [
        "self.job.name == oldSelf.job.name && self.backoffLimit == oldSelf.backoffLimit",
        same("directory"),
        same("formatType"),
        "has(self.alreadyExists) == has(oldSelf.alreadyExists)",
        // Whole objects cannot be compared within the API server's cost budget.
        "(!has(self.alreadyExists) || self.alreadyExists.path == oldSelf.alreadyExists.path)",
      ].join(" && "),
      message: "spec cannot be changed, but for spec.disposeOnDelete: make another FlinkSavepoint",
      // There is no older version to compare a spec with here.
      holds: () => true,
    },
  ],
);
export type FlinkSavepointSpec = z.output<typeof flinkSavepointSpec>;
export type FlinkSavepointSpecInput = z.input<typeof flinkSavepointSpec>;

const sentTo = z
  .object({
    url: word("REST address of the JobManager."),
    incarnation: word("The JobManager process: a UUID that Flink makes at each start."),
  })
  .meta({ description: "Where the request goes, recorded before it is sent." });

export const savepointState = z.enum(["pending", "inProgress", "completed", "failed", "abandoned"]);
export type SavepointState = z.output<typeof savepointState>;

export const flinkSavepointStatus = z
  .object({
    observedGeneration: z.int().default(-1).meta({
      description:
        "metadata.generation that this status speaks of; -1 until the operator has seen the object.",
    }),
    state: savepointState
      .meta({
        description:
          "pending: not asked for yet, or after a failure. inProgress: recorded, and Flink is asked. completed, failed and " +
          "abandoned are final.",
      })
      .optional(),
    reason: word("Where it stands within its state, in one word.").optional(),
    message: word("The same in a sentence.").optional(),
    path: word("Where the savepoint is.").optional(),
    jobId: word("The Flink job that it is of, recorded before Flink is asked.").optional(),
    operationId: word(
      "Its trigger ID at Flink: the same for the same job, FlinkSavepoint and number, whoever computes it.",
    ).optional(),
    number: count("Counts the savepoints that Flink was asked for, from 1.").optional(),
    sentTo: sentTo.optional(),
    newestBefore: count(
      "The job's newest checkpoint before the request: a later savepoint is as good as this one.",
    ).optional(),
    requestedAt: time("When the newest request for it was recorded, before Flink was asked.").optional(),
    takenAt: time(
      "When Flink began to take it, by the JobManager's clock; requestedAt where it did not tell.",
    ).optional(),
    completedAt: time("When it was seen to be complete.").optional(),
    failures: count("How many of them failed.").optional(),
    failedAt: time("When the newest one was seen to have failed.").optional(),
    conditions: conditions.optional(),
  })
  .meta({ description: "What the operator observed. Written by the operator alone." });
export type FlinkSavepointStatus = z.output<typeof flinkSavepointStatus>;
