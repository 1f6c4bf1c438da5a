import type { FlinkCluster, FlinkJob } from "../../src/api/objects.ts";
import { ManagedClusters, type ManagedOutcome } from "../../src/controller/managed/managed-clusters.ts";
import { StorageCleaners } from "../../src/controller/managed/storage-cleaners.ts";
import type { JarFetcher } from "../../src/core/cluster/jar-fetcher.ts";
import { CLUSTER_LABEL, type ClusterObject } from "../../src/core/cluster/objects.ts";
import type { Pod } from "../../src/core/cluster/pods.ts";
import { CLEAN_CONTAINER, isCleaner } from "../../src/core/storage/cleaner-pod.ts";
import { lazyOptions } from "../../src/flink/options/option-catalogue.ts";
import { KubeError } from "../../src/kube/errors.ts";
import { FakeClock } from "../../src/kube/fake-clock.ts";
import { available, jarFetcher } from "./cluster-builders.ts";

/** The operator dies here. */
export class Killed extends Error {
  override readonly name = "Killed";
}

type Kube = ConstructorParameters<typeof ManagedClusters>[0]["kube"];

/** From one reconcile of a cluster that goes to the next. */
const RECONCILE_MS = 2_000;
const IN_TIME = new AbortController().signal;

/** An API server in memory, its Deployment controller included, and the operators of a managed cluster that die on it. */
export class ClusterWorld {
  readonly objects = new Map<string, ClusterObject>();
  readonly calls: string[] = [];
  jobs: FlinkJob[] = [];
  /** The one at the API server, which no cache may show yet. */
  newestJob: FlinkJob | undefined;
  /** Of the operators that begin from now on. */
  jarFetcher: JarFetcher = jarFetcher;
  /** As the operator knows it. */
  cluster: FlinkCluster;
  #isGone = false;
  /** At which call the operator dies, counted from 0, and whether the call was carried out. */
  dies: { at: number; after: boolean } | undefined;
  /** What the operator's caches hold. */
  #seen: ClusterObject[] = [];
  #generation = 0;
  readonly #clock = new FakeClock();
  #operator: ManagedClusters;

  constructor(cluster: FlinkCluster) {
    this.cluster = cluster;
    this.#operator = this.#begin();
  }

  /** A new operator, without the memory of the last one. */
  restart(): void {
    this.#operator = this.#begin();
  }

  /** One reconcile. Caches may be behind by one. */
  async step(staleCaches = false): Promise<ManagedOutcome> {
    await this.#clock.advance(RECONCILE_MS);
    if (!staleCaches) this.#seen = [...this.objects.values()];
    const outcome = await this.#operator.bring(this.cluster, IN_TIME);
    const { metadata } = this.cluster;
    const finalizers = outcome.finalizer === "add" ? ["flinkjob.dev/tear-down"] : [];
    if (outcome.finalizer !== "keep")
      this.cluster = { ...this.cluster, metadata: { ...metadata, finalizers } };
    return outcome;
  }

  /** What the Deployment controller and the kubelet do meanwhile. */
  settle(): void {
    for (const [key, object] of this.objects) {
      if (isPod(object) && isCleaner(object)) this.objects.set(key, cleaned(object));
      if ((object.kind as string) === "ReplicaSet") this.put(podOf(object));
      if (object.kind !== "Deployment") continue;
      if (object.metadata.deletionTimestamp !== undefined) {
        this.objects.delete(key);
        // The garbage collector: the pods that a JobManager made are its Deployment's.
        for (const [name, pod] of this.objects) if (isPod(pod) && !isCleaner(pod)) this.objects.delete(name);
      } else {
        const { generation = 0 } = object.metadata;
        const { status } = available(object);
        this.objects.set(key, {
          ...object,
          status: { ...(status as object), observedGeneration: generation },
        });
      }
    }
  }

