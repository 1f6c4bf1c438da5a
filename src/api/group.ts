/** The API group and version that this operator serves, and the names it owns in the cluster. */
export const GROUP = "flinkjob.dev";
export const VERSION = "v1alpha1";
export const API_VERSION = `${GROUP}/${VERSION}`;

/** Held by a FlinkJob while its Flink job may need cancelling before the object goes. */
export const FINALIZER = `${GROUP}/cancel-job`;
/** Held by a FlinkSavepoint whose files are to go before it. */
export const SAVEPOINT_FINALIZER = `${GROUP}/dispose-savepoint`;
/** Held by a FlinkCluster whose pods, and what Flink left, go before it. */
export const CLUSTER_FINALIZER = `${GROUP}/tear-down`;
/** On a FlinkSavepoint that the operator made: the name of the FlinkJob. */
export const JOB_LABEL = `${GROUP}/job`;
/** On a FlinkCluster that was made for one attempt of a FlinkJob (spec.cluster.perJob): the FlinkJob's uid. */
export const JOB_UID_LABEL = `${GROUP}/job-uid`;
/** Beside it: the attempt's JobID. */
export const JOB_ID_LABEL = `${GROUP}/job-id`;
/** Beside them: the hash of what the job was when it was made. */
export const RUN_HASH_ANNOTATION = `${GROUP}/run-hash`;
/** `"true"` beside them once the FlinkJob went and left its job running (spec.deletionPolicy: Orphan). */
export const ORPHANED_ANNOTATION = `${GROUP}/orphaned`;
/** On a FlinkJob with spec.plan: why it cannot be run, in the words of the gateway that was to hand it over. */
export const PLAN_REFUSED_ANNOTATION = `${GROUP}/plan-refused`;
/** On a FlinkJob that the gateway made of a plan: the name of the FlinkCluster (spec.perJob) that it was sent to. */
export const TEMPLATE_LABEL = `${GROUP}/template`;
/** `"true"` on a Secret or ConfigMap whose owner lets FlinkJobs of its namespace use it (spec.flinkConfigurationFrom). */
export const CONFIGURATION_LABEL = `${GROUP}/configuration`;
/** `reportingController` of events and `app.kubernetes.io/managed-by`. */
export const CONTROLLER_NAME = `${GROUP}/operator`;
