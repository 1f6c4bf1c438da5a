import type { FlinkJob } from "../api/objects.ts";
import type { Reason } from "../api/reasons.ts";
import type { Protection } from "../api/status.ts";
import type { FindOptions } from "./configuration/catalogue.ts";
import type { ApplicationState, FlinkJobState } from "./flink-states.ts";
import type {
  ConfigurationSeen,
  ExecutionResultSeen,
  OperationSeen,
  RequirementsSeen,
  Snapshots,
  SnapshotsSeen,
  SourcesSeen,
  TroublesSeen,
} from "./job-seen.ts";
import type { CleaningState } from "./storage/cleaning.ts";

export { type ApplicationState, type FlinkJobState, isTerminal } from "./flink-states.ts";
export type * from "./job-seen.ts";

/** Everything that `decide` may look at. Times are milliseconds since the epoch by this process's clock. */
export interface Observed {
  /** The newest version of the object that this process knows. */
  job: FlinkJob;
  cluster: ClusterObservation;
  /** What this process itself knows of the run request for the trigger's JobID. */
  flight?: Flight | undefined;
  /** The newest look-up of the trigger's JobID by this process. */
  look?: Look | undefined;
  /** The newest news of the savepoint that the trigger's job is stopped with, to this process. */
  operation?: OperationSeen | undefined;
  /** What this process last read of the snapshots of the trigger's job. */
  snapshots?: SnapshotsSeen | undefined;
  /** What this process last read of why the trigger's job restarted. */
  troubles?: TroublesSeen | undefined;
  /** What this process last read of the configuration that the trigger's job runs with. */
  configuration?: ConfigurationSeen | undefined;
  /** What this process last read of how much parallelism the trigger's job asks for, or last asked for. */
  requirements?: RequirementsSeen | undefined;
  /** What this process last read, of the end of the trigger's job, for Flink's own client (spec.plan). */
  executionResult?: ExecutionResultSeen | undefined;
  /** What this process last read of what spec.flinkConfigurationFrom names. */
  sources?: SourcesSeen | undefined;
  /** Where spec.cluster leads, so many main()s run as applications that there is no place for another. */
  crowd?: Crowd | undefined;
  /** The clusters that were made for this FlinkJob alone (spec.cluster.perJob). */
  perJob?: PerJobSeen | undefined;
  /** Of a FlinkJob that is being deleted: how far the cleaning of what its own clusters left in their storage has come. */
  storage?: CleaningState | undefined;
  /** Another FlinkJob that follows the job of spec.trigger.jobId already. */
  adoptedBy?: string | undefined;
  /** Where spec.cluster leads by now; undefined where it leads nowhere. `cluster` may still be where the trigger was sent. */
  wantedUrl: string | undefined;
  /** How long a finalizer may wait for a Flink job to end, in milliseconds. */
  deletionTimeoutMs: number;
  /** The wait after the first run request of a trigger, in milliseconds; default SUBMISSION_BACKOFF_MS. */
  submissionBackoffMs?: number | undefined;
  /** For how long a run request may be on its way and still arrive, in milliseconds; default LONGEST_WAY_MS. */
  longestWayMs?: number | undefined;
  /** The catalogue of Flink's options; without it flinkConfiguration goes out unexamined. */
  findOptions?: FindOptions | undefined;
}

/** What the caches hold of the FlinkClusters that were made for one FlinkJob alone. */
export interface PerJobSeen {
  /** Those that are there, one for each attempt; in the steady state none, or that of the trigger. */
  clusters: readonly PerJobCluster[];
  /** Somebody else's FlinkCluster that has the name of the trigger's. */
  taken?: boolean | undefined;
  /** That the API server did not take one that was to be made, and why. */
  refusal?: { name: string; reason: Reason; message: string; at: number } | undefined;
  /** The name of one that is not there by the API server's own word, and when that was asked: a cache may be behind. */
  absent?: { name: string; at: number } | undefined;
  /** Whether pods, or what makes them, are left of the trigger's cluster; undefined: not known. */
  remains?: boolean | undefined;
}

/** One of them. */
export interface PerJobCluster {
  name: string;
  uid: string;
  jobId: string;
  mode: "application" | "session";
  /** What the job was when it was made. */
  runHash: string | undefined;
  /** How many it is to have by now. */
  taskManagers?: number | undefined;
  isDeleting: boolean;
  /** Its JobManager answered at some time, so a job may have run. */
  wasReached: boolean;
  /** How often its JobManager was started again by Kubernetes, as far as is known. */
  restarts?: number | undefined;
  /** Since when all of it is there and answers: milliseconds since the epoch. */
  readySince?: number | undefined;
  /** It goes on only when somebody does something: a wrong image, a pod template that cannot be. */
  isStalled?: boolean | undefined;
  /** What its status says. */
  reason?: Reason | undefined;
  message?: string | undefined;
}

