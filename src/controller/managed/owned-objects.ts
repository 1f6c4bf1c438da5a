import {
  CLUSTER_LABEL,
  type ClusterObject,
  KINDS,
  type Kind,
  MANAGED_BY,
  MANAGED_BY_LABEL,
} from "../../core/cluster/objects.ts";
import type { Pod } from "../../core/cluster/pods.ts";
import { isCleaner } from "../../core/storage/cleaner-pod.ts";
import { isKubeError, type KubeError } from "../../kube/errors.ts";
import type { Follow, Followed } from "../../kube/followed.ts";
import type { KubeObject, Resource } from "../../kube/types.ts";
import { clusterKinds, pods } from "./kinds.ts";
import { ownWords } from "./object-writer.ts";
import type { ServiceAddresses } from "./service-addresses.ts";

export interface OwnedObjectsOptions {
  follow: Follow;
  addresses: ServiceAddresses;
  /** Something of this cluster changed. */
  onChange: (namespace: string, clusterId: string) => void;
}

/** Only these are ever seen, and so changed or removed. */
const OURS = `${MANAGED_BY_LABEL}=${MANAGED_BY},${CLUSTER_LABEL}`;
const indexers = {
  cluster: ({ metadata }: KubeObject) => [`${metadata.namespace}/${metadata.labels?.[CLUSTER_LABEL] ?? ""}`],
};

/** The objects and pods of all managed clusters, kept up to date once somebody has asked for them. */
export class OwnedObjects {
  readonly #kinds: ReadonlyMap<Kind, Followed<ClusterObject>>;
  readonly #pods: Followed<Pod & KubeObject>;
  readonly #refusals = new Map<string, string>();
  readonly #wanted = Promise.withResolvers<void>();
  #isWanted = false;

  constructor({ follow, addresses, onChange }: OwnedObjectsOptions) {
    const changed = ({ metadata }: KubeObject) =>
      onChange(metadata.namespace ?? "", metadata.labels?.[CLUSTER_LABEL] ?? "");
    const handler = { add: changed, update: changed, delete: changed };
    const followed = <T extends KubeObject>(resource: Resource<T>): Followed<T> => {
      const { plural } = resource;
      const onProblem = (problem: KubeError) => {
        if (isKubeError(problem, "Forbidden")) this.#refusals.set(plural, ownWords(problem));
      };
      const all = follow(resource, { labelSelector: OURS, indexers, onProblem });
      all.addHandler(handler);
      return all;
    };
    this.#kinds = new Map(KINDS.map((kind) => [kind, followed(clusterKinds[kind])]));
    this.#pods = followed(pods);
    this.#kinds.get("Service")?.addHandler({
      add: (service) => learnAddress(addresses, service),
      update: (service) => learnAddress(addresses, service),
      delete: (service) => addresses.delete(hostOf(service)),
    });
  }

  /** Follows them from when somebody wants them until the signal aborts: an operator without managed clusters needs no right to. */
  async run(signal: AbortSignal): Promise<void> {
    const aborted = new Promise<void>((resolve) =>
      signal.addEventListener("abort", () => resolve(), { once: true }),
    );
    await Promise.race([this.#wanted.promise, aborted]);
    if (signal.aborted) return;
    await Promise.all([...this.#kinds.values(), this.#pods].map((all) => all.run(signal)));
  }

  want(): void {
    this.#isWanted = true;
    this.#wanted.resolve();
  }

  hasSynced(): boolean {
    return this.#isWanted && [...this.#kinds.values(), this.#pods].every((all) => all.hasSynced());
  }

  /** What the API server said of a right that is missing to follow them; undefined where none is known to be. */
  missingRight(): string | undefined {
    for (const [kind, all] of this.#kinds)
      if (all.hasSynced()) this.#refusals.delete(clusterKinds[kind].plural);
    if (this.#pods.hasSynced()) this.#refusals.delete(pods.plural);
    // Always the same one of several.
    return [...this.#refusals].sort(([a], [b]) => (a < b ? -1 : 1))[0]?.[1];
  }

  of(namespace: string, clusterId: string): ClusterObject[] {
    // The API server leaves kind and version out of the entries of a list.
    return [...this.#kinds].flatMap(([kind, all]) =>
      all.byIndex("cluster", `${namespace}/${clusterId}`).map((object) => ({ ...object, kind })),
    );
  }

  /** Flink's. */
  podsOf(namespace: string, clusterId: string): Pod[] {
    return this.#labelled(namespace, clusterId).filter((pod) => !isCleaner(pod));
  }

  /** The pod that cleans up after the cluster, or after a FlinkJob: then `label` is its uid. */
  cleanerOf(namespace: string, label: string): Pod | undefined {
    return this.#labelled(namespace, label).find(isCleaner);
  }

  #labelled(namespace: string, label: string): Pod[] {
    return this.#pods.byIndex("cluster", `${namespace}/${label}`);
  }
}

function learnAddress(addresses: ServiceAddresses, service: ClusterObject): void {
  const { clusterIP } = (service.spec ?? {}) as { clusterIP?: string };
  if (clusterIP && clusterIP !== "None") addresses.set(hostOf(service), clusterIP);
  else addresses.delete(hostOf(service));
}

function hostOf({ metadata }: ClusterObject): string {
  return `${metadata.name}.${metadata.namespace}.svc`;
}
