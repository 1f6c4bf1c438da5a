/** Where a FlinkCluster is deployed: what Kubernetes and a volume hold under its name, whether or not the FlinkCluster is there. */
export interface Place {
  readonly name: string;
  readonly url: string;
  readonly jobId: string;
  readonly mode: "application" | "session";
  /** What its job is, and starts from: of the FlinkCluster that was made last. */
  readonly content: number;
  readonly from: string | undefined;
  readonly pods: boolean;
  /** How often Kubernetes started its JobManager again. */
  readonly restarts: number;
  /** ConfigMaps of Flink's high availability. */
  readonly maps: boolean;
}
