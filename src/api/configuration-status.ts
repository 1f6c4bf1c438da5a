import * as z from "zod";
import { word } from "./status-words.ts";

/** Keys that are told of; more than this many are counted in the event alone. */
export const MOST_KEYS = 50;

const ignored = z
  .object({
    key: word("The key in spec.flinkConfiguration, or in what spec.flinkConfigurationFrom names."),
    reason: z
      .enum([
        "ClusterOption",
        "ClientOption",
        "DangerousOption",
        "UnknownOption",
        "UnsupportedByVersion",
        "ShownOption",
      ])
      .meta({ description: "Why it has no effect (docs/flink-configuration.md)." }),
    suggestion: word("The key that was probably meant.").optional(),
  })
  .meta({ description: "A key without effect." });

const overridden = z
  .object({
    key: word("The key in spec.flinkConfiguration, or in what spec.flinkConfigurationFrom names."),
    by: word("What wins: a field of the spec, another key, or the job's own code (user code)."),
  })
  .meta({ description: "A key that loses." });

/** What became of spec.flinkConfiguration in the newest run request. Values are never told. */
export const configurationStatus = z
  .object({
    ignored: z
      .array(ignored)
      .max(MOST_KEYS)
      .meta({ description: "Keys without effect.", "x-kubernetes-list-type": "atomic" })
      .optional(),
    overridden: z
      .array(overridden)
      .max(MOST_KEYS)
      .meta({
        description: "Keys that lose against something else in the spec, or against the job's own code.",
        "x-kubernetes-list-type": "atomic",
      })
      .optional(),
  })
  .meta({ description: "What became of spec.flinkConfiguration in the newest run request." });
export type ConfigurationStatus = z.output<typeof configurationStatus>;
