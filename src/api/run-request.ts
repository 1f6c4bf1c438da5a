import * as z from "zod";
import { pattern, text } from "./text.ts";

/** With a query (signed links); credentials in a URI would end in the status and in logs, so they are refused. */
export const JAR_URI_PATTERN =
  "^https?://[A-Za-z0-9.\\-_\\[\\]:]+/[A-Za-z0-9._~/%+\\-!$&'()*,;=:@]*(\\?[A-Za-z0-9._~/%+\\-!$&'()*,;=:@?]*)?$";
const CLASS_PATTERN = "^[A-Za-z_$][A-Za-z0-9_$]*(\\.[A-Za-z_$][A-Za-z0-9_$]*)*$";

/** Where a JAR is, for everything that names one. */
export const jarUri = (description: string) => pattern(2048, JAR_URI_PATTERN, description);
export const jarSha256 = pattern(
  64,
  "^[0-9a-f]{64}$",
  "SHA-256 of the JAR at uri, 64 lower-case hexadecimal digits. A JAR with another sum is never handed to Flink.",
);
export const jarPath = pattern(
  1024,
  "^/[A-Za-z0-9._/\\-]+\\.jar$",
  "Path of a JAR that the image holds, such as /opt/flink/usrlib/orders.jar.",
);

export const jobId = (description: string) => pattern(32, "^[0-9a-f]{32}$", description);

/** The run request's own fields: what is run of a JAR, and from where. The same for whatever runs it. */
export const runRequest = {
  entryClass: pattern(512, CLASS_PATTERN, "Class with main(); unset: the JAR's manifest says.").optional(),
  args: z
    .array(text(4096, ""))
    .max(256)
    .meta({ description: "Arguments of main(), one list entry each.", "x-kubernetes-list-type": "atomic" })
    .optional(),
  parallelism: z
    .int()
    .min(1)
    .max(32768)
    .meta({
      description: "Default parallelism of the job; wins over parallelism.default in flinkConfiguration.",
    })
    .optional(),
  savepointPath: text(2048, "Savepoint or checkpoint to start from.").optional(),
  allowNonRestoredState: z
    .boolean()
    .meta({ description: "Start although the savepoint holds state that the job no longer has." })
    .optional(),
  claimMode: z
    .enum(["CLAIM", "NO_CLAIM", "LEGACY"])
    .meta({ description: "Who owns the savepoint afterwards (Flink's own words)." })
    .optional(),
};

/** A value of `flinkConfiguration`; `[]` and `{}` stand for an empty list and an empty map. */
export const configurationValue = z
  .union([
    text(4096, ""),
    z.number(),
    z.boolean(),
    z.array(z.unknown()).max(0),
    z.record(z.string(), z.never()),
  ])
  .meta({
    structural: {
      "x-kubernetes-preserve-unknown-fields": true,
      maxLength: 4096,
      maxItems: 0,
      maxProperties: 0,
    },
  });
export type ConfigurationValue = z.output<typeof configurationValue>;
