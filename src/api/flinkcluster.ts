import * as z from "zod";
import { CLUSTER_URL_PATTERN } from "./flinkjob.ts";
import { conditions, protection } from "./status.ts";
import { pattern } from "./text.ts";

/** A Flink session cluster that somebody runs: where it answers. */
export const flinkClusterSpec = z
  .object({
    url: pattern(
      1024,
      CLUSTER_URL_PATTERN,
      "Base address of the JobManager's REST API, such as http://flink-rest.team-a:8081.",
    ),
  })
  .meta({ description: "Where the Flink session cluster answers." });
export type FlinkClusterSpec = z.output<typeof flinkClusterSpec>;

export const flinkClusterStatus = z
  .object({
    observedGeneration: z.int().default(-1).meta({
      description:
        "metadata.generation that this status speaks of; -1 until the operator has seen the object.",
    }),
    flinkVersion: z.string().meta({ description: "Flink's version." }).optional(),
    incarnation: z
      .string()
      .meta({ description: "The JobManager process: a UUID that Flink makes at each start." })
      .optional(),
    protection: protection
      .meta({
        description:
          "What guards against a second run. Durable: high availability with job results kept. RunningJobs: high availability with " +
          "defaults. JobManagerLifetime: none.",
      })
      .optional(),
    conditions: conditions.optional(),
  })
  .meta({ description: "What the operator observed. Written by the operator alone." });
export type FlinkClusterStatus = z.output<typeof flinkClusterStatus>;
