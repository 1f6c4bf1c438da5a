import type { FlinkJobSpec } from "../../api/flinkjob.ts";
import {
  API_VERSION,
  CLUSTER_FINALIZER,
  JOB_ID_LABEL,
  JOB_UID_LABEL,
  RUN_HASH_ANNOTATION,
} from "../../api/group.ts";
import type { ManagedCluster } from "../../api/managed-cluster.ts";
import type { FlinkCluster, FlinkJob } from "../../api/objects.ts";
import type { PerJob } from "../../api/per-job.ts";
import type { TriggerStatus } from "../../api/status.ts";
import { MANAGED_BY, MANAGED_BY_LABEL } from "../cluster/objects.ts";
import { jobLabels } from "../savepoints/naming.ts";
import { perJobDirectory } from "./naming.ts";

type Attempt = Pick<TriggerStatus, "jobId" | "savepointPath" | "runHash">;

/**
 * The FlinkCluster of one attempt. It bears the finalizer from its first moment on, so it never goes without the operator's
 * having seen it. No owner: the garbage collector would take it away before the job was stopped (ADR 6).
 */
export function perJobClusterOf(
  job: FlinkJob,
  spec: FlinkJobSpec,
  perJob: PerJob,
  attempt: Attempt,
  name: string,
): FlinkCluster {
  const { namespace, uid = "" } = job.metadata;
  return {
    apiVersion: API_VERSION,
    kind: "FlinkCluster",
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      labels: {
        [MANAGED_BY_LABEL]: MANAGED_BY,
        ...jobLabels(job),
        [JOB_UID_LABEL]: uid,
        [JOB_ID_LABEL]: attempt.jobId,
      },
      annotations: { [RUN_HASH_ANNOTATION]: attempt.runHash },
      finalizers: [CLUSTER_FINALIZER],
    },
    spec: { managed: managedOf(spec, perJob, attempt, perJobDirectory(job.metadata)) },
  };
}

/** What is deployed for the attempt. */
function managedOf(
  spec: FlinkJobSpec,
  { mode, keepClusterFor: _, storage, ...more }: PerJob,
  { jobId, savepointPath }: Attempt,
  directory: string,
): ManagedCluster {
  const cluster: ManagedCluster = { ...more, storage: { ...storage, directory } };
  if (mode === "session") return cluster;
  const { jar = {}, entryClass, args, parallelism, allowNonRestoredState, claimMode } = spec;
  const { uri, sha256, local } = jar;
  const application = {
    jobId,
    jar: given({ uri, sha256, local }),
    ...given({ entryClass, args, parallelism, savepointPath, allowNonRestoredState, claimMode }),
  };
  // In a cluster of one job the job's options are the cluster's, and its own win.
  const flinkConfiguration = { ...cluster.flinkConfiguration, ...spec.flinkConfiguration };
  const hasOptions = Object.keys(flinkConfiguration).length > 0;
  return { ...cluster, ...(hasOptions ? { flinkConfiguration } : {}), application };
}

/** Without what is not there: an absent field and an undefined one are the same to the API server only. */
function given<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
}
