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
import { runToEnd } from "./ground.ts";
import type { Screen } from "./screen.ts";
import type { Stage } from "./stage.ts";

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
  readonly #screen: Screen;
  readonly #kube: KubeClient;
  #missed = 0;

  private constructor(stage: Stage, screen: Screen, kube: KubeClient) {
    this.#stage = stage;
    this.#screen = screen;
    this.#kube = kube;
  }

  static async open(stage: Stage, screen: Screen): Promise<Story> {
    const access = await loadClusterAccess({ kubeconfig: stage.kube.kubeconfig });
    return new Story(stage, screen, new KubeClient(new Transport(access)));
  }

  /** Whether everything that should have been seen was seen. */
  get complete(): boolean {
    return this.#missed === 0;
  }

  async runOnce(): Promise<void> {
    this.#screen.tell({ kind: "step", text: "A FlinkJob is applied: its trigger goes pending -> running" });
    await this.#apply();
    await this.#followUntilReady();
    const jobId = (await this.#get())?.status?.trigger?.jobId;

    this.#screen.tell({ kind: "step", text: "The same file is applied again: nothing changes" });
    const before = await this.#get();
    await this.#apply();
    await pause(QUIET_MS);
    const after = await this.#get();
    const same = before?.metadata.resourceVersion === after?.metadata.resourceVersion;
    this.#claim(same, "the object is the same to the last byte (resourceVersion unchanged)");
    const jobs = await this.#flinkJobs();
    this.#claim(jobs.length === 1, `Flink has run ${jobs.length} job`, { jobs });

    this.#screen.tell({ kind: "step", text: "The FlinkJob is deleted: its Flink job is cancelled first" });
    await this.#kubectl(["delete", "flinkjob", job.name, "--timeout=60s"]);
    const left = await this.#flinkJobs();
    const state = left.find(({ jid }) => jid === jobId)?.state;
    this.#claim(state === "CANCELED", `Flink says ${state}`, { jobId, state });
    this.#claim((await this.#get()) === undefined, "the FlinkJob is gone");
  }

  /** For whoever wants to look around afterwards. */
  async encore(): Promise<void> {
    this.#screen.tell({ kind: "step", text: "Once more, for you to look around" });
    await this.#apply();
    await this.#followUntilReady();
  }

  async #apply(): Promise<void> {
    const { flink, jarUri } = this.#stage;
    const cluster = parse(await readFile(join(samples, "flinkcluster.yaml"), "utf8"));
    const flinkJob = parse(await readFile(join(samples, "flinkjob.yaml"), "utf8"));
    // The samples name usual ports; ours are free ones.
    cluster.spec.url = flink.url;
    flinkJob.spec.jar.uri = jarUri;
    const input = [cluster, flinkJob].map((object) => stringify(object)).join("---\n");
    await this.#kubectl(["apply", "-f", "-"], input, "kubectl apply -f manifests/samples");
  }

  async #kubectl(args: string[], input?: string, shown = `kubectl ${args.join(" ")}`): Promise<void> {
    const [command = "kubectl", ...first] = this.#stage.kube.kubectl;
    this.#screen.tell({ kind: "command", text: shown });
    const output = await runToEnd(
      command,
      [...first, ...args],
      { KUBECONFIG: this.#stage.kube.kubeconfig },
      input,
    );
    this.#screen.tell({ kind: "output", text: output.trimEnd() });
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
        this.#screen.tell({ kind: "state", text: `${after}  ${line}${ready ? "  Ready" : ""}`, data });
        if (states.at(-1) !== state) states.push(state);
        shown = line;
      }
      await pause(LOOK_EVERY_MS);
    }
    const seen = states.filter((state) => state !== "-").join(" -> ");
    this.#claim(ready && seen === "pending -> running", `the trigger went ${seen}, and the job's tasks run`);
  }

  #claim(holds: boolean, text: string, data?: Record<string, unknown>): void {
    if (!holds) this.#missed++;
    this.#screen.tell({ kind: holds ? "seen" : "missed", text, ...(data ? { data } : {}) });
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
