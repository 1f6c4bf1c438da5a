// Options with values that would be noticed, and what shows it.

export type Properties = Record<string, string>;
export interface Shown {
  main: Properties;
  config: Record<string, unknown>;
  checkpoints: Record<string, unknown>;
  job: { name: string; vertices: { name: string; maxParallelism: number }[] };
}

/** Option of the job, a value that is not its default, and where its effect is seen. */
export const effective: Record<string, [value: string, seen: (shown: Shown) => unknown, want: unknown]> = {
  "parallelism.default": ["2", ({ main }) => main["config.parallelism"], "2"],
  "pipeline.name": ["from the map", ({ job }) => job.name, "from the map"],
  "pipeline.object-reuse": ["true", ({ config }) => config["object-reuse-mode"], true],
  "pipeline.global-job-parameters": [
    "topic:orders,limit:5",
    ({ config }) => config["user-config"],
    { topic: "orders", limit: "5" },
  ],
  "pipeline.operator-chaining.enabled": ["false", ({ job }) => job.vertices.length, 2],
  "pipeline.max-parallelism": [
    "77",
    ({ job }) => job.vertices.map(({ maxParallelism }) => maxParallelism),
    [77, 77],
  ],
  "pipeline.vertex-name-include-index-prefix": [
    "true",
    ({ job }) => job.vertices[1]?.name,
    "[vertex-1]teller",
  ],
  "pipeline.auto-watermark-interval": ["9 s", ({ main }) => main["config.autoWatermarkInterval"], "9000"],
  "pipeline.closure-cleaner-level": ["NONE", ({ main }) => main["config.closureCleanerLevel"], "NONE"],
  "execution.buffer-timeout.interval": ["123 ms", ({ main }) => main["config.bufferTimeout"], "123"],
  "metrics.latency.interval": ["4000", ({ main }) => main["config.latencyTrackingInterval"], "4000"],
  "task.cancellation.interval": ["6000", ({ main }) => main["config.taskCancellationInterval"], "6000"],
  "task.cancellation.timeout": ["8000", ({ main }) => main["config.taskCancellationTimeout"], "8000"],
  "execution.checkpointing.snapshot-compression": [
    "true",
    ({ main }) => main["config.snapshotCompression"],
    "true",
  ],
  "execution.checkpointing.interval": ["7 s", ({ checkpoints }) => checkpoints.interval, 7_000],
  "execution.checkpointing.mode": ["AT_LEAST_ONCE", ({ checkpoints }) => checkpoints.mode, "at_least_once"],
  "execution.checkpointing.timeout": ["77 s", ({ checkpoints }) => checkpoints.timeout, 77_000],
  "execution.checkpointing.min-pause": ["3 s", ({ checkpoints }) => checkpoints.min_pause, 3_000],
  "execution.checkpointing.max-concurrent-checkpoints": [
    "1",
    ({ checkpoints }) => checkpoints.max_concurrent,
    1,
  ],
  "execution.checkpointing.tolerable-failed-checkpoints": [
    "5",
    ({ checkpoints }) => checkpoints.tolerable_failed_checkpoints,
    5,
  ],
  "execution.checkpointing.externalized-checkpoint-retention": [
    "RETAIN_ON_CANCELLATION",
    ({ checkpoints }) => checkpoints.externalization,
    { enabled: true, delete_on_cancellation: false },
  ],
  "execution.checkpointing.checkpoints-after-tasks-finish": [
    "false",
    ({ checkpoints }) => checkpoints.checkpoints_after_tasks_finish,
    false,
  ],
  "execution.checkpointing.storage": [
    "filesystem",
    ({ checkpoints }) => checkpoints.checkpoint_storage,
    "FileSystemCheckpointStorage",
  ],
};

/** What makes main() or the job fail, because it is read; with the words of Flink. */
export const failing: Record<string, [value: string, args: string[], want: RegExp]> = {
  "execution.job-listeners": ["no.such.Listener", [], /no\.such\.Listener/],
  "execution.program-config.enabled": ["false", ["--interval", "100"], /Not allowed configuration change/],
  "execution.state-recovery.path": ["file:///no/such", [], /file:\/\/\/no\/such/],
  "state.backend.type": ["no.such.Backend", ["--interval", "100"], /no\.such\.Backend/],
  "state.changelog.enabled": ["true", ["--interval", "100"], /[cC]hangelog/],
  "restart-strategy.type": ["no.such.Strategy", [], /no\.such\.strategy/i],
  "execution.runtime-mode": ["no.such.Mode", [], /no\.such\.Mode/],
  "pipeline.cached-files": ["nonsense", [], /key-value pair|out of bounds/],
  "client.timeout": ["often", [], /client\.timeout/],
};

/** Options of the cluster, each with a value that would be noticed. */
export const ineffective: Record<string, string> = {
  "jobmanager.rpc.address": "no.such.host",
  "jobmanager.rpc.port": "1234",
  "jobmanager.scheduler": "Adaptive",
  "jobmanager.execution.failover-strategy": "full",
  "taskmanager.numberOfTaskSlots": "3",
  "taskmanager.memory.segment-size": "64 kb",
  "taskmanager.network.memory.buffer-debloat.enabled": "true",
  "taskmanager.host": "no.such.host",
  "task.cancellation.timers.timeout": "1 ms",
  "rest.port": "1",
  "rest.address": "no.such.host",
  "blob.server.port": "1",
  "web.upload.dir": "/no/such",
  "web.checkpoints.history": "1",
  "heartbeat.interval": "1 ms",
  "heartbeat.timeout": "2 ms",
  "slot.request.timeout": "1 ms",
  "slotmanager.number-of-slots.max": "1",
  "io.tmp.dirs": "/no/such",
  "high-availability.type": "no.such.Services",
  "execution.checkpointing.num-retained": "3",
  "execution.state-recovery.from-local": "true",
  "execution.batch.speculative.enabled": "true",
  "pipeline.watermark-alignment.allow-unaligned-source-splits": "true",
  "state.changelog.storage": "no.such.Storage",
  "cluster.io-pool.size": "1",
  "metrics.reporters": "nobody",
  "metrics.reporter.nobody.factory.class": "no.such.Reporter",
  "kubernetes.cluster-id": "other",
  "s3.access-key": "nobody",
};
