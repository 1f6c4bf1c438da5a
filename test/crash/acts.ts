import { setTimeout as sleep } from "node:timers/promises";
import type { FlinkJob } from "../../src/api/objects.ts";
import { isKubeError } from "../../src/kube/errors.ts";
import { flinkJobs } from "../../src/kube/resources.ts";
import type { FakeFlink } from "../support/fake-flink/index.ts";
import type { Lane } from "./lanes.ts";
import type { OwnClusters } from "./own-clusters.ts";
import type { Act, FlinkAct } from "./scenarios.ts";
import type { Site } from "./site.ts";

/** What users do to one FlinkJob, and fate to its cluster. */
export class Acts {
  readonly #lane: Lane;
  readonly #name: string;
  readonly #fake: FakeFlink | undefined;
  readonly #own: OwnClusters | undefined;

  /** Without a fake Flink nothing may happen to the cluster. */
  constructor(lane: Lane, name: string, { fake, own }: Pick<Site, "fake" | "own">) {
    this.#lane = lane;
    this.#name = name;
    this.#fake = fake;
    this.#own = own;
  }

  /** The FlinkJob as it is then, where the status is what changed. */
  async do(what: Act): Promise<FlinkJob | undefined> {
    switch (what) {
      case "restart the JobManager":
      case "let Flink forget":
        await this.happen(what);
        return undefined;
      case "let main() go on":
        this.#own?.releaseMains();
        return undefined;
      case "delete":
        await this.#lane.kube.delete(flinkJobs, this.#ref);
        return undefined;
      case "new trigger ID":
        return this.#edit({ trigger: { id: "second" } });
      case "suspend":
        return this.#edit({ state: "suspended" });
      case "resume":
        return this.#edit({ state: "running" });
      case "upgrade":
        return this.#edit({ parallelism: 2 });
      case "scale":
        return this.#edit({ parallelism: 3 });
      case "wipe the status":
        return this.#wipe();
    }
  }

  async happen(what: FlinkAct): Promise<void> {
    if (this.#fake === undefined) throw new Error("Nothing may happen to a Flink that runs share");
    if (what === "let Flink forget") this.#fake.expireJobs({ whole: true });
    else await this.#fake.failover();
  }

  get #ref(): { namespace: string; name: string } {
    return { namespace: this.#lane.namespace, name: this.#name };
  }

  async #edit(spec: object): Promise<undefined> {
    await this.#lane.kube.patch(flinkJobs, this.#ref, { type: "merge", body: { spec } });
  }

  /** The operator may have more to say of the job at the same time. */
  async #wipe(): Promise<FlinkJob> {
    for (;;) {
      try {
        const job = await this.#lane.kube.get(flinkJobs, this.#ref);
        const wiped: FlinkJob = { ...job, status: { observedGeneration: -1 } };
        return await this.#lane.kube.replaceStatus(flinkJobs, wiped);
      } catch (error) {
        if (!isKubeError(error, "Conflict")) throw error;
        await sleep(1);
      }
    }
  }
}
