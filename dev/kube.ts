// `npm run dev:kube -- start|stop DIR`: see dev/kube/command.ts.
import { startKube, stopKube } from "./kube/cluster.ts";
import { parseCommand, usage } from "./kube/command.ts";
import { runTool } from "./machine/command-line.ts";

await runTool({
  usage,
  parse: parseCommand,
  run: async (command, progress) => {
    if (command.name !== "start") return { dir: command.dir, stopped: await stopKube(command.dir) };
    const { name: _, ...options } = command;
    const kube = await startKube({ ...options, progress });
    const { kind, dir, kubeconfig, tokenKubeconfig, server, port, pids, kubectl } = kube;
    return { kind, dir, kubeconfig, tokenKubeconfig, server, port, pids, kubectl };
  },
});
