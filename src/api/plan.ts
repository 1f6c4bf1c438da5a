import * as z from "zod";
import { word } from "./status-words.ts";
import { pattern } from "./text.ts";

/** What Flink's own client calls the part of `POST /jobs` that holds the plan (JobGraph until 1.20, ExecutionPlan since 2.0). */
export const PLAN_FILE_PATTERN = "^flink-(jobgraph|executionPlan)-[0-9a-f]{32}[0-9]{1,20}[.]bin$";
/** What is kept of an execution result, in bytes of UTF-8: with the rest of the status far below what etcd takes. */
export const LONGEST_EXECUTION_RESULT = 32 * 1024;

/** A job that Flink's own client has compiled and sent to the gateway, which hands it over when its cluster is there. */
export const plan = z
  .object({
    file: pattern(80, PLAN_FILE_PATTERN, "The plan's name, the same in all tries of its client."),
  })
  .meta({
    description:
      "Instead of jar: what Flink's own client sent to the gateway, which hands it to the cluster of spec.cluster.perJob. Written by the gateway.",
  });
export type Plan = z.output<typeof plan>;

export const executionResult = z
  .object({
    text: word("JSON, as the JobManager wrote it.").optional(),
    absent: word("Why there is no text.").optional(),
  })
  .meta({ description: "What Flink's own client asks for when a plan's job has ended." });
export type ExecutionResult = z.output<typeof executionResult>;
