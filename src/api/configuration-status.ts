import * as z from "zod";
import { word } from "./status-words.ts";

/** Keys that are told of; more than this many are counted in the event alone. */
export const MOST_KEYS = 50;

const ignored = z
  .object({
    key: word("The key of spec.flinkConfiguration."),
    reason: z
      .enum(["ClusterOption", "ClientOption", "DangerousOption", "UnknownOption", "UnsupportedByVersion"])
      .meta({ description: "Why it has no effect (docs/flink-configuration.md)." }),
    suggestion: word("The key that was probably meant.").optional(),
  })
  .meta({ description: "A key without effect." });

const overridden = z
  .object({
    key: word("The key of spec.flinkConfiguration."),
    by: word("What wins: a field of the spec, or another key."),
  })
  .meta({ description: "A key that loses against something else in the spec." });

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
        description: "Keys that lose against something else in the spec.",
        "x-kubernetes-list-type": "atomic",
      })
      .optional(),
  })
  .meta({ description: "What became of spec.flinkConfiguration in the newest run request." });
export type ConfigurationStatus = z.output<typeof configurationStatus>;
