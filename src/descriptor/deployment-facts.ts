/** What is meant by a name: a FlinkCluster, or a FlinkJob. */
export type Deployment = { readonly cluster: string } | { readonly job: string };

/** Of a job that FINISHED, as its FlinkJob's status has it. */
export interface DeployedJobResult {
  readonly jobId: string;
  /** Milliseconds. */
  readonly netRuntime: number;
  /** As Flink shows them; the first 50. */
  readonly accumulators: ReadonlyMap<string, string>;
}
