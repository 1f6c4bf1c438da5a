import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type FlinkInstance, startFlink } from "../flink/cluster.ts";
import { buildJobsJar } from "../flink/jobs.ts";
import { type KubeInstance, startKube } from "../kube/cluster.ts";
import { checkPrerequisites } from "../machine/prerequisites.ts";
import { openWorkplace } from "../machine/workplace.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Everything that the demo runs, and what it needs to know of it. */
export interface Stage {
  dir: string;
  kube: KubeInstance;
  flink: FlinkInstance;
  /** Where the example JAR is served. */
  jarUri: string;
  operatorLog: string;
  /** Resolves with the exit code if the operator ends by itself. */
  operatorEnded: Promise<number | null>;
  strike(): Promise<void>;
}

/** Starts a control plane, a Flink and the operator, all of this machine and all real. */
export async function buildStage(
  kind: KubeInstance["kind"],
  progress: (line: string) => void,
): Promise<Stage> {
  // All that is missing is named at once, before anything is downloaded or built.
  await checkPrerequisites({ needs: kind === "embedded" ? ["go", "java", "maven"] : ["java", "maven"] });
  const workplace = await openWorkplace("demo", "flinkjob-demo");
  const { dir } = workplace;
  const owner = { ownerPid: process.pid, progress };
  try {
    // One after the other: the first time each of them builds something, and both want all processors.
    const kube = await startKube({ dir: join(dir, "kube"), kind, ...owner });
    workplace.onStrike(() => kube.stop());
    const flink = await startFlink({ dir: join(dir, "flink"), ...owner });
    workplace.onStrike(() => flink.stop());
    const { server, uri } = await serveJar(await buildJobsJar(flink.version, progress));
    workplace.onStrike(async () => server.close());
    await runToEnd(process.execPath, [join(root, "dev/build.ts"), "operator"]);
    await runToEnd(
      kube.kubectl[0] ?? "kubectl",
      [...kube.kubectl.slice(1), "apply", "-k", join(root, "crds")],
      {
        KUBECONFIG: kube.kubeconfig,
      },
    );
    const operatorLog = join(dir, "operator.log");
    const operator = await startOperator(kube.kubeconfig, operatorLog);
    workplace.onStrike(() => end(operator));
    const operatorEnded = once(operator, "exit").then(([code]) => code as number | null);
    return { dir, kube, flink, jarUri: uri, operatorLog, operatorEnded, strike: () => workplace.strike() };
  } catch (error) {
    await workplace.strike();
    throw error;
  }
}

async function startOperator(kubeconfig: string, logFile: string): Promise<ChildProcess> {
  const log = await open(logFile, "a");
  const args = [join(root, "dist/operator.mjs"), "--kubeconfig", kubeconfig, "--log-format", "json"];
  const operator = spawn(process.execPath, args, { stdio: ["ignore", log.fd, log.fd] });
  await once(operator, "spawn");
  await log.close();
  return operator;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
}

async function serveJar(path: string): Promise<{ server: Server; uri: string }> {
  const { size } = await stat(path);
  const server = createServer((_, response) => {
    response.writeHead(200, { "content-type": "application/java-archive", "content-length": size });
    createReadStream(path).pipe(response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  server.unref();
  return { server, uri: `http://127.0.0.1:${(server.address() as AddressInfo).port}/flinkjob-jobs.jar` };
}

/** Runs a command; its standard output. Rejects with what it said when it fails. */
export async function runToEnd(
  command: string,
  args: string[],
  env: NodeJS.ProcessEnv = {},
  input?: string,
): Promise<string> {
  const child = spawn(command, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.end(input);
  const output: string[] = [];
  const said: string[] = [];
  child.stdout.on("data", (chunk) => output.push(String(chunk)));
  child.stderr.on("data", (chunk) => said.push(String(chunk)));
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}: ${said.join("")}`);
  return output.join("");
}
