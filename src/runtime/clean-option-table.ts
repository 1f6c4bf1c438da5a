import { choice, flag, text } from "./option-readers.ts";
import type { OptionDefinition } from "./option-table.ts";

const group = "Storage";

/** Every setting of the program that removes what a cluster left in its storage. */
export const cleanOptionTable = {
  root: { group, placeholder: "DIR", schema: text, description: "Where the volume is mounted." },
  directory: {
    group,
    placeholder: "NAMESPACE/NAME",
    schema: text,
    description: "What is cleaned: the directory of a cluster, or of all clusters of one FlinkJob.",
  },
  keep: {
    group,
    placeholder: "WHAT",
    schema: choice("Snapshots", "Savepoints"),
    default: "Snapshots",
    description:
      "Snapshots: savepoints, and checkpoints that a job could start from. Savepoints: these alone.",
  },
  needed: {
    group,
    placeholder: "NAME",
    schema: text,
    list: true,
    description: "A directory of checkpoints that stays whatever --keep says. Repeatable.",
  },
  keepResults: {
    group,
    schema: flag,
    default: "false",
    description: "Keep what Flink remembers ended jobs by.",
  },
  terminationLog: {
    group,
    placeholder: "FILE",
    schema: text,
    default: "/dev/termination-log",
    description: "Where the kubelet looks for what stays, or for the reason of a failure.",
  },
} as const satisfies Record<string, OptionDefinition<unknown>>;

export const cleanIntroduction = `Usage: clean-storage [flags]

Removes what the pods of a Flink cluster left in a volume, once they are gone. Savepoints always stay.`;
