import { type ParseArgsConfig, parseArgs } from "node:util";
import { UsageError } from "./usage-error.ts";

type Flags = NonNullable<ParseArgsConfig["options"]>;
type Values<F extends Flags> = ReturnType<typeof parseArgs<{ options: F; allowPositionals: true }>>["values"];

/** `start|stop DIR [flags]`, or a wish for help. */
export type StartOrStop<F extends Flags> =
  | { readonly name: "help" }
  | { readonly name: "stop"; readonly dir: string }
  | { readonly name: "start"; readonly dir: string; readonly values: Values<F> };

/** Reads the command line of a tool that starts and stops something in a directory. Throws UsageError. */
export function parseStartOrStop<const F extends Flags>(args: readonly string[], flags: F): StartOrStop<F> {
  const { values, positionals } = parse(args, { ...flags, help: { type: "boolean", short: "h" } });
  if ((values as { help?: boolean }).help) return { name: "help" };
  const [name, dir, ...rest] = positionals;
  if (name !== "start" && name !== "stop")
    throw new UsageError(`Expected start or stop, got ${name ?? "nothing"}`);
  if (dir === undefined || dir === "") throw new UsageError(`${name}: DIR is missing`);
  if (rest.length > 0) throw new UsageError(`${name}: one DIR only, also got ${rest.join(" ")}`);
  if (name === "start") return { name, dir, values: values as Values<F> };
  const [flag] = Object.keys(values);
  if (flag !== undefined) throw new UsageError(`stop: does not know --${flag}`);
  return { name, dir };
}

function parse(args: readonly string[], options: Flags) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options });
  } catch (cause) {
    // Node's own message names the flag, and goes on with advice that does not fit here.
    const [message = ""] = (cause instanceof Error ? cause.message : String(cause)).split(". ");
    throw new UsageError(message, { cause });
  }
}

/** What a tool does for each command; results go to standard output as one JSON object, all else to standard error. */
export interface Tool<C extends { name: string }> {
  usage: string;
  parse(args: readonly string[]): C;
  run(command: Exclude<C, { name: "help" }>, progress: (line: string) => void): Promise<object>;
}

/** Runs a tool with this process's arguments: exit code 2 for what it does not understand, 1 for what fails. */
export async function runTool<C extends { name: string }>({ usage, parse, run }: Tool<C>): Promise<void> {
  const progress = (line: string) => void process.stderr.write(`${line}\n`);
  try {
    const command = parse(process.argv.slice(2));
    if (command.name === "help") process.stdout.write(usage);
    else
      process.stdout.write(
        `${JSON.stringify(await run(command as Exclude<C, { name: "help" }>, progress))}\n`,
      );
  } catch (error) {
    progress(error instanceof Error ? error.message : String(error));
    if (error instanceof UsageError) progress(`\n${usage}`);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}
