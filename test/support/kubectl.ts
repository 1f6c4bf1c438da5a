import { spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { ground } from "./ground.ts";

export interface Printed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs kubectl: the test run's own, or the machine's. Its exit code is the caller's to judge. */
export async function kubectl(run: {
  kubeconfig: string;
  namespace: string;
  args: readonly string[];
  input?: string | undefined;
}): Promise<Printed> {
  const [command = "kubectl", ...first] = ground()?.kubectl ?? ["kubectl"];
  const place = ["--kubeconfig", run.kubeconfig, "--namespace", run.namespace];
  const child = spawn(command, [...first, ...place, ...run.args], { cwd: tmpdir(), stdio: "pipe" });
  child.stdin.end(run.input);
  const printed = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].on("data", (chunk: Buffer) => {
      printed[name] += chunk.toString();
    });
  }
  const [code] = (await once(child, "close")) as [number | null];
  return { code: code ?? -1, ...printed };
}