/** The main()s on a cluster that leave no place (Flink >= 2.3: each takes a thread of the JobManager). */
export interface Crowd {
  limit: number;
  /** Since when this FlinkJob waits; undefined: it does not yet. */
  since: number | undefined;
}

export type ClusterObservation =
  /** `isTemplate`: there is a FlinkCluster of that name, and it has no pods (spec.perJob). */
  | { kind: "notFound"; name: string; isTemplate?: boolean }
  | { kind: "notAllowed"; url: string; message: string }
  | UnreachableCluster
  /** Not asked yet. */
  | { kind: "connecting"; url: string }
  | ReachableCluster;

export interface UnreachableCluster {
  kind: "unreachable";
  url: string;
  message: string;
  /** Of a managed cluster that is not ready: what its FlinkCluster says. */
  says?: { name: string; reason: Reason; message: string } | undefined;
}

export interface ReachableCluster {
  kind: "reachable";
  url: string;
  jobManager: JobManagerView;
  /** When the request for the job list was sent: what happened later may be missing from it. */
  listedAt: number;
  /** The jobs of this FlinkJob on the cluster, by JobID, whichever trigger or attempt they belong to; an adopted one too. */
  jobs: ReadonlyMap<string, JobRow>;
}

export interface JobManagerView {
  /** The process's own UUID, new at each start; empty where it does not tell. */
  incarnation: string;
  flinkVersion: string;
  protection: Protection;
  highAvailability: boolean;
  /** How long Flink lists an ended job. */
  jobStoreExpirationMs: number;
  submitEnabled: boolean;
  /** Flink >= 2.3: POST /jars/:id/run-application. */
  supportsRunApplication: boolean;
  /** Flink >= 1.17: the run request carries flinkConfiguration. */
  supportsFlinkConfiguration: boolean;
  /** Flink >= 1.18 with the adaptive scheduler: a running streaming job can be scaled. */
  supportsRescaling: boolean;
  /** The cluster's parallelism.default, which Flink's endpoint ignores and we honour. */
  parallelismDefault?: number | undefined;
}

/** An incarnation that the JobManager does not tell is never the same as another. */
export function isSameProcess(a: string, b: string | undefined): boolean {
  return a !== "" && a === b;
}

/** A job as GET /jobs/overview or GET /jobs/:id tells it. */
export interface JobRow {
  id: string;
  name: string;
  state: FlinkJobState;
  /** Milliseconds since the epoch by the JobManager's clock. */
  startTime: number;
  /** -1 while it lives. */
  endTime: number;
  tasks: { total: number; running: number; finished: number };
}

/**
 * A run request of this process. It is not evidence for anyone else: a crash forgets it, and what it knew must then be
 * found out by looking.
 */
export type Flight = {
  jobId: string;
  since: number;
  /** Which request it is: `sentAt` as it was recorded with it, and what stood there before. */
  sentAt?: string | undefined;
  earlierSentAt?: string | undefined;
} & (
  | /** fetchingJar: nothing has left yet, neither while the JAR is brought nor while others go first. */
  { phase: "fetchingJar" | "sending" }
  | { phase: "answered"; endedAt: number; outcome: RunOutcome }
);

/** What the answer to a run request, or its absence, says. Only `accepted` and `notSent` say it for certain. */
export type RunOutcome =
  | { kind: "accepted"; jobId?: string | undefined; applicationId?: string | undefined }
  /** Nothing reached the endpoint. */
  | { kind: "notSent"; reason: Reason; message: string; retryable: boolean }
  /** Flink knows this JobID already. */
  | { kind: "duplicate"; message: string }
  /** Flink answered with a cause. Whether a job runs all the same must be looked up. */
  | { kind: "failed"; reason: Reason; message: string; retryable: boolean }
  | { kind: "unknown"; reason: string; message: string };

/** The answer to "where is this JobID?", asked of the JobManager directly. */
export interface Look {
  jobId: string;
  /** When the look-up began: what happened later may be missing from it. */
  at: number;
  /** When its answer was there: how fresh it is. */
  endedAt: number;
  /** The process that answered. */
  incarnation: string;
  /** Whether it knows the job, alive or ended. Its state comes with the next list. */
  found: boolean;
  /** Flink >= 2.3. */
  application?: { state: ApplicationState; jobs: number } | undefined;
  /** How many main()s run in the JobManager that could be ours. */
  mains: number;
  /** Why the job or the application failed, where it did and Flink says so. */
  failure?: { reason: Reason; message: string } | undefined;
  /** What the job has left so far; undefined where it was not found, or Flink does not tell. */
  snapshots?: Snapshots | undefined;
  /** What a job that finished has left for people; absent while it lives. */
  result?: { accumulators: Record<string, string> } | undefined;
}
