import { parseStartOrStop } from "../machine/command-line.ts";
import { UsageError } from "../machine/usage-error.ts";

export const usage = `Real Apache Flink on this machine, without Docker. Needs Java 11 or newer and Maven.

  npm run dev:flink -- start DIR [options]   start a session cluster, or find the one that runs in DIR
  npm run dev:flink -- stop DIR              end it; checkpoints, logs and HA data stay in DIR

Options of start:
  --version V          2.3 (default), any minor version from 1.17 on, or a full release such as 2.2.1
  --ha                 with ZooKeeper: running jobs survive a killed JobManager
  --slots N            task slots of each TaskManager (default 4)
  --task-managers N    (default 1)
  --config KEY=VALUE   a Flink configuration key; may be repeated

Prints one JSON object: url, version, dir, ha, pids, logs, jobsJar (a JAR with example jobs). All else goes to stderr.
`;

export type FlinkCommand =
  | { readonly name: "help" }
  | { readonly name: "stop"; readonly dir: string }
  | {
      readonly name: "start";
      readonly dir: string;
      readonly version?: string;
      readonly ha: boolean;
      readonly slots?: number;
      readonly taskManagers?: number;
      readonly config: Readonly<Record<string, string>>;
    };

const flags = {
  version: { type: "string" },
  ha: { type: "boolean" },
  slots: { type: "string" },
  "task-managers": { type: "string" },
  config: { type: "string", multiple: true },
} as const;

/** Throws UsageError, which names what it did not understand. */
export function parseCommand(args: readonly string[]): FlinkCommand {
  const command = parseStartOrStop(args, flags);
  if (command.name !== "start") return command;
  const { name, dir, values } = command;
  const slots = positive("slots", values.slots);
  const taskManagers = positive("task-managers", values["task-managers"]);
  return {
    name,
    dir,
    ha: values.ha ?? false,
    config: Object.fromEntries((values.config ?? []).map(keyAndValue)),
    ...(values.version !== undefined && { version: values.version }),
    ...(slots !== undefined && { slots }),
    ...(taskManagers !== undefined && { taskManagers }),
  };
}

function positive(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,3}$/.test(text))
    throw new UsageError(`--${name}: "${text}" is not a whole number of 1 to 9999`);
  return Number(text);
}

function keyAndValue(text: string): [string, string] {
  const at = text.indexOf("=");
  if (at <= 0) throw new UsageError(`--config: expected KEY=VALUE, got "${text}"`);
  return [text.slice(0, at), text.slice(at + 1)];
}
