import * as z from "zod";
import { flinkJobSpec, OPERATORS_TRIGGER_ID, TRIGGER_ID_PATTERN } from "./flinkjob.ts";
import { triggerState } from "./status.ts";
import { pattern, text } from "./text.ts";

const { jar, entryClass, parallelism, savepointPath, allowNonRestoredState, claimMode, flinkConfiguration } =
  flinkJobSpec.shape;

/** The body of `POST /run-async`: Flink's own run request, with the JAR and the trigger ID in it. */
export const runAsyncRequest = z
  .strictObject({
    triggerId: pattern(
      63,
      TRIGGER_ID_PATTERN,
      "Your own stable ID of the submission. Sent again with the same request it is answered the same way and processed once. " +
        "Without one, 32 hexadecimal digits are made; they must not look like an ID that the operator makes (g7, release.g7, release.rollback).",
    )
      .refine((id) => !OPERATORS_TRIGGER_ID.test(id), {
        message: "must not look like an ID that the operator makes (g7, release.g7, release.rollback)",
      })
      .optional(),
    jarId: jar
      .unwrap()
      .shape.id.unwrap()
      .meta({
        description: "JarId of a JAR that was uploaded to the cluster before; or else send the JAR itself.",
      })
      .optional(),
    entryClass,
    programArgsList: z
      .array(text(4096, ""))
      .max(256)
      .meta({ description: "Arguments of main(), one list entry each." })
      .optional(),
    programArgs: text(
      65_536,
      "Arguments of main() in one string, split at blanks outside of quotes; Flink's older way to say programArgsList.",
    ).optional(),
    parallelism,
    savepointPath,
    allowNonRestoredState,
    claimMode,
    restoreMode: claimMode.unwrap().meta({ description: "Flink's older name of claimMode." }).optional(),
    flinkConfiguration,
  })
  .meta({ description: "A run request." });
export type RunAsyncRequest = z.output<typeof runAsyncRequest>;
export type RunAsyncRequestInput = z.input<typeof runAsyncRequest>;

const triggerId = z.string().meta({ description: "The submission's trigger ID." });

/** 202 of `POST /run-async`. */
export const runAsyncAccepted = z.object({ triggerId }).meta({
  description: "The submission is recorded, and will be processed whatever happens to the gateway.",
});
export type RunAsyncAccepted = z.output<typeof runAsyncAccepted>;

const failureCause = z
  .object({
    class: z
      .string()
      .meta({ description: "The reason, one word that a program may match (docs/errors.md)." }),
    "stack-trace": z.string().meta({ description: "The same in a sentence, in the user's own words." }),
  })
  .meta({ description: "Why the submission failed, in the shape of Flink's other asynchronous operations." });

/** Null while in progress; the JobID where Flink accepted the job; else why it did not come to that. */
const operation = z
  .union([
    z.object({ jobId: z.string(), applicationId: z.string().optional() }),
    z.object({ "failure-cause": failureCause }),
    z.null(),
  ])
  .meta({ description: "What came of it; null while IN_PROGRESS." });

const instant = (description: string) => z.string().meta({ description, format: "date-time" }).optional();

/** One submission, as tracking and listing tell of it. */
export const submission = z
  .object({
    triggerId,
    status: z.object({
      id: z.enum(["IN_PROGRESS", "COMPLETED"]).meta({ description: "Whether it has an outcome." }),
    }),
    operation,
    trigger: z
      .object({
        state: triggerState,
        reason: z.string().optional(),
        message: z.string().optional(),
        jobId: z
          .string()
          .meta({ description: "Known before Flink accepts the job: it follows from the FlinkJob." })
          .optional(),
        requestedAt: instant("When the operator recorded it."),
        acceptedAt: instant("When Flink was first known to have accepted the job."),
        finishedAt: instant("When it was seen to be over."),
      })
      .meta({
        description:
          "status.trigger of the FlinkJob (docs/flinkjob.md): follows the job after its submission.",
      }),
    job: z
      .object({ state: z.string().meta({ description: "Flink's own word." }) })
      .meta({ description: "The Flink job as it was last seen." })
      .optional(),
    flinkJob: z
      .object({ namespace: z.string(), name: z.string(), createdAt: instant("When it was submitted.") })
      .meta({ description: "The FlinkJob that is this submission." }),
  })
  .meta({ description: "A submission and what became of it." });
export type Submission = z.output<typeof submission>;

/** One page of `GET /run-async`. */
export const submissionPage = z
  .object({
    submissions: z.array(submission).meta({ description: "The newest first." }),
    continue: z
      .string()
      .meta({ description: "Ask with it for the next page; absent on the last one." })
      .optional(),
  })
  .meta({ description: "A page of submissions." });
export type SubmissionPage = z.output<typeof submissionPage>;

export const LARGEST_PAGE = 500;

/** The query of `GET /run-async`. */
export const submissionQuery = z.strictObject({
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(LARGEST_PAGE)
    .default(100)
    .meta({ description: "Submissions on a page at the most." }),
  continue: z.string().max(1024).meta({ description: "`continue` of the page before." }).optional(),
  state: triggerState.meta({ description: "Only submissions whose trigger is in this state." }).optional(),
});
export type SubmissionQuery = z.output<typeof submissionQuery>;

/** What is answered instead, with a status of 4xx or 5xx. */
export const errorReply = z
  .object({ errors: z.array(z.string()).meta({ description: "What is wrong, and the way out." }) })
  .meta({
    description: "Flink's own error shape. The header x-flinkjob-code names the problem in one word.",
  });
