import * as z from "zod";
import type { Accumulator, ExecutionResult } from "../../core/snapshots.ts";
import { bounded } from "./errors.ts";
import { count } from "./replies.ts";
import { shortened } from "./snapshot-replies.ts";

/** Flink's answers about what a job computed and how it ended; the rules are those of replies.ts. */

const accumulator = z
  .object({ name: z.string(), type: z.string(), value: z.string() })
  .transform(({ name, type, value }): Accumulator => ({ name, type, value: bounded(value) }));
/** GET /jobs/:id/accumulators */
export const accumulators = z
  .object({ "user-task-accumulators": z.array(accumulator) })
  .transform((reply) => reply["user-task-accumulators"]);

/** GET /jobs/:id/execution-result. Its accumulators are serialized Java objects: GET /jobs/:id/accumulators has them readable. */
export const executionResult = z.union([
  z
    .object({ status: z.object({ id: z.literal("IN_PROGRESS") }) })
    .transform((): ExecutionResult => ({ state: "inProgress" })),
  z
    .object({
      "job-execution-result": z.object({
        "application-status": z.enum(["SUCCEEDED", "FAILED", "CANCELED", "UNKNOWN"]),
        "net-runtime": count,
        "failure-cause": z.object({ class: z.string(), "stack-trace": z.string() }).nullish(),
      }),
    })
    .transform((reply): ExecutionResult => {
      const result = reply["job-execution-result"];
      const cause = result["failure-cause"];
      return {
        state: "completed",
        applicationStatus: result["application-status"],
        netRuntime: result["net-runtime"],
        ...(cause && { failure: shortened(cause) }),
      };
    }),
]);

/** GET /jobs/:id/metrics?get=... Values are text; what the JobManager does not have (yet) is not there. */
export const metrics = z
  .array(z.object({ id: z.string(), value: z.string() }))
  .transform((entries) => new Map(entries.map(({ id, value }) => [id, value])));
