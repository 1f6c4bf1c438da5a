import { execFile, spawn } from "node:child_process";
import { pipeline } from "node:stream/promises";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import type { Image } from "../image/image.ts";
import { KubeError } from "../kube/errors.ts";

const run = promisify(execFile);
const patienceMillis = 30_000;
const importMillis = 5 * 60_000;
const pollMillis = 25;

/** A node's containerd. */
export class ContainerStore {
  readonly #socket: string;

  constructor(socket: string) {
    this.#socket = socket;
  }

  async untilItAnswers(): Promise<void> {
    const deadline = performance.now() + patienceMillis;
    for (;;) {
      try {
        await this.#ctr("version");
        return;
      } catch (cause) {
        if (performance.now() > deadline)
          throw new KubeError("KUBE_START", "The node's containerd does not answer", { cause });
        await delay(pollMillis);
      }
    }
  }

  /** Makes an image known under its name, unless it is. */
  async bring({ name, layout }: Image): Promise<void> {
    if ((await this.images()).includes(name)) return;
    const packing = spawn("tar", ["-C", layout, "-c", "."], { stdio: ["ignore", "pipe", "inherit"] });
    const importing = run("ctr", this.#arguments("images", "import", "-"), { timeout: importMillis });
    await Promise.all([pipeline(packing.stdout, importing.child.stdin!), importing]);
  }

  async images(): Promise<string[]> {
    const names = (await this.#ctr("images", "ls", "--quiet")).split("\n");
    // Each stands there once more by its digest.
    return names.filter((name) => name !== "" && !name.startsWith("sha256:"));
  }

  /** Kills the first process of a container (SIGKILL), as a lack of memory would. */
  async kill(containerId: string): Promise<void> {
    await this.#ctr("tasks", "kill", "--signal", "SIGKILL", containerId);
  }

  async #ctr(...args: string[]): Promise<string> {
    return (await run("ctr", this.#arguments(...args), { timeout: patienceMillis })).stdout;
  }

  #arguments(...args: string[]): string[] {
    return ["--address", this.#socket, "--namespace", "k8s.io", ...args];
  }
}
