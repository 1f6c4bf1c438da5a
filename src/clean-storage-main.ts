// What a pod of the operator's does after a cluster has gone: it removes what that left in its volume, and says what stays
// where the kubelet, and then the operator, reads it.
import { writeFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { cleanDirectory, DirectoryRefused } from "./flink/storage/cluster-directory.ts";
import { cleanIntroduction, cleanOptionTable } from "./runtime/clean-option-table.ts";
import { helpText } from "./runtime/option-help.ts";
import type { OptionsOf } from "./runtime/option-table.ts";
import { OptionsError, readCommandLine } from "./runtime/options.ts";
import { exitCodes } from "./runtime/shutdown.ts";

const VERSION = process.env.FLINKJOB_VERSION ?? "development";
/** A volume over the network may not answer at once. */
const PAUSES_MS = [1_000, 3_000];
/** Names that are told; the kubelet takes no more than 4 KiB. */
const MOST_NAMES = 20;

type Options = OptionsOf<typeof cleanOptionTable>;

async function run(options: Options): Promise<string> {
  const { root, directory, keep, needed, keepResults } = options;
  if (root === undefined || directory === undefined)
    throw new OptionsError("--root and --directory are needed");
  const request = { root, directory, keep, needed, keepResults };
  for (const pause of PAUSES_MS) {
    try {
      return told(await cleanDirectory(request));
    } catch (error) {
      if (error instanceof DirectoryRefused) throw error;
      process.stderr.write(`${wordsOf(error)}\n`);
      await setTimeout(pause);
    }
  }
  return told(await cleanDirectory(request));
}

function told(stays: readonly string[]): string {
  if (stays.length === 0) return "Nothing stays.";
  const more = stays.length > MOST_NAMES ? ` and ${stays.length - MOST_NAMES} more` : "";
  return `These stay: ${stays.slice(0, MOST_NAMES).join(", ")}${more}.`;
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const command = readCommandLine(cleanOptionTable, "clean-storage", {
  argv: process.argv.slice(2),
  env: process.env,
});
if (command.kind === "help") process.stdout.write(helpText(cleanOptionTable, cleanIntroduction, "step"));
else if (command.kind === "version")
  process.stdout.write(`flinkjob-clean-storage ${VERSION} (Node ${process.version})\n`);
else {
  const { terminationLog } = command.options;
  try {
    const words = await run(command.options);
    process.stdout.write(`${words}\n`);
    await writeFile(terminationLog, words);
  } catch (error) {
    process.stderr.write(`${wordsOf(error)}\n`);
    await writeFile(terminationLog, wordsOf(error));
    process.exitCode = exitCodes.failed;
  }
}
