import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse, stringify } from "yaml";
import type { FlinkJob } from "../../src/api/objects.ts";
import { clusterKinds, pods } from "../../src/controller/managed/kinds.ts";
import { namesOf, REST_PORT } from "../../src/core/cluster/names.ts";
import { KubeClient } from "../../src/kube/client.ts";
import { loadClusterAccess } from "../../src/kube/config.ts";
import { isKubeError } from "../../src/kube/errors.ts";
import { flinkClusters, flinkJobs } from "../../src/kube/resources.ts";
import { Transport } from "../../src/kube/transport.ts";
import type { KubeObject, Resource } from "../../src/kube/types.ts";
import { scenarioClass } from "../flink/jobs.ts";
import { jobsJarPath } from "../image/flink.ts";
import { smallCluster } from "../node/small-cluster.ts";
import type { NodeStage } from "./node-stage.ts";
import type { Screen } from "./screen.ts";
import { changes, heading, nothingYet, type Sight } from "./sightings.ts";
import { type Sights, Teller } from "./teller.ts";

const sample = "manifests/samples/per-job-flinkjob.yaml";
const samplePath = fileURLToPath(new URL(`../../${sample}`, import.meta.url));
const namespace = "default";
/** Pods start in seconds, on a machine that is busy in minutes. */
const PATIENCE_MS = 300_000;
const LOOK_EVERY_MS = 100;
/** What the job counts, and how long each of its tasks takes for one, in milliseconds. */
const ELEMENTS = 1_600;
const PARALLELISM = 4;
const EACH_MS = 20;

/** Or has run: a machine that is busy may have slept through it. */
const runs = ({ job }: Sight) =>
  job?.status?.trigger?.reason === "TasksRunning" || job?.status?.trigger?.finishedAt !== undefined;

const isBare = ({ pods, objects }: Sight) => pods.length + objects.length === 0;

interface Overview {
  readonly jobs: readonly { readonly jid: string; readonly state: string }[];
}

/** A cluster for one job comes and goes, told from what the API server and its JobManager show. */
export class NodeStory {
  readonly #stage: NodeStage;
  readonly #teller: Teller;
  readonly #kube: KubeClient;
  #last: Sight = nothingYet;
  #name = "";
  #ui = "";

  private constructor(stage: NodeStage, screen: Screen, kube: KubeClient) {
    this.#stage = stage;
    this.#teller = new Teller(stage.kube, screen);
    this.#kube = kube;
  }

  static async open(stage: NodeStage, screen: Screen): Promise<NodeStory> {
    const access = await loadClusterAccess({ kubeconfig: stage.kube.kubeconfig });
    return new NodeStory(stage, screen, new KubeClient(new Transport(access)));
  }

  get complete(): boolean {
    return this.#teller.complete;
  }

  async runOnce(): Promise<void> {
    const teller = this.#teller;
    teller.step(
      "A FlinkJob that brings its own cluster is applied: the operator makes the cluster, the job runs in it",
    );
    await this.#apply(["batch", "--elements", String(ELEMENTS), "--delay", String(EACH_MS)]);
    const running = await this.#follow(runs);
    const { trigger } = running.job?.status ?? {};
    teller.claim(running.pods.length === 3, `${running.pods.length} pods: a JobManager and two TaskManagers`);
    const jobs = await this.#flinkJobs(running);
    teller.claim(
      jobs.length === 1 && jobs[0]?.jid === trigger?.jobId && jobs[0]?.state === "RUNNING",
      `its JobManager runs one job, the one that was recorded before the cluster was made: ${jobs[0]?.jid}`,
      { jobs },
    );

    teller.step("The job comes to its end: what there is to tell of it is kept, the cluster goes");
    const over = await this.#follow(
      (sight) => sight.job?.status?.trigger?.finishedAt !== undefined && isBare(sight),
    );
    const { trigger: ended, result } = over.job?.status ?? {};
    const elements = result?.accumulators?.elements;
    teller.claim(
      ended?.state === "finished" && elements === String(ELEMENTS),
      `the FlinkJob says ${ended?.state}, and what the job counted: ${elements} elements`,
      { trigger: ended?.state, elements },
    );
    teller.claim(isBare(over), "no pod and nothing that bears the cluster's name is left");

