import type { FlinkJobSpecInput } from "../api/flinkjob.ts";
import type { ManagedClusterInput } from "../api/managed-cluster.ts";

// The library's types have these written out (dev/bundle/spec-types.ts): its users do not have zod.

/** A session cluster: what `FlinkCluster.spec.managed` holds. */
export type SessionSpec = Omit<ManagedClusterInput, "application">;

type PerJob = NonNullable<FlinkJobSpecInput["cluster"]["perJob"]>;

/** A job with a cluster of its own: the spec of a FlinkJob with `cluster.perJob`. */
export type PerJobSpec = Omit<FlinkJobSpecInput, "cluster"> & { cluster: { perJob: PerJob } };
