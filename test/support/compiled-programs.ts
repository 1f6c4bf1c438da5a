import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Program } from "./operator.ts";

const programs: readonly Program[] = ["src/main.ts", "src/gateway-main.ts"];
const root = fileURLToPath(new URL("../..", import.meta.url));

/** Programs of ours start hundreds of times: Node keeps there what it has compiled, which is half of a start's work. */
export const compiledPrograms = { NODE_COMPILE_CACHE: `${root}node_modules/.cache/compiled` };

/** Node writes when a process ends by itself, and most of those that tests start are killed. */
export async function compilePrograms(): Promise<void> {
  const env = { ...process.env, ...compiledPrograms };
  for (const program of programs)
    await promisify(execFile)(process.execPath, [program, "--help"], { cwd: root, env });
}
