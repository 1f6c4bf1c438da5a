// The written rule of an option's scope (docs/flink-configuration.md, "Scope"). Nothing is decided by key and taste: an
// option belongs to a job where a class that reads a job's own configuration reads it. The exceptions are named, with why.
import type { OptionScope } from "../../src/core/configuration/catalogue.ts";
import type { DeclaredOption } from "./declared-option.ts";

/** Options that identify or submit a job or a cluster: in a run request they could only take the submission out of our hands. */
const dangerousKeys: Readonly<Record<string, string>> = {
  "cluster.id": "the cluster's identity",
  "high-availability.cluster-id": "under which JobIDs and results are kept",
  "execution.target": "where the job goes: Flink sets it itself",
  "execution.attached": "execute() would wait for the job's end, and main() would not end",
  "execution.shutdown-on-attached-exit": "the job would be cancelled with its main()",
  "execution.submit-failed-job-on-application-error": "a failed main() would leave a job that never ran",
  "pipeline.jars": "Flink sets it to the JAR of the run request",
  "pipeline.classpaths": "Flink sets it to what the JAR's manifest says",
};
const dangerousPrefixes = ["$internal.", "internal."];

/** Classes whose options matter to a process that submits. Here that is the JobManager, which reads some of them: jobReaders. */
const clientOwners = /\.(client\.cli\.\w+|client\.deployment\.\w+(\.\w+)*)$/;

/** Read with the job's configuration, but only for a client that waits for the job: Flink forces that off. */
const clientKeys = new Set(["client.heartbeat.interval", "client.heartbeat.timeout"]);

/** Processes, ports, memory and services are settled when the cluster starts, whoever else reads them. */
const clusterPrefixes =
  /^(akka|blob|cluster|compiler|env|heartbeat|historyserver|jobmanager|metrics|pekko|process|queryable-state|rest|security|slot|taskmanager|web)\./;

/** Belong to the job all the same, and why. */
const jobKeys: Readonly<Record<string, string>> = {
  "metrics.latency.interval": "ExecutionConfig copies it into the job",
  "taskmanager.network.adaptive-partitioner.enabled": "tasks read it from the job",
  "taskmanager.network.adaptive-partitioner.max-traverse-size": "tasks read it from the job",
  "execution.checkpointing.during-recovery.enabled": "read through a method of the class that declares it",
  "execution.checkpointing.file-merging.max-subtasks-per-file":
    "read through a method of the class that declares it",
};

/** Classes whose every option a job may set: state backends configure themselves from the job, and so does the table planner. */
const jobOwners = /\.(state\.(rocksdb|forst)|contrib\.streaming\.state)\.|\.table\.api\.config\.|\.python\./;

/** Classes that read the configuration of one job: of its main(), of its graph, of its JobMaster, of its tasks. */
const jobReaders = [
  // main(): the environment and what it makes
  /\.api\.common\.ExecutionConfig$/,
  /\.api\.common\.serialization\.SerializerConfig(Impl)?$/,
  /\.streaming\.api\.environment\.(StreamExecutionEnvironment|CheckpointConfig)$/,
  /\.streaming\.api\.graph\.\w+$/,
  /\.streaming\.api\.datastream\.\w+$/,
  /\.streaming\.runtime\.translators\.\w+$/,
  /\.client\.program\.StreamContextEnvironment$/,
  /\.client\.FlinkPipelineTranslationUtil$/,
  /\.client\.deployment\.application\.(executors\.Embedded\w+|PackagedProgramApplication)$/,
  /\.runtime\.jobgraph\.SavepointRestoreSettings$/,
  // the JobMaster: the job's configuration before the cluster's
  /\.runtime\.executiongraph\.failover\.(flip1\.)?\w*RestartBackoffTimeStrategy\w*$/,
  /\.runtime\.state\.(StateBackendLoader|CheckpointStorageLoader)$/,
  // what the loaders make, configured with the same
  /\.runtime\.state\.(filesystem|storage|hashmap|metrics)\.\w+(\$Builder)?$/,
  /\.(state\.(rocksdb|forst)|contrib\.streaming\.state)\.\w+StateBackend$/,
  /\.runtime\.scheduler\.adaptivebatch\.StreamGraphOptimizer$/,
  // tasks: Environment.getJobConfiguration()
  /\.runtime\.state\.TaskExecutorFileMergingManager$/,
];

/** What a run request can do with this option in this version of Flink. */
export function scopeOf({ key, owner, readers = [] }: DeclaredOption): OptionScope {
  if (key in dangerousKeys || dangerousPrefixes.some((prefix) => key.startsWith(prefix))) return "dangerous";
  if (key in jobKeys) return "job";
  if (clusterPrefixes.test(key)) return "cluster";
  if (clientKeys.has(key)) return "client";
  if (jobOwners.test(owner)) return "job";
  if (readers.some((reader) => jobReaders.some((pattern) => pattern.test(reader)))) return "job";
  return clientOwners.test(owner) ? "client" : "cluster";
}
