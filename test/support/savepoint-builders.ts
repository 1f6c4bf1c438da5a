import type { FlinkSavepointSpec } from "../../src/api/flinksavepoint.ts";
import { API_VERSION, SAVEPOINT_FINALIZER } from "../../src/api/group.ts";
import type { ObjectMeta } from "../../src/api/meta.ts";
import type { FlinkSavepoint } from "../../src/api/objects.ts";
import { jobIdOf } from "../../src/core/identity.ts";
import type { ClusterObservation } from "../../src/core/observed.ts";
import { savepointContext, savepointOperationId } from "../../src/core/savepoints/context.ts";
import { decideSavepoint } from "../../src/core/savepoints/decide-savepoint.ts";
import type {
  DisposalResult,
  OperationResult,
  SavepointFacts,
  SavepointNews,
  SavepointObserved,
  SavepointStep,
} from "../../src/core/savepoints/observed.ts";
import { savepointStatus } from "../../src/core/savepoints/status.ts";
import type { CheckpointEntry, Checkpoints } from "../../src/core/snapshots.ts";
import {
  aCluster,
  ago,
  aJob,
  aRow,
  aTrigger,
  ClusterBuilder,
  type JobBuilder,
  MINUTE,
  NOW,
  P1,
  SECOND,
  UID,
  URL_A,
} from "./builders.ts";

/** The uid of the FlinkSavepoint that most tests speak of, and the Flink job that it is of. */
export const SAVEPOINT_UID = "0b7c2c55-2f6e-4a0f-8f0e-4f5d6b1a9e01";
export const JOB_ID = jobIdOf(UID, "g1", 1);
export const PATH = "s3://bucket/savepoints/savepoint-1";

/** A FlinkSavepoint of the FlinkJob "orders", without status; each method gives a new builder. */
export class SavepointBuilder {
  readonly #savepoint: FlinkSavepoint;

  constructor(savepoint: FlinkSavepoint) {
    this.#savepoint = savepoint;
  }

