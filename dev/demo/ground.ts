import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type FlinkInstance, type StartFlinkOptions, startFlink } from "../flink/cluster.ts";
import type { Image } from "../image/image.ts";
import { type KubeInstance, startKube } from "../kube/cluster.ts";
import { checkPrerequisites } from "../machine/prerequisites.ts";
import { openWorkplace, type Workplace } from "../machine/workplace.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The operator as it is shipped, in a process of its own. */
export interface OperatorProcess {
  /** Resolves with its exit code when it has ended; null when a signal ended it. */
  readonly ended: Promise<number | null>;
  end(signal?: NodeJS.Signals): Promise<void>;
}

/** What every demo stands on: a control plane with the CRDs, and the built operator. All of this machine and all real. */
export class Ground {
  readonly kube: KubeInstance;
  readonly operatorLog: string;
  readonly #workplace: Workplace;
  readonly #progress: (line: string) => void;

  private constructor(workplace: Workplace, kube: KubeInstance, progress: (line: string) => void) {
    this.#workplace = workplace;
    this.#progress = progress;
    this.kube = kube;
    this.operatorLog = join(workplace.dir, "operator.log");
  }

  /** With a node that runs pods of `images`, if there are any: embedded only, and root on Linux only. */
  static async prepare(
    kind: KubeInstance["kind"],
    progress: (line: string) => void,
    images: readonly Image[] = [],
  ): Promise<Ground> {
    // All that is missing is named at once, before anything is downloaded or built.
    await checkPrerequisites({ needs: kind === "embedded" ? ["go", "java", "maven"] : ["java", "maven"] });
    const workplace = await openWorkplace("demo", "flinkjob-demo");
    try {
      const dir = join(workplace.dir, "kube");
      const node = images.length > 0 ? { node: { images } } : {};
      const kube = await startKube({ dir, kind, ...node, ownerPid: process.pid, progress });
      workplace.onStrike(() => kube.stop());
      await runToEnd(process.execPath, [join(root, "dev/build.ts"), "operator"]);
      const [command = "kubectl", ...first] = kube.kubectl;
      const env = { KUBECONFIG: kube.kubeconfig };
      await runToEnd(command, [...first, "apply", "-k", join(root, "crds")], env);
      return new Ground(workplace, kube, progress);
    } catch (error) {
      await workplace.strike();
      throw error;
    }
  }

  get dir(): string {
    return this.#workplace.dir;
  }

  async flink(name: string, options: Omit<StartFlinkOptions, "dir"> = {}): Promise<FlinkInstance> {
    const dir = join(this.dir, name);
    const flink = await startFlink({
      dir,
      ownerPid: process.pid,
      progress: this.#progress,
      ...options,
    });
    this.#workplace.onStrike(() => flink.stop());
    return flink;
  }

  /** The address under which a JAR is served. */
  async serveJar(path: string): Promise<string> {
    const { size } = await stat(path);
    const server = createServer((_, response) => {
      response.writeHead(200, { "content-type": "application/java-archive", "content-length": size });
      createReadStream(path).pipe(response);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    server.unref();
    this.#workplace.onStrike(async () => server.close());
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/flinkjob-jobs.jar`;
  }

  async startOperator(...flags: string[]): Promise<OperatorProcess> {
    const log = await open(this.operatorLog, "a");
    const { kubeconfig } = this.kube;
    const args = [join(root, "dist/operator.mjs"), "--kubeconfig", kubeconfig, "--log-format", "json"];
    const child = spawn(process.execPath, [...args, ...flags], { stdio: ["ignore", log.fd, log.fd] });
    await once(child, "spawn");
    await log.close();
    this.#workplace.onStrike(() => end(child, "SIGTERM"));
    const ended = once(child, "exit").then(([code]) => code as number | null);
    return { ended, end: (signal = "SIGTERM") => end(child, signal) };
  }

  /** Ends everything that was started here, the newest first, and deletes it. */
  strike(): Promise<void> {
    return this.#workplace.strike();
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill(signal);
  await ended;
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
