import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startKube } from "../../dev/kube/cluster.ts";
import { customResourceDefinitions } from "../../src/api/crd.ts";
import { API_VERSION } from "../../src/api/group.ts";
import type { FlinkCluster, FlinkJob } from "../../src/api/objects.ts";
import { KubeClient } from "../../src/kube/client.ts";
import { loadClusterAccess } from "../../src/kube/config.ts";
import { flinkClusters, flinkJobs } from "../../src/kube/resources.ts";
import { Transport } from "../../src/kube/transport.ts";
import type { KubeObject, Resource } from "../../src/kube/types.ts";
import { eventually } from "../support/eventually.ts";
import { Child } from "./child.ts";
import type { FlinkReport } from "./flink-child.ts";

const definitions: Resource<KubeObject> = {
  group: "apiextensions.k8s.io",
  version: "v1",
  kind: "CustomResourceDefinition",
  plural: "customresourcedefinitions",
  namespaced: false,
};
const namespaces: Resource<KubeObject> = {
  group: "",
  version: "v1",
  kind: "Namespace",
  plural: "namespaces",
  namespaced: false,
};

/** The operator's namespace, and those that only a floor sees (floor-child.ts). */
export const benchNamespace = "bench";
export const bareNamespace = "bare";
export const sameWritesNamespace = "same-writes";
/** Nobody watches this one. */
export const unwatchedNamespace = "unwatched";
export const clusterName = "fake";

/** A real control plane, a fake Flink and the floors, each in processes of its own. */
export interface Place extends AsyncDisposable {
  readonly kubeconfig: string;
  readonly kube: KubeClient;
  readonly flinkUrl: string;
  readonly jarId: string;
  readonly flinkPid: number;
  flinkReport(): Promise<FlinkReport>;
  /** How many objects the client with the same writes is through with; `model` is the status that it writes from now on. */
  sameWrites(model?: FlinkJob["status"]): Promise<number>;
}

export async function makePlace(progress: (line: string) => void): Promise<Place> {
  const undo = new AsyncDisposableStack();
  try {
    const dir = await mkdtemp(join(tmpdir(), "flinkjob-bench-"));
    undo.defer(() => rm(dir, { recursive: true, force: true }));
    const cluster = await startKube({ dir: join(dir, "kube"), ownerPid: process.pid, progress });
    undo.defer(() => cluster.stop());
    const { kubeconfig } = cluster;
    const transport = new Transport(await loadClusterAccess({ kubeconfig }));
    undo.defer(() => transport.close());
    const kube = new KubeClient(transport);
    const flink = await Child.start<{ url: string; jarId: string }>("flink-child.ts");
    undo.defer(() => flink.stop());
    const { url, jarId } = flink.started;
    await prepare(kube, url);
    const startFloor = async (kind: string) => {
      const child = await Child.start("floor-child.ts", [kubeconfig, kind, url, kind]);
      undo.defer(() => child.stop());
      return child;
    };
    await startFloor(bareNamespace);
    const sameWrites = await startFloor(sameWritesNamespace);
    return {
      kubeconfig,
      kube,
      flinkUrl: url,
      jarId,
      flinkPid: flink.pid,
      flinkReport: () => flink.report<FlinkReport>(),
      sameWrites: (model) => sameWrites.report<number>({ model }),
      [Symbol.asyncDispose]: () => undo.disposeAsync(),
    };
  } catch (error) {
    await undo.disposeAsync();
    throw error;
  }
}

async function prepare(kube: KubeClient, flinkUrl: string): Promise<void> {
  for (const crd of Object.values(customResourceDefinitions()))
    await kube.create(definitions, crd as unknown as KubeObject);
  for (const name of [benchNamespace, bareNamespace, sameWritesNamespace, unwatchedNamespace])
    await kube.create(namespaces, { metadata: { name } });
  const metadata = { name: clusterName, namespace: benchNamespace };
  const cluster: FlinkCluster = {
    apiVersion: API_VERSION,
    kind: "FlinkCluster",
    metadata,
    spec: { url: flinkUrl },
  };
  // The API server serves a new kind a moment after it took the definition.
  await eventually(() => kube.create(flinkClusters, cluster), 10_000, 50);
  await eventually(
    async () => (await kube.watch(flinkJobs, { namespace: bareNamespace })).close(),
    10_000,
    50,
  );
}
