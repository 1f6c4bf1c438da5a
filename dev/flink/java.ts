import { execFile, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { digest } from "../machine/digest.ts";

const run = promisify(execFile);

/** The path of a JDK's tool: of JAVA_HOME when that is set, otherwise the one on PATH. */
export function jdkTool(
  name: "java" | "javac" | "jar" | "jlink" | "keytool",
  env: NodeJS.ProcessEnv = process.env,
): string {
  const home = env.JAVA_HOME;
  return home ? join(home, "bin", name) : name;
}

/**
 * A name for exactly this Java virtual machine, e.g. "17.0.15-1f2e3d4c5b6a". Class data sharing archives made by one are
 * of no use to another.
 */
export async function javaKey(): Promise<string> {
  const { stderr } = await run(jdkTool("java"), ["-XshowSettings:properties", "-version"]);
  const property = (name: string) =>
    new RegExp(`^\\s*${name.replaceAll(".", "\\.")} = (.*)$`, "m").exec(stderr)?.[1] ?? "";
  const version = property("java.version");
  return `${version}-${digest(property("java.home"), property("java.vm.version"), property("os.arch"))}`;
}

/** A tool ended with an error; the message holds Maven's errors, or the end of what it printed. */
export class ToolError extends Error {
  readonly code = "TOOL_FAILED";
  constructor(what: string, output: readonly string[], options?: ErrorOptions) {
    const errors = output.filter((line) => line.startsWith("[ERROR]"));
    const shown = errors.length > 0 ? errors.slice(0, 8) : output.slice(-20);
    super(`${what} failed:\n${shown.join("\n")}`, options);
    this.name = "ToolError";
  }
}

/** Runs a tool to its end, handing over each line it prints. Throws ToolError. */
export async function runTool(
  what: string,
  command: string,
  args: readonly string[],
  onLine: (line: string) => void = () => {},
): Promise<void> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  const kept: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      kept.push(line);
      if (kept.length > 200) kept.shift();
      onLine(line);
    });
  }
  const status = await new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
    child.once("error", (cause) => reject(new ToolError(what, [String(cause)], { cause })));
    child.once("close", (code, signal) => resolve(code ?? signal));
  });
  if (status !== 0) throw new ToolError(what, [...kept, `(exit ${status})`]);
}
