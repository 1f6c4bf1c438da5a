// `npm run dev:flink -- start|stop DIR`: see dev/flink/command.ts.
import { startFlink, stopFlink } from "./flink/cluster.ts";
import { parseCommand, usage } from "./flink/command.ts";
import { buildJobsJar } from "./flink/jobs.ts";
import { UsageError } from "./machine/usage-error.ts";

const progress = (line: string) => process.stderr.write(`${line}\n`);
const print = (result: object) => process.stdout.write(`${JSON.stringify(result)}\n`);

async function main(args: readonly string[]): Promise<void> {
  const command = parseCommand(args);
  switch (command.name) {
    case "help":
      process.stdout.write(usage);
      return;
    case "stop":
      print({ dir: command.dir, stopped: await stopFlink(command.dir) });
      return;
    case "start": {
      const flink = await startFlink({ ...command, progress });
      const jobsJar = await buildJobsJar(flink.version, progress);
      const { url, version, dir, ha, pids, logs } = flink;
      print({ url, version, dir, ha, pids, logs, jobsJar });
    }
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  progress(error instanceof Error ? error.message : String(error));
  if (error instanceof UsageError) progress(`\n${usage}`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
