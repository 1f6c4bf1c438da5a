import type { FlinkCluster, FlinkJob, FlinkSavepoint } from "../../api/objects.ts";
import type { JarFetcher } from "../../core/cluster/jar-fetcher.ts";
import type { FindOptions } from "../../core/configuration/catalogue.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { Clock } from "../../kube/clock.ts";
import type { Follow, Followed } from "../../kube/followed.ts";
import { key } from "../../kube/types.ts";
import { PerJobClusters } from "../per-job-clusters.ts";
import { ManagedClusters, usersAmong } from "./managed-clusters.ts";
import { OwnedObjects } from "./owned-objects.ts";
import { ServiceAddresses } from "./service-addresses.ts";
import { StorageCleaners } from "./storage-cleaners.ts";

export interface ManagedPartsOptions {
  kube: KubeClient;
  clock: Clock;
  follow: Follow;
  jobs: Followed<FlinkJob>;
  clusters: Followed<FlinkCluster>;
  savepoints: Followed<FlinkSavepoint>;
  addresses?: ServiceAddresses | undefined;
  /** Something of this cluster changed. */
  onChange: (namespace: string, clusterId: string) => void;
  managedClusters?: boolean | undefined;
  image?: string | undefined;
  jarFetcher?: JarFetcher | undefined;
  findOptions?: FindOptions | undefined;
  deletionTimeoutMs: number;
}

/** What deploys clusters, keeps them, makes them for FlinkJobs alone, and cleans up after them. */
export interface ManagedParts {
  owned: OwnedObjects;
  perJob: PerJobClusters;
  storage: StorageCleaners;
  managed: ManagedClusters;
}

export function managedParts(options: ManagedPartsOptions): ManagedParts {
  const { kube, clock, follow, jobs, clusters, savepoints, onChange } = options;
  const { addresses = new ServiceAddresses(), managedClusters: enabled = true } = options;
  const { image, jarFetcher, findOptions, deletionTimeoutMs: limitMs } = options;
  const owned = new OwnedObjects({ follow, addresses, onChange });
  const perJob = new PerJobClusters({
    kube,
    clock,
    owned,
    madeFor: (uid) => clusters.byIndex("madeFor", uid),
    flinkCluster: (namespace, name) => clusters.get(`${namespace}/${name}`),
  });
  const users = () => ({ jobs: jobs.list(), clusters: clusters.list(), savepoints: savepoints.list() });
  const storage = new StorageCleaners({ kube, clock, owned, users, enabled, image, limitMs });
  const managed = new ManagedClusters({
    ...{ kube, clock, owned, storage, enabled, findOptions, jarFetcher },
    usersOf: (cluster) => usersAmong(cluster, jobs.byIndex("cluster", key(cluster)), jobs.list()),
    findJob: (uid) => jobs.byIndex("uid", uid)[0],
  });
  return { owned, perJob, storage, managed };
}
