import type { FlinkClusterSpec, FlinkClusterStatus } from "./flinkcluster.ts";
import type { FlinkJobSpec } from "./flinkjob.ts";
import type { FlinkSavepointSpec, FlinkSavepointStatus } from "./flinksavepoint.ts";
import type { API_VERSION } from "./group.ts";
import type { ObjectMeta } from "./meta.ts";
import type { FlinkJobStatus } from "./status.ts";

/** A job that should run on a Flink cluster. */
export interface FlinkJob {
  apiVersion: typeof API_VERSION;
  kind: "FlinkJob";
  metadata: ObjectMeta;
  spec: FlinkJobSpec;
  status?: FlinkJobStatus;
}

/** A Flink session cluster. */
export interface FlinkCluster {
  apiVersion: typeof API_VERSION;
  kind: "FlinkCluster";
  metadata: ObjectMeta;
  spec: FlinkClusterSpec;
  status?: FlinkClusterStatus;
}

/** A savepoint of a FlinkJob's job. */
export interface FlinkSavepoint {
  apiVersion: typeof API_VERSION;
  kind: "FlinkSavepoint";
  metadata: ObjectMeta;
  spec: FlinkSavepointSpec;
  status?: FlinkSavepointStatus;
}
