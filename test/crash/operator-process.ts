import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runToEnd } from "../../dev/demo/ground.ts";
import type { OperatorStart, RunningOperator } from "./in-process-operator.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Makes the program that `startProcess` starts. */
export async function buildProgram(): Promise<void> {
  await runToEnd(process.execPath, [join(root, "dev/build.ts"), "image"]);
}

/** The operator as a user runs it, the built program in a process that is killed with SIGKILL when it is discarded. */
export function startProcess({ server, namespace }: OperatorStart): RunningOperator {
  const starting = (async () => {
    const dir = await mkdtemp(join(tmpdir(), "flinkjob-operator-"));
    const kubeconfig = join(dir, "kubeconfig");
    await writeFile(kubeconfig, kubeconfigOf(server));
    const flags = [
      ...["--kubeconfig", kubeconfig, "--namespace", namespace, "--poll-interval", "500ms"],
      ...["--submission-backoff", "500ms", "--log-level", "error"],
    ];
    const child = spawn(process.execPath, ["dist/operator.mjs", ...flags], {
      cwd: root,
      stdio: ["ignore", "ignore", "inherit"],
    });
    // Should the run end without having ended it.
    const end = () => child.kill("SIGKILL");
    process.once("exit", end);
    child.once("exit", () => process.off("exit", end));
    return { child, dir };
  })();
  return {
    async discard() {
      const { child, dir } = await starting;
      if (child.exitCode === null && child.signalCode === null) {
        const gone = once(child, "close");
        child.kill("SIGKILL");
        await gone;
      }
      await rm(dir, { recursive: true });
    },
  };
}

function kubeconfigOf(server: string): string {
  const named = { name: "proxy" };
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ ...named, cluster: { server } }],
    users: [{ ...named, user: {} }],
    contexts: [{ ...named, context: { cluster: "proxy", user: "proxy" } }],
    "current-context": "proxy",
  });
}
