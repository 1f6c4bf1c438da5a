import type { FlinkCluster, FlinkJob, FlinkSavepoint } from "../../api/objects.ts";
import type { StepEvent } from "../../core/step.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { Clock } from "../../kube/clock.ts";
import type { Followed } from "../../kube/followed.ts";
import type { Clusters } from "../clusters.ts";
import type { ConfigurationSources } from "../configuration-sources.ts";
import { Versions } from "../versions.ts";
import { SavepointGather } from "./savepoint-gather.ts";
import { SavepointsNews } from "./savepoint-news.ts";
import { SavepointPerform } from "./savepoint-perform.ts";
import { SavepointReconciler } from "./savepoint-reconciler.ts";
import { ScheduleReconciler } from "./schedule-reconciler.ts";

export interface SavepointsOptions {
  kube: KubeClient;
  clock: Clock;
  jobs: Followed<FlinkJob>;
  clusters: Followed<FlinkCluster>;
  savepoints: Followed<FlinkSavepoint>;
  flink: Clusters;
  deletionTimeoutMs: number;
  tell: (savepoint: FlinkSavepoint, event: StepEvent) => void;
  sources: Pick<ConfigurationSources, "recall" | "withoutSecrets">;
  onStatusWritten: () => void;
  log?: (savepoint: FlinkSavepoint, rule: string, changed: boolean) => void;
}

/** What reconciles FlinkSavepoints, and the schedules that make them. */
export class Savepoints {
  readonly reconciler: SavepointReconciler;
  readonly schedule: ScheduleReconciler;

  constructor(options: SavepointsOptions) {
    const { kube, clock, jobs, clusters, savepoints, flink, sources, deletionTimeoutMs } = options;
    const { tell, onStatusWritten } = options;
    const savepointsOf = (key: string) => savepoints.byIndex("job", key);
    const news = new SavepointsNews(clock);
    const versions = new Versions<FlinkSavepoint>();
    const gather = new SavepointGather({
      clusters: flink,
      news,
      flinkJob: (namespace, name) => jobs.get(`${namespace}/${name}`),
      flinkCluster: (namespace, name) => clusters.get(`${namespace}/${name}`),
      savepointsOf,
      deletionTimeoutMs,
    });
    const told = async ({ metadata, spec }: FlinkSavepoint, signal: AbortSignal) => {
      const job = jobs.get(`${metadata.namespace}/${spec.job.name}`);
      if (!job) return (message: string) => message;
      await sources.recall(job, signal);
      return (message: string) => sources.withoutSecrets(job, message);
    };
    const perform = new SavepointPerform({
      ...{ kube, versions, clusters: flink, news },
      ...{ tell, told, onStatusWritten },
    });
    const log = options.log ? { log: options.log } : {};
    this.reconciler = new SavepointReconciler({
      store: savepoints,
      versions,
      gather,
      perform,
      news,
      clock,
      ...log,
    });
    this.schedule = new ScheduleReconciler({
      kube,
      flinkJob: (key) => jobs.get(key),
      savepointsOf,
      clock,
    });
  }
}
