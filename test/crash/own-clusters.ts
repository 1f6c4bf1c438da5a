import { clusterKinds, pods } from "../../src/controller/managed/kinds.ts";
import { CLUSTER_LABEL, type ClusterObject, COMPONENT_LABEL } from "../../src/core/cluster/objects.ts";
import { flinkClusters } from "../../src/kube/resources.ts";
import type { KubeObject, Resource } from "../../src/kube/types.ts";
import type { FakeApiServer } from "../support/fake-apiserver/server.ts";
import { FOREGROUND, type StoredEvent } from "../support/fake-apiserver/storage.ts";
import {
  type FakeFlink,
  type JobRun,
  type OwnMain,
  Snapshots,
  startFakeFlink,
} from "../support/fake-flink/index.ts";
import type { Witness } from "./truth.ts";

/** Between what is asked of Kubernetes and what it has done, in milliseconds. */
const MOMENT_MS = 10;
const collectionOf = ({ group, version, plural }: Resource<KubeObject>) =>
  `${group === "" ? "/api" : `/apis/${group}`}/${version}/${plural}`;
const DEPLOYMENTS = collectionOf(clusterKinds.Deployment);
const PODS = collectionOf(pods);
const CONFIG_MAPS = collectionOf(clusterKinds.ConfigMap);
const ALL = [flinkClusters as Resource<KubeObject>, pods, ...Object.values(clusterKinds)];
/** Nobody listens there. */
const NOWHERE = "http://127.0.0.1:1";

/**
 * The place of Kubernetes' Deployment controller, garbage collector, scheduler and kubelet, for the clusters of one run's own: a
 * Deployment that is there gets a pod, that of a JobManager a fake Flink which begins as the pod's arguments say, and one that
 * is deleted in the foreground stays until its pod is gone, and the fake Flink with it. What a Flink's storage keeps, stays.
 *
 * It shows nothing of pods that fail, images, rights, volumes, Services' names or the order within a rollout: those need the
 * real node (test/node). A TaskManager is a pod and nothing more; there are always slots.
 */
export class OwnClusters implements Witness {
  readonly #api: FakeApiServer;
  readonly #version: string;
  /** Kept for good, by the cluster's name: the same name again finds the same storage. */
  readonly #flinks = new Map<string, FakeFlink>();
  readonly #volume = new Snapshots();
  /** What happens to one Deployment happens in its order. */
  readonly #turns = new Map<string, Promise<void>>();
  /** Jobs that lived when the pods of their cluster went. */
  readonly killed: string[] = [];
  #holdsMains: boolean;
  #closed = false;

