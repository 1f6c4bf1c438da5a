/** What Flink shows of the configuration that a job runs with. Absent: it does not tell. */
export interface ShownConfiguration {
  name?: string | undefined;
  parallelism?: number | undefined;
  objectReuse?: boolean | undefined;
  /** In Flink's words. */
  restartStrategy?: string | undefined;
  /** Absent for a job that takes none, a batch job for one. */
  checkpoints?: ShownCheckpoints | undefined;
}

export interface ShownCheckpoints {
  /** Milliseconds; undefined: periodic ones are off. */
  interval: number | undefined;
  /** Milliseconds. */
  timeout?: number | undefined;
  minPause?: number | undefined;
  mode?: string | undefined;
  maxConcurrent?: number | undefined;
  tolerableFailures?: number | undefined;
  /** Whether the newest ones outlive the job. */
  retained?: { onFailure: boolean; onCancel: boolean } | undefined;
  /** Simple names of Java classes. */
  stateBackend?: string | undefined;
  storage?: string | undefined;
}
