// `npm run dev:kube -- start|stop DIR`: see dev/kube/command.ts.

import { startKube, stopKube } from "./kube/cluster.ts";
import { parseCommand, usage } from "./kube/command.ts";
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
      print({ dir: command.dir, stopped: await stopKube(command.dir) });
      return;
    case "start": {
      const { name, ...options } = command;
      const kube = await startKube({ ...options, progress });
      const { kind, dir, kubeconfig, tokenKubeconfig, server, port, pids, kubectl } = kube;
      print({ kind, dir, kubeconfig, tokenKubeconfig, server, port, pids, kubectl });
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
