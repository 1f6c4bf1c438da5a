import { scenarioClass } from "../../dev/flink/jobs.ts";
import { jobsJarPath } from "../../dev/image/flink.ts";
import { smallCluster } from "../../dev/node/small-cluster.ts";
import { API_VERSION } from "../../src/api/group.ts";
import type { FlinkJob } from "../../src/api/objects.ts";
import { clusterKinds, pods } from "../../src/controller/managed/kinds.ts";
import { CLUSTER_LABEL, COMPONENT_LABEL } from "../../src/core/cluster/objects.ts";
import type { Pod } from "../../src/core/cluster/pods.ts";
import { FLINK_CONFIG_MAPS } from "../../src/core/cluster/teardown.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { isKubeError } from "../../src/kube/errors.ts";
import { flinkClusters, flinkJobs } from "../../src/kube/resources.ts";
import type { KubeObject, Resource } from "../../src/kube/types.ts";
import { eventually } from "../support/eventually.ts";

/** One FlinkJob in a cluster of its own; ms since 1970 by this machine's one clock. */
export interface Life {
  /** Just before the create call. */
  readonly createdAt: number;
  readonly podMadeAt: number;
  readonly scheduledAt: number;
  /** The JobManager's pod is ready. */
  readonly readyAt: number;
  /** Flink has the job, by its own word. */
  readonly acceptedAt: number;
  readonly tasksRunAt: number;
  /** The FlinkJob says that they run. */
  readonly toldAt: number;
  /** The job's end, by Flink's own word. */
  readonly endedAt: number;
  /** The FlinkJob has let its cluster go: what the job left is on record. */
  readonly releasedAt: number;
  /** No object and no pod of it is left, nor what Flink's high availability kept. */
  readonly goneAt: number;
}

export interface Parts {
  readonly kube: KubeClient;
  readonly namespace: string;
  readonly name: string;
  readonly mode: "application" | "session";
  readonly version: "1.20" | "2.3";
  readonly image: string;
  readonly hostPath: string;
  readonly jarUri: string;
}

const LIMIT_MS = 300_000;
/** How often it is looked, in milliseconds: the figures are no finer than that. */
const LOOK_MS = 20;
/** How long the job works: long enough to be seen to run. */
const WORK = ["batch", "--elements", "100", "--delay", "100"];

/** Makes one, and follows it to where nothing is left. Fails where its job does not finish. */
export async function liveInOwnCluster(parts: Parts): Promise<Life> {
  const { kube, namespace, name, mode, version, image, hostPath, jarUri } = parts;
  const perJob = { mode, ...smallCluster(version, image, hostPath) };
  const jar = mode === "session" ? { uri: jarUri } : { local: jobsJarPath };
  const spec = { cluster: { perJob }, jar, entryClass: scenarioClass, args: WORK };
  const createdAt = Date.now();
  const object = { apiVersion: API_VERSION, kind: "FlinkJob", metadata: { name, namespace }, spec };
  await kube.create(flinkJobs, object as unknown as FlinkJob);
  const job = () => kube.get(flinkJobs, { namespace, name });
  const until = <T>(look: () => Promise<T | false>) => eventually(look, LIMIT_MS, LOOK_MS);

  const cluster = await until(async () => (await job()).status?.trigger?.cluster?.name ?? false);
  const selector = `${CLUSTER_LABEL}=${cluster}`;
  const leader = async () =>
    (await kube.list(pods, { namespace, labelSelector: `${selector},${COMPONENT_LABEL}=jobmanager` }))
      .items[0];
  await until(async () => (await leader()) ?? false);
  const podMadeAt = Date.now();
  const is = (type: string) => async () => {
    const found = (await leader())?.status?.conditions?.find((condition) => condition.type === type);
    return found?.status === "True";
  };
  await until(is("PodScheduled"));
  const scheduledAt = Date.now();
  await until(is("Ready"));
  const readyAt = Date.now();

  const service = await kube.get(clusterKinds.Service, { namespace, name: `${cluster}-rest` });
  const { clusterIP } = service.spec as { clusterIP: string };
  const row = () => listed(`http://${clusterIP}:8081`);
  const begun = await until(async () => {
    const seen = await row();
    return seen !== undefined && seen.tasks.total > 0 && seen.tasks.running === seen.tasks.total && seen;
  });
  const tasksRunAt = begun["last-modification"];
  await until(async () => (await job()).status?.trigger?.reason === "TasksRunning");
  const toldAt = Date.now();
  const ended = await until(async () => {
    const seen = await row();
    return seen?.state === "FINISHED" && seen;
  });
  const { releasedAt } = await until(async () => {
    const { trigger } = (await job()).status ?? {};
    return trigger?.cluster?.releasedAt !== undefined && { releasedAt: Date.now() };
  });
  await until(async () => !(await isLeft(kube, namespace, cluster)));
  const { status } = await job();
  if (status?.trigger?.state !== "finished") throw new Error(`${name}: ${JSON.stringify(status?.trigger)}`);
  const times = {
    createdAt,
    podMadeAt,
    scheduledAt,
    readyAt,
    acceptedAt: begun["start-time"],
    tasksRunAt,
    toldAt,
  };
  return { ...times, endedAt: ended["end-time"], releasedAt, goneAt: Date.now() };
}

interface Row {
  state: string;
  "start-time": number;
  "end-time": number;
  "last-modification": number;
  tasks: { total: number; running: number };
}

/** The cluster's one job, where the JobManager answers and has it. */
async function listed(url: string): Promise<Row | undefined> {
  try {
    const reply = await fetch(`${url}/jobs/overview`, { signal: AbortSignal.timeout(5_000) });
    return reply.ok ? ((await reply.json()) as { jobs: Row[] }).jobs[0] : undefined;
  } catch {
    return undefined;
  }
}

/** Whether anything of the cluster is there: asked for in the order in which it goes, so that one request is the rule. */
async function isLeft(kube: KubeClient, namespace: string, cluster: string): Promise<boolean> {
  try {
    await kube.get(flinkClusters, { namespace, name: cluster });
    return true;
  } catch (error) {
    if (!isKubeError(error, "NotFound")) throw error;
  }
  const labelSelector = `${CLUSTER_LABEL}=${cluster}`;
  const kinds: Resource<KubeObject>[] = [pods as Resource<Pod & KubeObject>, ...Object.values(clusterKinds)];
  for (const kind of kinds)
    if ((await kube.list(kind, { namespace, labelSelector })).items.length > 0) return true;
  const kept = { namespace, labelSelector: FLINK_CONFIG_MAPS(cluster) };
  return (await kube.list(clusterKinds.ConfigMap, kept)).items.length > 0;
}
