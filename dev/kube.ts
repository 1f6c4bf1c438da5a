// `npm run dev:kube -- start|stop DIR`: see dev/kube/command.ts.
import { chosenImages } from "./image/choice.ts";
import { startKube, stopKube } from "./kube/cluster.ts";
import { parseCommand, usage } from "./kube/command.ts";
import { runTool } from "./machine/command-line.ts";

await runTool({
  usage,
  parse: parseCommand,
  run: async (command, progress) => {
    if (command.name !== "start") return { dir: command.dir, stopped: await stopKube(command.dir) };
    const { name: _, images: choices, ...options } = command;
    const images = choices && (await chosenImages(choices, progress));
    const kube = await startKube({ ...options, ...(images && { node: { images } }), progress });
    const { kind, dir, kubeconfig, tokenKubeconfig, server, port, pids, kubectl, node } = kube;
    const about = { kind, dir, kubeconfig, tokenKubeconfig, server, port, pids, kubectl };
    if (node === undefined) return about;
    const { name, addresses, shared } = node;
    return { ...about, node: { name, images: await node.containers.images(), addresses, shared } };
  },
});
