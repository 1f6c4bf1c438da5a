import { readFile } from "node:fs/promises";
import { Agent } from "node:http";
import { join } from "node:path";
import { startFlink } from "../../dev/flink/cluster.ts";
import { buildJobsJar } from "../../dev/flink/jobs.ts";
import { JarServer } from "../support/jar-server.ts";
import { Trace } from "../support/trace.ts";
import { type FlinkKind, hasApplications, jarUriOn, kindName, type Site, upload } from "./site.ts";
import { hasStuckApplication, isTerminal, jobsOn, truthOfReal } from "./truth.ts";

export const realKinds: readonly FlinkKind[] = [
  { version: "1.20", ha: false },
  { version: "2.3", ha: false },
];
export const realKindsWithHa: readonly FlinkKind[] = realKinds.flatMap((kind) => [
  kind,
  { ...kind, ha: true },
]);

/** Real Flinks, one of each kind, that all runs share. */
export class RealSites {
  readonly #dir: string;
  readonly #clusters = new Map<string, { url: string; jarId: string; jars: JarServer }>();
  readonly #undo: (() => Promise<unknown>)[] = [];
  #serial = 0;

  private constructor(dir: string) {
    this.#dir = dir;
  }

  static async open(
    dir: string,
    kinds: readonly FlinkKind[],
    progress: (line: string) => void,
  ): Promise<RealSites> {
    const sites = new RealSites(dir);
    try {
      for (const kind of kinds) await sites.#start(kind, progress);
    } catch (error) {
      await sites.close();
      throw error;
    }
    return sites;
  }

  site(kind: FlinkKind): Site {
    const cluster = this.#clusters.get(kindName(kind));
    if (!cluster) throw new Error(`No Flink ${kindName(kind)}`);
    const { url, jarId, jars } = cluster;
    const trace = new Trace(join(this.#dir, `${++this.#serial}.trace`));
    const agent = new Agent({ keepAlive: true });
    return {
      url,
      agent,
      jarId,
      jarUri: jarUriOn(jars),
      args: ["--trace", trace.file],
      truth: (prefix) => truthOfReal(url, trace, prefix),
      applications: hasApplications(kind),
      ha: kind.ha,
      ...(hasApplications(kind) ? { isStuck: (prefix: string) => hasStuckApplication(url, prefix) } : {}),
      async close(prefix) {
        agent.destroy();
        for (const { jid, state } of await jobsOn(url)) {
          if (!jid.startsWith(prefix) || isTerminal(state)) continue;
          await fetch(`${url}/jobs/${jid}?mode=cancel`, {
            method: "PATCH",
            signal: AbortSignal.timeout(10_000),
          });
        }
      },
    };
  }

  async close(): Promise<void> {
    for (const step of this.#undo.splice(0).reverse()) await step();
  }

  async #start(kind: FlinkKind, progress: (line: string) => void): Promise<void> {
    const dir = join(this.#dir, kindName(kind));
    const flink = await startFlink({ ...kind, dir, slots: 16, ownerPid: process.pid, progress });
    this.#undo.push(() => flink.stop());
    const path = await buildJobsJar(flink.version, progress);
    const jars = await JarServer.start(path);
    this.#undo.push(() => jars.close());
    const jarId = await upload(flink.url, await readFile(path));
    this.#clusters.set(kindName(kind), { url: flink.url, jarId, jars });
  }
}
