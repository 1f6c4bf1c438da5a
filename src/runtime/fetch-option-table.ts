import { text } from "./option-readers.ts";
import { type OptionDefinition, optionTable } from "./option-table.ts";

const group = "JAR";

/** Every setting of the program that fetches one JAR. */
export const fetchOptionTable = {
  uri: { group, placeholder: "URI", schema: text, description: "Where the JAR is, http or https." },
  sha256: { group, placeholder: "HEX", schema: text, description: "The SHA-256 that it must have." },
  to: { group, placeholder: "FILE", schema: text, description: "Where it goes, as a whole or not at all." },
  maxJarSize: optionTable.maxJarSize,
  jarTimeout: optionTable.jarTimeout,
  denyCidr: optionTable.denyCidr,
  allowCidr: optionTable.allowCidr,
  denyLoopback: optionTable.denyLoopback,
  terminationLog: {
    group,
    placeholder: "FILE",
    schema: text,
    default: "/dev/termination-log",
    description: "Where the kubelet looks for the reason of a failure.",
  },
} as const satisfies Record<string, OptionDefinition<unknown>>;

export const fetchIntroduction = `Usage: fetch-jar [flags]

Fetches one JAR, with the checks of the operator, for a JobManager that starts after it.`;