  /** `holdsMains`: every main() waits until it is let go on. */
  constructor(api: FakeApiServer, version: string, holdsMains: boolean) {
    this.#api = api;
    this.#version = version;
    this.#holdsMains = holdsMains;
    api.listeners.add(this.#hear);
  }

  /** Where the cluster's REST API answers, or would. */
  addressOf(name: string): string {
    return this.#flinks.get(name)?.url ?? NOWHERE;
  }

  releaseMains(): void {
    this.#holdsMains = false;
    for (const flink of this.#flinks.values()) flink.releaseMain();
  }

  jobsEverRun(): readonly Readonly<JobRun>[] {
    const all = [...this.#flinks.values()].flatMap((flink) => flink.jobsEverRun());
    return all.sort((a, b) => a.startedAt - b.startedAt);
  }

  liveJobs(): string[] {
    return [...this.#flinks.values()].flatMap((flink) => flink.liveJobs());
  }

  mainRuns(id: string): number {
    return [...this.#flinks.values()].reduce((sum, flink) => sum + flink.mainRuns(id), 0);
  }

  jarNames(): string[] {
    return [...this.#flinks.values()].flatMap((flink) => flink.jarNames());
  }

  /** Every object of a cluster that is there, whoever made it: its kind and the cluster. */
  objects(): string[] {
    const { storage } = this.#api;
    return ALL.flatMap((kind) =>
      storage.list(collectionOf(kind)).map(({ metadata: { name, labels = {} } }) => {
        const cluster = labels[CLUSTER_LABEL] ?? labels.app ?? name;
        return `${kind.kind} of ${cluster}`;
      }),
    ).sort();
  }

  /** Nothing is left for the next run. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#api.listeners.delete(this.#hear);
    await Promise.all(this.#turns.values());
    await Promise.all([...this.#flinks.values()].map((flink) => flink.close()));
    const { storage } = this.#api;
    for (const kind of ALL) {
      const collection = collectionOf(kind);
      for (const { metadata } of storage.list(collection)) {
        const key = `${metadata.namespace}/${metadata.name}`;
        this.#change(collection, key, (object) => ({
          ...object,
          metadata: { ...object.metadata, finalizers: [] },
        }));
        if (storage.has(collection, key)) storage.delete(collection, key);
      }
    }
  }

  readonly #hear = ({ collection, type, object }: StoredEvent): void => {
    if (collection !== DEPLOYMENTS || type === "DELETED") return;
    const key = `${object.metadata.namespace}/${object.metadata.name}`;
    const before = this.#turns.get(key) ?? Promise.resolve();
    this.#turns.set(
      key,
      before.then(() => this.#tend(key)),
    );
  };

  /** Brings the pod of a Deployment to what the Deployment is. */
  async #tend(key: string): Promise<void> {
    await moment();
    const deployment = this.#deployment(key);
    if (!deployment) return;
    if (deployment.metadata.deletionTimestamp !== undefined) await this.#end(key, deployment);
    else await this.#begin(key, deployment);
  }

  async #begin(key: string, deployment: ClusterObject): Promise<void> {
    const { storage } = this.#api;
    const pod = podOf(deployment);
    if (!storage.has(PODS, `${key}-x`)) {
      storage.create(PODS, `${key}-x`, pod);
      this.#report(key, 0);
      await moment();
      if (roleOf(deployment) === "jobmanager") await this.#startFlink(deployment);
      const status = { phase: "Running", conditions: [{ type: "Ready", status: "True" }] };
      this.#change(PODS, `${key}-x`, (object) => ({ ...object, status }) as KubeObject);
    }
    this.#report(key, 1);
  }

  async #end(key: string, deployment: ClusterObject): Promise<void> {
    const { storage } = this.#api;
    const name = clusterOf(deployment);
    const flink = roleOf(deployment) === "jobmanager" ? this.#flinks.get(name) : undefined;
    this.killed.push(...(flink?.liveJobs() ?? []));
    await flink?.crash();
    if (storage.has(PODS, `${key}-x`)) storage.delete(PODS, `${key}-x`);
    await moment();
    this.#change(DEPLOYMENTS, key, ({ metadata, ...rest }) => {
      const finalizers = metadata.finalizers?.filter((finalizer) => finalizer !== FOREGROUND) ?? [];
      return { ...rest, metadata: { ...metadata, finalizers } };
    });
  }

  async #startFlink(deployment: ClusterObject): Promise<void> {
    const name = clusterOf(deployment);
    const known = this.#flinks.get(name);
    const ownMain = ownMainOf(deployment);
    if (known) await known.start();
    else {
      const flink = await startFakeFlink({
        ...{ version: this.#version, ha: true, deleteOnCommit: false, snapshots: this.#volume, ownMain },
        ...{ webSubmit: ownMain === undefined, keepJars: false },
      });
      // Before there is a leader no main() begins.
      if (this.#holdsMains) flink.pauseMain();
      this.#flinks.set(name, flink);
    }
    await this.#flinks.get(name)?.answering();
    this.#remember(deployment, name);
  }

  /** High availability keeps ConfigMaps, which belong to nobody. */
  #remember({ metadata: { namespace } }: ClusterObject, cluster: string): void {
    const { storage } = this.#api;
    const name = `${cluster}-cluster-config-map`;
    const labels = { app: cluster, type: "flink-native-kubernetes" };
    if (storage.has(CONFIG_MAPS, `${namespace}/${name}`)) return;
    storage.create(CONFIG_MAPS, `${namespace}/${name}`, {
      metadata: { name, ...(namespace ? { namespace } : {}), labels },
    });
  }

  #report(key: string, ready: 0 | 1): void {
    this.#change(DEPLOYMENTS, key, (object) => {
      const { replicas } = (object as ClusterObject).spec as { replicas: number };
      const { generation = 1 } = object.metadata;
      const count = ready * replicas;
      const status = { observedGeneration: generation, replicas, updatedReplicas: replicas };
      return {
        ...object,
        status: { ...status, readyReplicas: count, availableReplicas: count },
      } as KubeObject;
    });
  }

  #deployment(key: string): ClusterObject | undefined {
    const { storage } = this.#api;
    if (this.#closed || !storage.has(DEPLOYMENTS, key)) return undefined;
    return storage.get(DEPLOYMENTS, key) as ClusterObject;
  }

  #change(collection: string, key: string, change: (object: KubeObject) => KubeObject): void {
    const { storage } = this.#api;
    if (storage.has(collection, key)) storage.update(collection, key, change(storage.get(collection, key)));
  }
}

function podOf({ metadata, spec }: ClusterObject): KubeObject {
  const { template } = spec as { template: { metadata: { labels: Record<string, string> } } };
  const { name, namespace } = metadata;
  const { labels } = template.metadata;
  return { metadata: { name: `${name}-x`, ...(namespace ? { namespace } : {}), labels } };
}

const roleOf = ({ metadata }: ClusterObject) => metadata.labels?.[COMPONENT_LABEL];
const clusterOf = ({ metadata }: ClusterObject) => metadata.labels?.[CLUSTER_LABEL] ?? "";

/** What the pod's arguments ask of the image's entry point; undefined: a session cluster. */
function ownMainOf({ spec }: ClusterObject): OwnMain | undefined {
  type Container = { name: string; args?: string[] };
  const { template } = spec as { template: { spec: { containers: Container[] } } };
  const args = template.spec.containers.flatMap(({ args = [] }) =>
    args.map((arg) => arg.replaceAll("$$", "$")),
  );
  if (args[0] !== "standalone-job") return undefined;
  const end = args.includes("--") ? args.indexOf("--") : args.length;
  const option = (name: string) => {
    const at = args.indexOf(name);
    return at < 0 || at > end ? undefined : args[at + 1];
  };
  return {
    entryClass: option("--job-classname") ?? "",
    jobId: option("--job-id") ?? "",
    savepointPath: option("--fromSavepoint"),
    args: args.slice(end + 1),
  };
}

const moment = () => new Promise<void>((go) => setTimeout(go, MOMENT_MS));