  /** The FlinkCluster at the API server. */
  get stored(): FlinkCluster | undefined {
    return this.#isGone ? undefined : this.cluster;
  }

  /** Somebody else has taken everything away, and the operator has not heard of it. */
  takeAway(): void {
    this.objects.clear();
    this.#isGone = true;
  }

  put(object: ClusterObject): void {
    this.objects.set(keyOf(object.kind, object.metadata.name), object);
  }

  /** What the world comes to, whoever brought it there. */
  names(): string[] {
    return [...this.objects.keys()].sort();
  }

  deleting(): string[] {
    return this.names().filter((key) => this.objects.get(key)?.metadata.deletionTimestamp !== undefined);
  }

  #begin(): ManagedClusters {
    const create = (kind: { kind: string }, object: { metadata: { name: string } }) =>
      this.#call(`create ${keyOf(kind.kind, object.metadata.name)}`, () => {
        if (this.objects.has(keyOf(kind.kind, object.metadata.name)))
          throw new KubeError("AlreadyExists", object.metadata.name);
        this.put({ ...object, kind: kind.kind } as never);
        return object as never;
      });
    const get: Kube["get"] = (kind, { name }) =>
      this.#call(`get ${keyOf(kind.kind, name)}`, () => {
        const own: Record<string, unknown> = { FlinkCluster: this.stored, FlinkJob: this.newestJob };
        const found = kind.kind in own ? own[kind.kind] : this.objects.get(keyOf(kind.kind, name));
        if (!found) throw new KubeError("NotFound", name);
        return found as never;
      });
    const list: Kube["list"] = (kind, { labelSelector = "" } = {}) =>
      this.#call(`list ${kind.plural}`, () => {
        const all = [...this.objects.values()].filter((object) => object.kind === kind.kind);
        return { metadata: {}, items: all.filter((object) => matches(object, labelSelector)) as never[] };
      });
    const apply: Kube["apply"] = (kind, object) =>
      this.#call(
        `apply ${keyOf(kind.kind, object.metadata.name ?? "")}`,
        () => this.#apply(object as never) as never,
      );
    const remove: Kube["delete"] = (kind, { name }) =>
      this.#call(`delete ${keyOf(kind.kind, name)}`, () => {
        this.#delete(kind.kind, name);
        return {};
      });
    return new ManagedClusters({
      kube: { get, list, create: create as never, apply, delete: remove },
      clock: this.#clock,
      owned: {
        want: () => {},
        hasSynced: () => true,
        missingRight: () => undefined,
        of: (_namespace, clusterId) =>
          this.#seen.filter(
            ({ kind, metadata }) =>
              (kind as string) !== "Pod" && metadata.labels?.[CLUSTER_LABEL] === clusterId,
          ),
        podsOf: () => this.#pods(),
      },
      usersOf: () => this.jobs,
      storage: new StorageCleaners({
        kube: { create: create as never, list, delete: remove },
        clock: new FakeClock(),
        owned: {
          want: () => {},
          hasSynced: () => true,
          missingRight: () => undefined,
          cleanerOf: (_namespace, label) => this.#cleaner(label),
        },
        users: () => ({ jobs: this.jobs, clusters: [this.cluster], savepoints: [] }),
        enabled: true,
        image: "operator:1",
        limitMs: 300_000,
      }),
      enabled: true,
      findOptions: lazyOptions(),
      jarFetcher: this.jarFetcher,
    });
  }

  #cleaner(label: string): Pod | undefined {
    const pods = this.#seen.filter((object) => (object.kind as string) === "Pod") as unknown as Pod[];
    return pods.find((pod) => isCleaner(pod) && pod.metadata.labels?.[CLUSTER_LABEL] === label);
  }

  /** A Deployment that goes has pods until it is gone; and those that a JobManager made. */
  #pods(): Pod[] {
    const deployments = this.#seen.filter(({ kind }) => kind === "Deployment");
    return [
      ...deployments.map(({ metadata }) => ({ metadata: { name: `${metadata.name}-x` } })),
      ...this.#seen.filter((object) => isPod(object) && !isCleaner(object)),
    ];
  }

  async #call<T>(name: string, carryOut: () => T): Promise<T> {
    const now = this.calls.push(name) - 1;
    const dying = this.dies?.at === now;
    if (dying && !this.dies?.after) throw new Killed(name);
    const answer = carryOut();
    if (dying) throw new Killed(name);
    return answer;
  }

  #apply(object: ClusterObject): ClusterObject {
    const known = this.objects.get(keyOf(object.kind, object.metadata.name));
    const { uid } = object.metadata;
    if (uid !== undefined && uid !== known?.metadata.uid)
      throw new KubeError("Conflict", object.metadata.name);
    const generation = ++this.#generation;
    const stored: ClusterObject = {
      ...object,
      metadata: { ...object.metadata, generation, uid: known?.metadata.uid ?? `uid-${generation}` },
      ...(known?.status === undefined ? {} : { status: known.status }),
    };
    this.put(stored);
    return stored;
  }

  #delete(kind: string, name: string): void {
    const key = keyOf(kind, name);
    const known = this.objects.get(key);
    if (!known) throw new KubeError("NotFound", name);
    if (kind !== "Deployment") this.objects.delete(key);
    else this.put({ ...known, metadata: { ...known.metadata, deletionTimestamp: "2026-03-01T12:00:00Z" } });
  }
}

