// `npm run dev:flink -- start|stop DIR`: see dev/flink/command.ts.
import { startFlink, stopFlink } from "./flink/cluster.ts";
import { parseCommand, usage } from "./flink/command.ts";
import { buildJobsJar } from "./flink/jobs.ts";
import { runTool } from "./machine/command-line.ts";

await runTool({
  usage,
  parse: parseCommand,
  run: async (command, progress) => {
    if (command.name !== "start") return { dir: command.dir, stopped: await stopFlink(command.dir) };
    const flink = await startFlink({ ...command, progress });
    const jobsJar = await buildJobsJar(flink.version, progress);
    const { url, version, dir, ha, pids, logs } = flink;
    return { url, version, dir, ha, pids, logs, jobsJar };
  },
});