    teller.step("The FlinkJob is deleted: nothing is left at all, for its JobIDs cannot come again");
    await teller.kubectl(["delete", "flinkjob", this.#name, "--timeout=60s"]);
    const files = await filesBelow(this.#stage.storage);
    teller.claim(
      (await this.#look()).job === undefined && files.length === 0,
      "the FlinkJob is gone, and no file is left in its storage",
      { files },
    );
  }

  /** For whoever wants to look around: a job without end. */
  async encore(): Promise<void> {
    this.#teller.step("Once more, with a job without end, for you to look around");
    await this.#apply(["stream"]);
    this.#ui = await this.#jobManager(await this.#follow(runs));
  }

  /** What to look at, after the encore. */
  get sights(): Sights {
    return { commands: ["kubectl get fj,fc,pods", `kubectl describe fj ${this.#name}`], ui: this.#ui };
  }

  async #apply(args: readonly string[]): Promise<void> {
    const { image, storage } = this.#stage;
    const flinkJob = parse(await readFile(samplePath, "utf8"));
    const { perJob } = flinkJob.spec.cluster;
    // The sample names an image of a registry, a volume claim, and pods of a usual size; ours are for this machine.
    const small = smallCluster("2.3", image, storage);
    const taskManager = { ...small.taskManager, ...perJob.taskManager };
    flinkJob.spec.cluster.perJob = { ...perJob, ...small, taskManager };
    flinkJob.spec.jar.local = jobsJarPath;
    Object.assign(flinkJob.spec, { entryClass: scenarioClass, args, parallelism: PARALLELISM });
    this.#name = flinkJob.metadata.name;
    await this.#teller.kubectl(["apply", "-f", "-"], stringify(flinkJob), `kubectl apply -f ${sample}`);
  }

  /** Shows what changes, until `enough`. Rejects when that does not come. */
  async #follow(enough: (sight: Sight) => boolean): Promise<Sight> {
    const begin = Date.now();
    this.#teller.state(`${" ".repeat(8)}${heading}`, { watching: ["flinkjob", "objects", "pods"] });
    for (;;) {
      const sight = await this.#look();
      const after = `${((Date.now() - begin) / 1_000).toFixed(1)} s`.padStart(6);
      for (const { text, data } of changes(this.#last, sight)) this.#teller.state(`${after}  ${text}`, data);
      this.#last = sight;
      if (enough(sight)) return sight;
      if (Date.now() - begin > PATIENCE_MS)
        throw new Error(`it did not come so far within ${PATIENCE_MS / 1_000} s`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }

  async #look(): Promise<Sight> {
    const job = await this.#job();
    const cluster = job?.status?.trigger?.cluster?.name ?? this.#last.cluster;
    const bears = (name = "") =>
      cluster !== undefined && (name === cluster || name.startsWith(`${cluster}-`));
    const kinds: Resource<KubeObject>[] = [flinkClusters, ...Object.values(clusterKinds)] as never;
    const lists = await Promise.all(
      kinds.map(async (kind) => {
        const { items } = await this.#kube.list(kind, { namespace });
        const names = items.map(({ metadata: { name = "" } }) => name).filter(bears);
        return names.map((name) => ({ kind: kind.kind, name }));
      }),
    );
    const { items } = await this.#kube.list(pods, { namespace });
    return {
      job,
      cluster,
      pods: items.filter(({ metadata }) => bears(metadata.name)),
      objects: lists.flat(),
    };
  }

  /** Those that the JobManager itself tells of. */
  async #flinkJobs(sight: Sight): Promise<Overview["jobs"]> {
    const response = await fetch(`${await this.#jobManager(sight)}/jobs/overview`);
    return ((await response.json()) as Overview).jobs;
  }

  /** By the Service's address: this machine reaches it, and knows no names of Services. */
  async #jobManager({ cluster }: Sight): Promise<string> {
    const service = await this.#kube.get(clusterKinds.Service, {
      namespace,
      name: namesOf(cluster ?? "").rest,
    });
    const { clusterIP } = service.spec as { clusterIP: string };
    return `http://${clusterIP}:${REST_PORT}`;
  }

  async #job(): Promise<FlinkJob | undefined> {
    try {
      return await this.#kube.get(flinkJobs, { namespace, name: this.#name });
    } catch (error) {
      if (isKubeError(error, "NotFound")) return undefined;
      throw error;
    }
  }
}

async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}
