import type { Protection } from "../../../src/api/status.ts";
import type { decide } from "../../../src/core/decide.ts";

/** What a main() may come to; which of them happens is the explorer's choice each time one runs. */
export type MainEnd = "submits" | "throws" | "noJob" | "submitsThenThrows" | "burnsItsId" | "exits";

/** How often something may go wrong, or be asked for, in one schedule. */
export interface Budget {
  /** Operators crash and start again. */
  crashes: number;
  /** A second operator starts beside the first and believes that it leads. */
  takeovers: number;
  /** A new process begins with an older version of the object than the newest. */
  staleLists: number;
  /** The API server commits a write and its answer is lost. */
  lostWrites: number;
  lostRequests: number;
  lostAnswers: number;
  duplicatedRequests: number;
  /** The JobManager process dies and another takes its place. */
  failovers: number;
  jobFailures: number;
  /** A task fails, and Flink restarts the job by itself. */
  restarts: number;
  /** An hour passes: Flink forgets what has ended. */
  hours: number;
  /** Jobs do something that is worth keeping, and complete a checkpoint. */
  checkpoints: number;
  /** A stop with savepoint fails, before or after the savepoint is complete. */
  savepointFailures: number;
  /** The user suspends the job; resuming it costs nothing. */
  suspensions: number;
  /** The user takes the last change of what the job is back. */
  reverts: number;
  /** A moment passes in which nobody does anything: what was seen goes stale. */
  pauses: number;
  /** The user changes what the job is. */
  edits: number;
  /** The user changes something else. */
  otherEdits: number;
  /** The user asks for another parallelism; takes the last of that back. */
  scales: number;
  unscales: number;
  /** The user chooses another trigger ID. */
  newTriggerIds: number;
  /** The user goes back to a trigger ID that was used before. */
  oldTriggerIds: number;
  deletions: number;
  recreations: number;
  /** Somebody deletes a FlinkCluster that was made for the FlinkJob. */
  clusterDeletions: number;
  /** Somebody takes its finalizer away, with its pods or without. */
  forces: number;
  /** The status is taken away (a backup restored, `replace --subresource=status`). */
  wipes: number;
}

/** What the operator does differently where a mutant is tested; all false in the real one. */
export interface Habits {
  /** Writes the status without a resourceVersion. */
  overwrites?: boolean;
  /** Sends the run request first and records it afterwards. */
  sendsBeforeWriting?: boolean;
  /** Deletes the JAR as soon as the request has left. */
  dropsJarEarly?: boolean;
  /** Makes a FlinkCluster without asking whether it is wanted. */
  makesUnasked?: boolean;
  /** Deletes a FlinkCluster without asking whether the FlinkJob needs it. */
  deletesUnasked?: boolean;
  /** Takes pods away while the FlinkJob has a job there. */
  tearsDownWhatIsUsed?: boolean;
  /** Believes an old cache that no job lives in a cluster that is being deleted. */
  believesOldJobs?: boolean;
  /** Leaves what Flink's high availability left. */
  leavesConfigMaps?: boolean;
  /** Asks for the job before it asks for the main()s. */
  looksForJobsFirst?: boolean;
}

/**
 * What a real Flink or network does that no client can undo. Off, the world keeps the bounds that docs/guarantees.md
 * states; on, what happens then is counted under the window's name.
 */
export type Window =
  | "lateRequest"
  | "reRunByFlink"
  | "resubmit"
  | "statusWiped"
  | "deletionTimedOut"
  | "doubledRequest"
  | "firstCheckpoint"
  | "replacedMeanwhile"
  | "takenAwayUnseen"
  | "madeLate"
  | "clusterForced"
  | "lateScale";

/** One small world: what is there, what may happen, and how often. */
export interface Setting {
  name: string;
  /** The deliberate bug in it. */
  mutant?: string;
  /**
   * Where schedules begin: the object was just created; the operator is about to make its first decision that matters;
   * or its first run request has arrived; or its first job runs, and the status says so (ownRuns: in a
   * cluster of its own); or a first stop of that job for an
   * edit has failed, although its savepoint was complete.
   */
  begins: "created" | "ready" | "sent" | "runs" | "ownRuns" | "stopFailed";
  /** Watch caches are never behind: fewer interleavings, so that longer ones are reached. */
  prompt: boolean;
  /** /run-application (2.3), or /run (2.2). */
  applications: boolean;
  protection: Protection;
  /** spec.cluster.perJob, with this mode: each attempt has a cluster of its own. */
  ownCluster?: "application" | "session";
  /** Jobs end by themselves. */
  batch: boolean;
  mains: readonly MainEnd[];
  jar: "id" | "uri";
  /** Uploaded JARs outlive the process (web.upload.dir). */
  keepsJars: boolean;
  lostPolicy: "Fail" | "Resubmit";
  deletionPolicy: "Cancel" | "Savepoint" | "Orphan";
  maxAttempts: number;
  upgradeMode: "stateless" | "savepoint" | "last-state";
  /** Checkpoints outlive a job that was cancelled or failed. */
  retains: boolean;
  /** spec.restart.limit, with restartPolicy OnFailure; undefined: Never. */
  restarts?: number;
  /** spec.rollback, with a deadline of two minutes. */
  rollback: boolean;
  /** Every second version of the user's is bad: its main() throws, or its job fails. */
  bad?: "throws" | "fails";
  /** spec.submission.timeout. */
  timeout?: string;
  /** --submission-backoff, in milliseconds. */
  backoffMs?: number;
  /** Jobs can be scaled as they run; what a failover makes of what was required of it. */
  scales?: "kept" | "lost";
  /** The first parallelism is the cluster's: the spec has none. */
  unwritten?: true;
  /** More than this Flink refuses. */
  mostParallelism?: number;
  /** For more than this there are no slots. */
  slots?: number;
  /** A job that somebody else submitted runs, and spec.trigger.jobId names it. */
  adopts: boolean;
  /** The user names trigger IDs of its own. */
  ownTriggerIds: boolean;
  budget: Budget;
  habits: Habits;
  decide: typeof decide;
  open: readonly Window[];
}

export const noBudget: Budget = {
  crashes: 0,
  takeovers: 0,
  staleLists: 0,
  lostWrites: 0,
  lostRequests: 0,
  lostAnswers: 0,
  duplicatedRequests: 0,
  failovers: 0,
  jobFailures: 0,
  restarts: 0,
  hours: 0,
  checkpoints: 0,
  savepointFailures: 0,
  suspensions: 0,
  reverts: 0,
  pauses: 0,
  edits: 0,
  otherEdits: 0,
  scales: 0,
  unscales: 0,
  newTriggerIds: 0,
  oldTriggerIds: 0,
  deletions: 0,
  recreations: 0,
  clusterDeletions: 0,
  forces: 0,
  wipes: 0,
};