function isPod({ kind }: ClusterObject): boolean {
  return (kind as string) === "Pod";
}

/** The kubelet has run it to its end. */
function cleaned(pod: ClusterObject): ClusterObject {
  const terminated = { exitCode: 0, message: "Nothing stays." };
  return {
    ...pod,
    status: { phase: "Succeeded", containerStatuses: [{ name: CLEAN_CONTAINER, state: { terminated } }] },
  };
}

function keyOf(kind: string, name: string): string {
  return `${kind}/${name}`;
}

function matches({ metadata }: ClusterObject, selector: string): boolean {
  return selector.split(",").every((term) => {
    const [other = "", not] = term.split("!=");
    if (not !== undefined) return metadata.labels?.[other] !== not;
    const [label = "", value = ""] = term.split("=");
    return metadata.labels?.[label] === value;
  });
}

/** What a Deployment leaves that is deleted without its pods (`--cascade=orphan`). */
export function aReplicaSet(name: string): ClusterObject {
  const labels = { [CLUSTER_LABEL]: "orders" } as never;
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet" as never,
    metadata: { name, namespace: "team-a", uid: `uid-${name}`, labels },
  };
}

function podOf({ metadata }: ClusterObject): ClusterObject {
  const name = `${metadata.name}-x`;
  return { apiVersion: "v1", kind: "Pod" as never, metadata: { ...metadata, name, uid: `uid-${name}` } };
}

/** One that a JobManager made of what its configuration said at that time. */
export function aTaskManagerPod(world: ClusterWorld, name: string): ClusterObject {
  const [config] = [...world.objects.values()].filter(
    ({ kind, metadata }) => kind === "ConfigMap" && metadata.name === "flink-config-orders",
  );
  const labels = /kubernetes.taskmanager.labels: \\"(.*?)\\"/.exec(JSON.stringify(config))?.[1] ?? "";
  const pairs = labels.split(",").map((pair) => pair.split(":"));
  return {
    apiVersion: "v1",
    kind: "Pod" as never,
    metadata: { name, namespace: "team-a", uid: `uid-${name}`, labels: Object.fromEntries(pairs) as never },
    status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
  };
}

/** One of Flink's own. */
export function aFlinkConfigMap(app: string): ClusterObject {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name: `${app}-cluster-config-map`,
      namespace: "team-a",
      labels: { app, type: "flink-native-kubernetes" },
    },
  };
}
