import {
  flagOf,
  type OptionDefinition,
  type Options,
  type OptionsOf,
  optionTable,
  variableOf,
} from "./option-table.ts";

export type { Options } from "./option-table.ts";

export type OptionTable = Readonly<Record<string, OptionDefinition<unknown>>>;

/** A flag or variable that cannot be used. Its message is one line that names it and the way out; exit with `exitCode`. */
export class OptionsError extends Error {
  override readonly name = "OptionsError";
  readonly code = "FLINKJOB_OPTIONS";
  readonly exitCode = 2;
  readonly retryable = false;
}

/** What the command line asks for. */
export type Command<Settings = Options> =
  | { readonly kind: "run"; readonly options: Settings }
  | { readonly kind: "help" }
  | { readonly kind: "version" };

export interface CommandLine {
  /** Without the program's own name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

interface Given {
  /** What to name in a message: the flag or the variable. */
  readonly source: string;
  readonly texts: string[];
}

/** The operator's settings. Throws OptionsError. */
export function parseCommandLine(commandLine: CommandLine): Command {
  const command = readCommandLine(optionTable, "the operator", commandLine);
  if (command.kind === "run") refuseClashes(command.options);
  return command;
}

/**
 * Reads flags (`--flag value`, `--flag=value`, `--boolean`, `--no-boolean`) and FLINKJOB_* variables. A flag wins over
 * its variable, a variable over the default. Throws OptionsError.
 */
export function readCommandLine<Table extends OptionTable>(
  table: Table,
  program: string,
  { argv, env }: CommandLine,
): Command<OptionsOf<Table>> {
  const given = readFlags(table, program, argv);
  if (given === "help" || given === "version") return { kind: given };
  const inCluster = isInCluster(env) && !given.has("kubeconfig") && !env[variableOf("kubeconfig")];
  const values: Record<string, unknown> = {};
  for (const [name, definition] of Object.entries(table)) {
    values[name] = read(
      definition,
      given.get(name) ?? fromVariable(name, env) ?? fallback(name, definition, inCluster),
    );
  }
  return { kind: "run", options: values as OptionsOf<Table> };
}

/** Whether this process is a pod: the kubelet sets this variable in every container. */
export function isInCluster(env: CommandLine["env"]): boolean {
  return Boolean(env.KUBERNETES_SERVICE_HOST);
}

function readFlags(
  table: OptionTable,
  program: string,
  argv: readonly string[],
): Map<string, Given> | "help" | "version" {
  const nameByFlag = new Map(Object.keys(table).map((name) => [flagOf(name), name]));
  if (argv.some((word) => word === "--help" || word === "-h" || word === "help")) return "help";
  if (argv.includes("--version")) return "version";
  const given = new Map<string, Given>();
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? "";
    if (!word.startsWith("-"))
      throw new OptionsError(`unexpected argument "${word}"; ${program} takes flags only`);
    const equals = word.indexOf("=");
    const flag = equals < 0 ? word : word.slice(0, equals);
    const negated = flag.startsWith("--no-") ? nameByFlag.get(flag.replace("--no-", "--")) : undefined;
    const name = nameByFlag.get(flag) ?? negated;
    const definition = name === undefined ? undefined : table[name];
    if (name === undefined || definition === undefined) throw unknownFlag(flag, nameByFlag);
    const isBoolean = !("placeholder" in definition);
    let text = equals < 0 ? undefined : word.slice(equals + 1);
    if (negated !== undefined) {
      if (!isBoolean || text !== undefined) throw unknownFlag(flag, nameByFlag);
      text = "false";
    } else if (isBoolean) {
      text ??= "true";
    } else if (text === undefined) {
      text = argv[++index];
      if (text === undefined || text.startsWith("--")) {
        throw new OptionsError(`${flag} needs a value: ${flag} ${definition.placeholder}`);
      }
    }
    const previous = given.get(name);
    if (previous && "list" in definition) previous.texts.push(text);
    else given.set(name, { source: flag, texts: [text] });
  }
  return given;
}

function fromVariable(name: string, env: CommandLine["env"]): Given | undefined {
  const text = env[variableOf(name)];
  // An empty variable counts as absent: templates and shells leave such behind.
  return text === undefined || text === "" ? undefined : { source: variableOf(name), texts: [text] };
}

function fallback(
  name: string,
  definition: OptionDefinition<unknown>,
  inCluster: boolean,
): Given | undefined {
  const text = (inCluster ? definition.defaultInCluster : undefined) ?? definition.default;
  return text === undefined ? undefined : { source: flagOf(name), texts: [text] };
}

function read(definition: OptionDefinition<unknown>, given: Given | undefined): unknown {
  if (!definition.list) return given && check(definition, given.source, given.texts.at(-1) ?? "");
  const words = (given?.texts ?? []).flatMap((text) => text.split(","));
  return words.map((word) => check(definition, given?.source ?? "", word));
}

function check(definition: OptionDefinition<unknown>, source: string, text: string): unknown {
  const result = definition.schema.safeParse(text);
  if (result.success) return result.data;
  throw new OptionsError(`${source}: "${text}" is not ${result.error.issues[0]?.message ?? "valid"}`);
}

/** Throws OptionsError. */
export function refuseClashes({
  metricsAddress: metrics,
  healthAddress: health,
}: Pick<Options, "metricsAddress" | "healthAddress">): void {
  if ("off" in metrics || "off" in health || metrics.port === 0) return;
  if (metrics.port === health.port && metrics.host === health.host) {
    throw new OptionsError(
      "--metrics-address and --health-address are the same; give one of them another port",
    );
  }
}

function unknownFlag(flag: string, nameByFlag: ReadonlyMap<string, string>): OptionsError {
  const nearest = [...nameByFlag.keys()]
    .map((known) => ({ known, distance: editDistance(flag, known) }))
    .sort((a, b) => a.distance - b.distance)[0];
  const hint = nearest && nearest.distance <= 3 ? `did you mean ${nearest.known}?` : "--help lists them all";
  return new OptionsError(`unknown flag ${flag}; ${hint}`);
}

/** Letters to insert, delete or replace to get from one word to the other. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= Math.min(from.length, 100); i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
