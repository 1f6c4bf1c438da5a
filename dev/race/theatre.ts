import { KubeClient } from "../../src/kube/client.ts";
import { loadClusterAccess } from "../../src/kube/config.ts";
import { Transport } from "../../src/kube/transport.ts";
import { Ground, type OperatorProcess } from "../demo/ground.ts";
import type { Paint, Screen } from "../demo/screen.ts";
import type { FlinkInstance } from "../flink/cluster.ts";
import { buildJobsJar } from "../flink/jobs.ts";
import { Act, type Outcome } from "./act.ts";
import type { Scene } from "./scenes.ts";

/** For the traffic as well. */
const SLOTS = 16;
/** A story is easier to follow where the operator looks each second instead of every five. */
const FLAGS = ["--poll-interval", "1s"];

/** Where `npm run demo:race` plays its scenes: one control plane, one operator, a Flink for each kind of scene. */
export class Theatre {
  readonly #ground: Ground;
  readonly #kube: KubeClient;
  readonly #progress: (line: string) => void;
  #operator: OperatorProcess | undefined;
  #flink: { key: string; instance: FlinkInstance; jarUri: string; jarPath: string } | undefined;

  private constructor(ground: Ground, kube: KubeClient, progress: (line: string) => void) {
    this.#ground = ground;
    this.#kube = kube;
    this.#progress = progress;
  }

  static async open(progress: (line: string) => void): Promise<Theatre> {
    const ground = await Ground.prepare("embedded", progress);
    try {
      const access = await loadClusterAccess({ kubeconfig: ground.kube.kubeconfig });
      return new Theatre(ground, new KubeClient(new Transport(access)), progress);
    } catch (error) {
      await ground.strike();
      throw error;
    }
  }

  get operatorLog(): string {
    return this.#ground.operatorLog;
  }

  async play(scene: Scene, screen: Screen, paint: Paint): Promise<Outcome> {
    const { instance: flink, jarUri, jarPath } = await this.#flinkFor(scene);
    await this.#startOperator();
    const operator = { kill: () => this.#killOperator(), start: () => this.#startOperator() };
    const place = { kube: this.#kube, namespace: "default", flink, jarUri, jarPath, operator };
    screen.tell({ kind: "step", text: scene.title, data: { scene: scene.name } });
    const act = new Act(place, screen, paint, scene);
    try {
      return await scene.play(act);
    } finally {
      await act.end();
    }
  }

  strike(): Promise<void> {
    return this.#ground.strike();
  }

  /** One at a time: two processors are enough for that. */
  async #flinkFor({ version, highAvailability: ha }: Scene) {
    const key = `${version}${ha ? "-ha" : ""}`;
    if (this.#flink?.key === key) return this.#flink;
    await this.#flink?.instance.stop();
    const instance = await this.#ground.flink(`flink-${key}`, { version, ha, slots: SLOTS });
    const jarPath = await buildJobsJar(instance.version, this.#progress);
    this.#flink = { key, instance, jarPath, jarUri: await this.#ground.serveJar(jarPath) };
    return this.#flink;
  }

  async #startOperator(): Promise<void> {
    this.#operator ??= await this.#ground.startOperator(...FLAGS);
  }

  async #killOperator(): Promise<void> {
    const operator = this.#operator;
    this.#operator = undefined;
    await operator?.end("SIGKILL");
  }
}
