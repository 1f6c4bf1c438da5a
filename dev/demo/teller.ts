import type { KubeInstance } from "../kube/cluster.ts";
import { runToEnd } from "./ground.ts";
import type { Screen } from "./screen.ts";

/** Where to look around when the story is told. */
export interface Sights {
  readonly commands: readonly string[];
  /** Flink's own. */
  readonly ui: string;
}

/** Tells what a demo does and claims on its screen, and keeps whether all claims held. */
export class Teller {
  readonly #kube: KubeInstance;
  readonly #screen: Screen;
  #missed = 0;

  constructor(kube: KubeInstance, screen: Screen) {
    this.#kube = kube;
    this.#screen = screen;
  }

  /** Whether everything that should have been seen was seen. */
  get complete(): boolean {
    return this.#missed === 0;
  }

  step(text: string): void {
    this.#screen.tell({ kind: "step", text });
  }

  state(text: string, data: Record<string, unknown>): void {
    this.#screen.tell({ kind: "state", text, data });
  }

  claim(holds: boolean, text: string, data?: Record<string, unknown>): void {
    if (!holds) this.#missed++;
    this.#screen.tell({ kind: holds ? "seen" : "missed", text, ...(data ? { data } : {}) });
  }

  /** Runs kubectl, shown as `shown`, and shows what it says. Rejects when it fails. */
  async kubectl(args: string[], input?: string, shown = `kubectl ${args.join(" ")}`): Promise<void> {
    const [command = "kubectl", ...first] = this.#kube.kubectl;
    this.#screen.tell({ kind: "command", text: shown });
    const env = { KUBECONFIG: this.#kube.kubeconfig };
    const output = await runToEnd(command, [...first, ...args], env, input);
    this.#screen.tell({ kind: "output", text: output.trimEnd() });
  }
}
