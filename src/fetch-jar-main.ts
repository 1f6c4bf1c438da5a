// The step before a JobManager of one job: fetches its JAR, or says why not where the kubelet, and then the operator, reads it.
import { writeFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { JarError } from "./flink/jars/jar-errors.ts";
import { fetchJar } from "./flink/jars/jar-file.ts";
import { JarSource } from "./flink/jars/jar-source.ts";
import { Destinations } from "./flink/rest/destinations.ts";
import { fetchIntroduction, fetchOptionTable } from "./runtime/fetch-option-table.ts";
import { helpText } from "./runtime/option-help.ts";
import type { OptionsOf } from "./runtime/option-table.ts";
import { OptionsError, readCommandLine } from "./runtime/options.ts";
import { exitCodes } from "./runtime/shutdown.ts";

const VERSION = process.env.FLINKJOB_VERSION ?? "development";
/** After these the kubelet starts it again, with waits that grow to five minutes. */
const PAUSES_MS = [1_000, 2_000];

type Options = OptionsOf<typeof fetchOptionTable>;

async function run(options: Options): Promise<void> {
  const { uri, sha256, to, denyCidr, allowCidr, denyLoopback, maxJarSize, jarTimeout } = options;
  if (uri === undefined || to === undefined) throw new OptionsError("--uri and --to are needed");
  const destinations = new Destinations({ deny: denyCidr, allow: allowCidr, loopback: !denyLoopback });
  const source = new JarSource({ destinations });
  const request = { uri, sha256, longest: maxJarSize, deadlineMs: jarTimeout };
  try {
    for (const pause of [...PAUSES_MS, undefined]) {
      try {
        const jar = await fetchJar(source, to, request);
        process.stdout.write(`Fetched ${jar.size} bytes with SHA-256 ${jar.sha256}\n`);
        return;
      } catch (error) {
        if (pause === undefined || !mayPass(error)) throw error;
        process.stderr.write(`${error.code}: ${error.message}\n`);
        await setTimeout(pause);
      }
    }
  } finally {
    await source.close();
  }
}

/** A network that is not there yet, a server that starts. What took long is told before it is tried again. */
function mayPass(error: unknown): error is JarError {
  return error instanceof JarError && error.code === "JarFetchFailed" && error.retry !== "never";
}

/** What the operator's status says is the code and the rest. */
async function report(problem: unknown, { terminationLog }: Options): Promise<void> {
  const { code, message } =
    problem instanceof JarError ? problem : new JarError("JarFetchFailed", String(problem));
  process.stderr.write(`${code}: ${message}\n`);
  await writeFile(terminationLog, `${code}: ${message}`);
}

const command = readCommandLine(fetchOptionTable, "fetch-jar", {
  argv: process.argv.slice(2),
  env: process.env,
});
if (command.kind === "help") process.stdout.write(helpText(fetchOptionTable, fetchIntroduction, "step"));
else if (command.kind === "version")
  process.stdout.write(`flinkjob-fetch-jar ${VERSION} (Node ${process.version})\n`);
else {
  try {
    await run(command.options);
  } catch (error) {
    await report(error, command.options);
    process.exitCode = exitCodes.failed;
  }
}
