import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse, stringify } from "yaml";
import type { FlinkJob } from "../../src/api/objects.ts";
import { KubeClient } from "../../src/kube/client.ts";
import { loadClusterAccess } from "../../src/kube/config.ts";
import { isKubeError } from "../../src/kube/errors.ts";
import { flinkJobs } from "../../src/kube/resources.ts";
import { Transport } from "../../src/kube/transport.ts";
import type { Screen } from "./screen.ts";
import type { Stage } from "./stage.ts";
import { type Sights, Teller } from "./teller.ts";

const samples = fileURLToPath(new URL("../../manifests/samples", import.meta.url));
const job = { namespace: "default", name: "counter" };
const PATIENCE_MS = 60_000;
const LOOK_EVERY_MS = 50;
/** Longer than one poll of the cluster: whatever a second apply could set off would have happened. */
const QUIET_MS = 6_000;

interface Overview {
  jobs: { jid: string; state: string }[];
}

/** The demo, act by act. Every claim is checked where it can be checked: at the API server and at Flink. */
export class Story {
  readonly #stage: Stage;
  readonly #teller: Teller;
  readonly #kube: KubeClient;

  private constructor(stage: Stage, screen: Screen, kube: KubeClient) {
    this.#stage = stage;
    this.#teller = new Teller(stage.kube, screen);
    this.#kube = kube;
  }

  static async open(stage: Stage, screen: Screen): Promise<Story> {
    const access = await loadClusterAccess({ kubeconfig: stage.kube.kubeconfig });
    return new Story(stage, screen, new KubeClient(new Transport(access)));
  }

  /** Whether everything that should have been seen was seen. */
  get complete(): boolean {
    return this.#teller.complete;
  }

  async runOnce(): Promise<void> {
    this.#teller.step("A FlinkJob is applied: its trigger goes pending -> running");
    await this.#apply();
    await this.#followUntilReady();
    const jobId = (await this.#get())?.status?.trigger?.jobId;

    this.#teller.step("The same file is applied again: nothing changes");
    const before = await this.#get();
    await this.#apply();
    await pause(QUIET_MS);
    const after = await this.#get();
    const same = before?.metadata.resourceVersion === after?.metadata.resourceVersion;
    this.#teller.claim(same, "the object is the same to the last byte (resourceVersion unchanged)");
    const jobs = await this.#flinkJobs();
    this.#teller.claim(jobs.length === 1, `Flink has run ${jobs.length} job`, { jobs });

    this.#teller.step("The FlinkJob is deleted: its Flink job is cancelled first");
    await this.#teller.kubectl(["delete", "flinkjob", job.name, "--timeout=60s"]);
    const left = await this.#flinkJobs();
    const state = left.find(({ jid }) => jid === jobId)?.state;
    this.#teller.claim(state === "CANCELED", `Flink says ${state}`, { jobId, state });
    this.#teller.claim((await this.#get()) === undefined, "the FlinkJob is gone");
  }

  /** For whoever wants to look around afterwards. */
  async encore(): Promise<void> {
    this.#teller.step("Once more, for you to look around");
    await this.#apply();
    await this.#followUntilReady();
  }

  /** What to look at, after the encore. */
  get sights(): Sights {
    return {
      commands: ["kubectl get fj,fc -o wide", `kubectl describe fj ${job.name}`],
      ui: this.#stage.flink.url,
    };
  }

  async #apply(): Promise<void> {
    const { flink, jarUri } = this.#stage;
    const cluster = parse(await readFile(join(samples, "flinkcluster.yaml"), "utf8"));
    const flinkJob = parse(await readFile(join(samples, "flinkjob.yaml"), "utf8"));
    // The samples name usual ports; ours are free ones.
    cluster.spec.url = flink.url;
    flinkJob.spec.jar.uri = jarUri;
    const input = [cluster, flinkJob].map((object) => stringify(object)).join("---\n");
    await this.#teller.kubectl(["apply", "-f", "-"], input, "kubectl apply -f manifests/samples");
  }

  /** Shows each change of the trigger, with Flink's own word for the job beside it. */
  async #followUntilReady(): Promise<void> {
    const begin = Date.now();
    const states: string[] = [];
    let shown = "";
    let ready = false;
    while (!ready && Date.now() - begin < PATIENCE_MS) {
      const trigger = (await this.#get())?.status;
      const [flink] = (await this.#flinkJobs()).filter(({ jid }) => jid === trigger?.trigger?.jobId);
      ready = trigger?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
      const state = trigger?.trigger?.state ?? "-";
      const reason = trigger?.trigger?.reason ?? "";
      const line = `trigger ${state.padEnd(8)} ${reason.padEnd(16)} Flink: ${flink?.state ?? "-"}`;
      if (line !== shown) {
        const after = `${((Date.now() - begin) / 1000).toFixed(1)} s`.padStart(6);
        const data = { trigger: state, reason, flink: flink?.state ?? null, ready };
        this.#teller.state(`${after}  ${line}${ready ? "  Ready" : ""}`, data);
        if (states.at(-1) !== state) states.push(state);
        shown = line;
      }
      await pause(LOOK_EVERY_MS);
    }
    const seen = states.filter((state) => state !== "-").join(" -> ");
    this.#teller.claim(
      ready && seen === "pending -> running",
      `the trigger went ${seen}, and the job's tasks run`,
    );
  }

  async #get(): Promise<FlinkJob | undefined> {
    try {
      return await this.#kube.get(flinkJobs, job);
    } catch (error) {
      if (isKubeError(error, "NotFound")) return undefined;
      throw error;
    }
  }

  async #flinkJobs(): Promise<Overview["jobs"]> {
    const response = await fetch(`${this.#stage.flink.url}/jobs/overview`);
    return ((await response.json()) as Overview).jobs;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
