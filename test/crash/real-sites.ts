import { readFile } from "node:fs/promises";
import { Agent } from "node:http";
import { join } from "node:path";
import { startFlink } from "../../dev/flink/cluster.ts";
import { buildJobsJar } from "../../dev/flink/jobs.ts";
import { JarServer } from "../support/jar-server.ts";
import { SCALED_AT_ONCE } from "../support/scaled-at-once.ts";
import { Trace } from "../support/trace.ts";
import type { Scenario } from "./scenarios.ts";
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

interface Shared {
  readonly url: string;
  readonly jarId: string;
  readonly jars: JarServer;
}

/** Real Flinks, one of each kind, that all runs share. */
export class RealSites {
  readonly #dir: string;
  readonly #clusters = new Map<string, Promise<Shared>>();
  readonly #progress: (line: string) => void;
  readonly #undo: (() => Promise<unknown>)[] = [];
  #serial = 0;

  constructor(dir: string, progress: (line: string) => void) {
    this.#dir = dir;
    this.#progress = progress;
  }

  /** The first run that needs one of its kind starts it. */
  async site(kind: FlinkKind, { adaptive }: Scenario): Promise<Site> {
    const name = `${kindName(kind)}${adaptive ? "-adaptive" : ""}`;
    const starting = this.#clusters.get(name) ?? this.#start(name, kind, adaptive === true);
    this.#clusters.set(name, starting);
    const { url, jarId, jars } = await starting;
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
    await Promise.allSettled(this.#clusters.values());
    for (const step of this.#undo.splice(0).reverse()) await step();
  }

  async #start(name: string, kind: FlinkKind, adaptive: boolean): Promise<Shared> {
    const dir = join(this.#dir, name);
    const progress = this.#progress;
    const config = adaptive ? SCALED_AT_ONCE : {};
    const flink = await startFlink({ ...kind, dir, config, slots: 16, ownerPid: process.pid, progress });
    this.#undo.push(() => flink.stop());
    const path = await buildJobsJar(flink.version, progress);
    const jars = await JarServer.start(path);
    this.#undo.push(() => jars.close());
    const jarId = await upload(flink.url, await readFile(path));
    return { url: flink.url, jarId, jars };
  }
}
