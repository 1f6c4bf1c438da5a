import type { KubeClient } from "../../src/kube/client.ts";
import type { FlinkInstance } from "../flink/cluster.ts";

/** Where a scene is played. */
export interface Place {
  readonly kube: KubeClient;
  readonly namespace: string;
  /** Its JobManager is killed in the play. */
  readonly flink: FlinkInstance;
  /** Where the JAR of test jobs is served, for FlinkJobs. */
  readonly jarUri: string;
  /** The same JAR on disk, for the agent to upload. */
  readonly jarPath: string;
  /** Of this project. */
  readonly operator: {
    /** With SIGKILL. */
    kill(): Promise<void>;
    start(): Promise<void>;
  };
}
