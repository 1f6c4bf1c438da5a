import { FlinkGate } from "./flink-gate.ts";
import { flinkTargets } from "./flink-target.ts";
import { JarServer } from "./jar-server.ts";
import type { World } from "./world.ts";

/** One Flink of the test run, seen through a gate, with a server for its jobs. */
export interface GatedFlink {
  /** "2.3" or "1.20". */
  readonly version: string;
  readonly gate: FlinkGate;
  readonly jars: JarServer;
  /** Past the gate. */
  readonly url: string;
}

/** A test that plays on all versions at the same time: what there is of each, and names that do not collide. */
export class GatedFlinks {
  readonly #all: readonly GatedFlink[];

  private constructor(all: readonly GatedFlink[]) {
    this.#all = all;
  }

  /** Until the world is closed. */
  static async open(world: World): Promise<GatedFlinks> {
    const all: GatedFlink[] = [];
    for (const { version, url, jobsJar } of flinkTargets()) {
      const gate = await new FlinkGate(url).open();
      world.onClose(() => gate.close());
      const jars = await JarServer.start(jobsJar);
      world.onClose(() => jars.close());
      all.push({ version, gate, jars, url });
    }
    return new GatedFlinks(all);
  }

  get versions(): string[] {
    return this.#all.map(({ version }) => version);
  }

  of(version: string): GatedFlink {
    const flink = this.#all.find((one) => one.version === version);
    if (!flink) throw new Error(`No Flink ${version} in this test run`);
    return flink;
  }

  /** All versions at once. */
  async each(act: (version: string) => Promise<unknown>): Promise<void> {
    await Promise.all(this.versions.map(act));
  }
}

/** The name of a FlinkJob on one version. */
export function at(version: string, what: string): string {
  return `v${version.replace(".", "-")}-${what}`;
}