  spec(patch: Partial<FlinkSavepointSpec>): SavepointBuilder {
    return new SavepointBuilder({ ...this.#savepoint, spec: { ...this.#savepoint.spec, ...patch } });
  }

  meta(patch: Partial<ObjectMeta>): SavepointBuilder {
    return new SavepointBuilder({ ...this.#savepoint, metadata: { ...this.#savepoint.metadata, ...patch } });
  }

  /** Its files go with it. */
  disposable(): SavepointBuilder {
    return this.spec({ disposeOnDelete: true }).meta({ finalizers: [SAVEPOINT_FINALIZER] });
  }

  deleted(deletedAgo = SECOND): SavepointBuilder {
    return this.meta({ deletionTimestamp: ago(deletedAgo) });
  }

  /** Made by the operator for "orders". */
  periodic(uid = UID): SavepointBuilder {
    const owner = { apiVersion: API_VERSION, kind: "FlinkJob", name: "orders", uid, controller: true };
    return this.disposable().meta({ ownerReferences: [owner] });
  }

  /** The status as it stands after these were last written, conditions and all. */
  facts(facts: SavepointFacts): SavepointBuilder {
    const ctx = savepointContext(seen({ savepoint: this }), NOW - 2 * MINUTE);
    return new SavepointBuilder({ ...this.#savepoint, status: savepointStatus(ctx, facts) });
  }

  /** The `number`th request is on record, so long ago. */
  asked(number = 1, askedAgo = SECOND, more: SavepointFacts = {}): SavepointBuilder {
    return this.facts({
      state: "inProgress",
      reason: "TakingSavepoint",
      message: `Flink takes a savepoint of job ${JOB_ID}.`,
      jobId: JOB_ID,
      operationId: operationId(number),
      number,
      sentTo: { url: URL_A, incarnation: P1 },
      newestBefore: 7,
      requestedAt: ago(askedAgo),
      ...more,
    });
  }

  failedBefore(failures = 1, failedAgo = SECOND): SavepointBuilder {
    const why = {
      state: "pending",
      reason: "SavepointFailed",
      message: "The savepoint failed: disk full",
    } as const;
    return this.asked(failures, MINUTE, { ...why, failures, failedAt: ago(failedAgo) });
  }

  completed(path = PATH): SavepointBuilder {
    return this.asked(1, MINUTE, {
      state: "completed",
      reason: "SavepointCompleted",
      message: `Savepoint ${path} of job ${JOB_ID} is complete.`,
      path,
      takenAt: ago(MINUTE),
      completedAt: ago(MINUTE - SECOND),
    });
  }

  build(): FlinkSavepoint {
    return this.#savepoint;
  }
}

export function aSavepoint(spec: Partial<FlinkSavepointSpec> = {}): SavepointBuilder {
  const metadata = { name: "before-release", namespace: "shop", uid: SAVEPOINT_UID, generation: 1 };
  return new SavepointBuilder({
    apiVersion: API_VERSION,
    kind: "FlinkSavepoint",
    metadata,
    spec: { job: { name: "orders" }, disposeOnDelete: false, backoffLimit: 4, ...spec },
  });
}

export function operationId(number = 1): string {
  return savepointOperationId(JOB_ID, SAVEPOINT_UID, number);
}

/** "orders", whose tasks run. */
export function aRunningJob(): JobBuilder {
  return aJob().trigger(aTrigger().running());
}

/** A job's history, newest first. */
export function checkpoints(...history: CheckpointEntry[]): Checkpoints {
  return { counts: { completed: 0, failed: 0, inProgress: 0, restored: 0, total: 0 }, history };
}

export function anEntry(id: number, patch: Partial<CheckpointEntry> = {}): CheckpointEntry {
  return {
    id,
    status: "COMPLETED",
    isSavepoint: true,
    isStop: false,
    path: `s3://bucket/savepoints/savepoint-${id}`,
    triggeredAt: NOW - id,
    completedAt: NOW,
    discarded: false,
    ...patch,
  };
}

const heard = (heardAgo: number) => ({ at: NOW - heardAgo - 10, endedAt: NOW - heardAgo });

/** The job's checkpoints were read, so long ago. */
export function readCheckpoints(found: Checkpoints | undefined, heardAgo = 10): SavepointNews {
  return { kind: "checkpoints", jobId: JOB_ID, checkpoints: found, ...heard(heardAgo) };
}

/** What became of the first request, heard so long ago. */
export function newsOf(result: OperationResult, heardAgo = 10, id = operationId()): SavepointNews {
  return { kind: "operation", operationId: id, result, ...heard(heardAgo) };
}

export function disposalNews(result: DisposalResult, heardAgo = 10): SavepointNews {
  return { kind: "disposal", url: URL_A, result, ...heard(heardAgo) };
}

/** What `decideSavepoint` sees: by default a job that runs. */
export interface SavepointScene {
  savepoint: SavepointBuilder;
  job?: JobBuilder | undefined;
  cluster?: ClusterBuilder | ClusterObservation | undefined;
  news?: SavepointNews | undefined;
  otherPaths?: string[];
  now?: number;
}

function seen(scene: SavepointScene): SavepointObserved {
  const { savepoint, news, otherPaths = [] } = scene;
  const cluster = "cluster" in scene ? scene.cluster : aCluster().listing(aRow());
  const job = "job" in scene ? scene.job : aRunningJob();
  return {
    savepoint: savepoint.build(),
    job: job?.build(),
    cluster: cluster instanceof ClusterBuilder ? cluster.build() : cluster,
    otherPaths: new Set(otherPaths),
    news,
    deletionTimeoutMs: 5 * MINUTE,
  };
}

export function decideOnSavepoint(scene: SavepointScene): SavepointStep {
  return decideSavepoint(seen(scene), scene.now ?? NOW);
}
