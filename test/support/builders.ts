import type { FlinkJobSpec } from "../../src/api/flinkjob.ts";
import { API_VERSION, FINALIZER } from "../../src/api/group.ts";
import type { ObjectMeta } from "../../src/api/meta.ts";
import type { FlinkJob } from "../../src/api/objects.ts";
import type { Reason } from "../../src/api/reasons.ts";
import type { FlinkJobStatus, PastTrigger, Protection, TriggerStatus } from "../../src/api/status.ts";
import { contextOf } from "../../src/core/context.ts";
import { decide } from "../../src/core/decide.ts";
import { jobIdOf, operationIdOf, runHash } from "../../src/core/identity.ts";
import type {
  ApplicationState,
  ClusterObservation,
  ConfigurationSeen,
  Crowd,
  ExecutionResultSeen,
  Flight,
  FlinkJobState,
  JobManagerView,
  JobRow,
  Look,
  Observed,
  OperationSeen,
  PerJobSeen,
  ReachableCluster,
  RequirementsSeen,
  RunOutcome,
  Snapshot,
  Snapshots,
  SnapshotsSeen,
  SourcesSeen,
  TroublesSeen,
  UnreachableCluster,
} from "../../src/core/observed.ts";
import type { Step } from "../../src/core/step.ts";
import { summarize } from "../../src/core/summarize.ts";
import { past } from "../../src/core/triggers.ts";

/** The time of every decision in the tests, unless they say another. */
export const NOW = Date.parse("2026-03-01T12:00:00.000Z");
export const UID = "7d4bd0a2-8a0e-4c0c-9a51-7f7a2f1f6c11";
export const URL_A = "http://a.flink:8081";
export const URL_B = "http://b.flink:8081";
/** Two JobManager processes. */
export const P1 = "11111111-1111-4111-8111-111111111111";
export const P2 = "22222222-2222-4222-8222-222222222222";
export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

/** A time in the status, so many milliseconds before NOW. */
export const ago = (ms: number): string => new Date(NOW - ms).toISOString();

/** A valid spec: the CRD's defaults are filled in. */
export function aSpec(patch: Partial<FlinkJobSpec> = {}): FlinkJobSpec {
  return {
    cluster: { url: URL_A },
    jar: { id: "word-count.jar" },
    entryClass: "shop.WordCount",
    state: "running",
    upgradeMode: "stateless",
    restartPolicy: "Never",
    restart: { limit: 5, backoff: "10s" },
    lostPolicy: "Fail",
    submission: { maxAttempts: 5 },
    deletionPolicy: "Cancel",
    strangerPolicy: "Cancel",
    configurationPolicy: "Warn",
    rescalePolicy: "InPlace",
    ...patch,
  };
}

/** Which trigger, of which run. */
export interface TriggerNames {
  id?: string;
  attempt?: number;
  spec?: FlinkJobSpec;
  generation?: number;
}

/** A trigger as the status holds it; each method gives a new builder. Without any: recorded, nothing sent. */
export class TriggerBuilder {
  readonly #status: TriggerStatus;

  constructor(status: TriggerStatus) {
    this.#status = status;
  }

  with(patch: Partial<TriggerStatus>): TriggerBuilder {
    return new TriggerBuilder({ ...this.#status, ...patch });
  }

  /** A run request was recorded, so long ago, to that process. */
  sent(options: { sends?: number; tries?: number; ago?: number; to?: string; under?: Protection } = {}) {
    const { sends = 1, tries = sends, to = P1, under = "RunningJobs" } = options;
    const time = ago(options.ago ?? 30 * SECOND);
    const sentTo = { url: URL_A, incarnation: to, flinkVersion: "1.20.5" };
    return this.with({
      reason: "Submitting",
      message: `Sending the run request to ${URL_A}.`,
      sends,
      tries,
      triedAt: time,
      sentAt: time,
      sentTo,
      protection: under,
    });
  }

  /** Flink accepted it, so long ago, and its tasks run. */
  running(acceptedAgo = MINUTE): TriggerBuilder {
    const base = this.#status.sends === 0 ? this.sent({ ago: acceptedAgo + SECOND }) : this;
    return base.with({
      state: "running",
      reason: "TasksRunning",
      message: "The job's task runs.",
      acceptedAt: ago(acceptedAgo),
    });
  }

  finished(endedAgo = MINUTE): TriggerBuilder {
    const accepted = this.running(endedAgo + MINUTE);
    return accepted.with({
      state: "finished",
      reason: "Finished",
      message: "The job finished.",
      finishedAt: ago(endedAgo),
    });
  }

  canceled(endedAgo = MINUTE): TriggerBuilder {
    return this.finished(endedAgo).with({ state: "canceled", reason: "Canceled", message: "Cancelled." });
  }

  /** Over without success. */
  failed(reason: Reason = "JobFailed", endedAgo = MINUTE): TriggerBuilder {
    const message = `It failed: ${reason}.`;
    return this.finished(endedAgo).with({
      state: "failed",
      reason,
      message,
      failure: { reason, message, retryable: reason === "JobLost" },
    });
  }

  /** main() took too long: given up by us, but not over. */
  timedOut(): TriggerBuilder {
    const { finishedAt: _, acceptedAt: __, ...late } = this.failed("SubmissionTimedOut").build();
    return new TriggerBuilder({ ...late, acceptedAt: undefined });
  }

  build(): TriggerStatus {
    return this.#status;
  }
}

export function aTrigger(names: TriggerNames = {}): TriggerBuilder {
  const { id = "g1", attempt = 1, spec = aSpec(), generation = 1 } = names;
  return new TriggerBuilder({
    id,
    state: "pending",
    jobId: jobIdOf(UID, id, attempt),
    attempt,
    generation,
    runHash: runHash(spec),
    sends: 0,
    tries: 0,
    requestedAt: ago(5 * MINUTE),
  });
}

/** A FlinkJob with the finalizer and no status; each method gives a new builder. */
export class JobBuilder {
  readonly #job: FlinkJob;

  constructor(job: FlinkJob) {
    this.#job = job;
  }

  /** Part of the spec is another from the start. */
  spec(patch: Partial<FlinkJobSpec>): JobBuilder {
    return new JobBuilder({ ...this.#job, spec: { ...this.#job.spec, ...patch } });
  }

  /** A user changes the spec: the generation grows. */
  edited(patch: Partial<FlinkJobSpec>): JobBuilder {
    return this.meta({ generation: (this.#job.metadata.generation ?? 0) + 1 }).spec(patch);
  }

  meta(patch: Partial<ObjectMeta>): JobBuilder {
    return new JobBuilder({ ...this.#job, metadata: { ...this.#job.metadata, ...patch } });
  }

  deleted(deletedAgo = SECOND): JobBuilder {
    return this.meta({ deletionTimestamp: ago(deletedAgo) });
  }

  status(status: FlinkJobStatus): JobBuilder {
    return new JobBuilder({ ...this.#job, status });
  }

  /** The status as it stands after this trigger was last written, conditions and all. */
  trigger(trigger: TriggerBuilder): JobBuilder {
    const seen = { job: this.#job, cluster: connecting, wantedUrl: undefined, deletionTimeoutMs: 0 };
    const ctx = contextOf(seen, NOW - 2 * MINUTE);
    return this.status(summarize(ctx, { rule: "built", trigger: trigger.build() }));
  }

  /** All conditions have stood for so long. */
  settled(settledAgo: number): JobBuilder {
    const status = this.#job.status ?? { observedGeneration: 1 };
    const conditions = status.conditions?.map((one) => ({ ...one, lastTransitionTime: ago(settledAgo) }));
    return this.status({ ...status, ...(conditions ? { conditions } : {}) });
  }

  /** Earlier triggers, newest first. */
  history(...triggers: (TriggerBuilder | PastTrigger)[]): JobBuilder {
    const before = this.#job.status ?? { observedGeneration: 1 };
    const history = triggers.map((one) => (one instanceof TriggerBuilder ? past(one.build()) : one));
    return this.status({ ...before, history });
  }

  build(): FlinkJob {
    return this.#job;
  }
}

export function aJob(spec: Partial<FlinkJobSpec> = {}): JobBuilder {
  return new JobBuilder({
    apiVersion: API_VERSION,
    kind: "FlinkJob",
    metadata: {
      name: "orders",
      namespace: "shop",
      uid: UID,
      generation: 1,
      resourceVersion: "1",
      finalizers: [FINALIZER],
    },
    spec: aSpec(spec),
  });
}

/** The job of the first trigger, alive with one running task. */
export function aRow(state: FlinkJobState = "RUNNING", patch: Partial<JobRow> = {}): JobRow {
  const over = state === "FAILED" || state === "CANCELED" || state === "FINISHED";
  return {
    id: jobIdOf(UID, "g1", 1),
    name: "orders",
    state,
    startTime: NOW - MINUTE,
    endTime: over ? NOW - SECOND : -1,
    tasks: { total: 1, running: state === "RUNNING" ? 1 : 0, finished: state === "FINISHED" ? 1 : 0 },
    ...patch,
  };
}

/** A reachable cluster, HA with Flink's defaults; each method gives a new builder. */
export class ClusterBuilder {
  readonly #cluster: ReachableCluster;

  constructor(cluster: ReachableCluster) {
    this.#cluster = cluster;
  }

  with(patch: Partial<ReachableCluster>): ClusterBuilder {
    return new ClusterBuilder({ ...this.#cluster, ...patch });
  }

  view(patch: Partial<JobManagerView>): ClusterBuilder {
    return this.with({ jobManager: { ...this.#cluster.jobManager, ...patch } });
  }

  guards(protection: Protection): ClusterBuilder {
    return this.view({ protection, highAvailability: protection !== "JobManagerLifetime" });
  }

  process(incarnation: string): ClusterBuilder {
    return this.view({ incarnation });
  }

  listing(...rows: JobRow[]): ClusterBuilder {
    return this.with({ jobs: new Map(rows.map((row) => [row.id, row])) });
  }

  /** Flink 2.3: /run-application. */
  v23(): ClusterBuilder {
    return this.view({ flinkVersion: "2.3.0", supportsRunApplication: true });
  }

  build(): ReachableCluster {
    return this.#cluster;
  }
}

export function aCluster(protection: Protection = "RunningJobs"): ClusterBuilder {
  const builder = new ClusterBuilder({
    kind: "reachable",
    url: URL_A,
    listedAt: NOW - 100,
    jobs: new Map(),
    jobManager: {
      incarnation: P1,
      flinkVersion: "1.20.5",
      protection,
      highAvailability: true,
      jobStoreExpirationMs: HOUR,
      submitEnabled: true,
      supportsRunApplication: false,
      supportsRescaling: false,
      supportsFlinkConfiguration: true,
    },
  });
  return builder.guards(protection);
}

export const unreachable: UnreachableCluster = {
  kind: "unreachable",
  url: URL_A,
  message: `${URL_A}: connection refused.`,
};
export const connecting: ClusterObservation = { kind: "connecting", url: URL_A };

/** A fresh look-up of the first trigger's job by P1 that found neither it nor a main(). */
export function aLook(patch: Partial<Look> = {}): Look {
  return {
    jobId: jobIdOf(UID, "g1", 1),
    at: NOW - 40,
    endedAt: NOW - 10,
    incarnation: P1,
    found: false,
    mains: 0,
    ...patch,
  };
}

/** What a job has left: one checkpoint that stays, unless said otherwise. */
export function snapshots(newest: Partial<Snapshot> = {}): Snapshots {
  return {
    completed: 1,
    newest: { kind: "checkpoint", path: "/checkpoints/chk-1", takenAt: NOW - 5 * SECOND, ...newest },
    retained: { onCancel: true, onFailure: true },
  };
}

/** News of the `number`th savepoint that the first trigger's job is stopped with, so old. */
export function anOperation(result: OperationSeen["result"], age = 0, number = 1): OperationSeen {
  const jobId = jobIdOf(UID, "g1", 1);
  const operationId = operationIdOf(jobId, "stop", number);
  return { jobId, operationId, at: NOW - age - 10, endedAt: NOW - age, result };
}

export function anApplication(state: ApplicationState, jobs = 0, patch: Partial<Look> = {}): Look {
  return aLook({ application: { state, jobs }, ...patch });
}

/** The first trigger's run request on its way, main() running since so long ago. */
export function aFlight(phase: "sending" | "fetchingJar" = "sending", sinceAgo = 10 * SECOND): Flight {
  return { jobId: jobIdOf(UID, "g1", 1), phase, since: NOW - sinceAgo };
}

/** The same with an answer, so long ago. */
export function anAnswer(outcome: RunOutcome, answeredAgo = SECOND): Flight {
  const endedAt = NOW - answeredAgo;
  return { jobId: jobIdOf(UID, "g1", 1), phase: "answered", since: endedAt - SECOND, endedAt, outcome };
}

/** What `decide` sees; the cluster is empty and reachable unless said otherwise. */
export interface Scene {
  job: JobBuilder;
  cluster?: ClusterBuilder | ClusterObservation;
  flight?: Flight | undefined;
  look?: Look | undefined;
  operation?: OperationSeen | undefined;
  snapshots?: SnapshotsSeen | undefined;
  troubles?: TroublesSeen | undefined;
  configuration?: ConfigurationSeen | undefined;
  executionResult?: ExecutionResultSeen | undefined;
  requirements?: RequirementsSeen | undefined;
  sources?: SourcesSeen | undefined;
  crowd?: Crowd | undefined;
  perJob?: PerJobSeen | undefined;
  storage?: Observed["storage"];
  adoptedBy?: string | undefined;
  /** Where spec.cluster points by now; that cluster, unless said otherwise. */
  wantedUrl?: string | undefined;
  now?: number;
}

export function observed(scene: Scene): Observed {
  const { job: _, cluster = aCluster(), wantedUrl: __, now: ___, ...memory } = scene;
  const seen = cluster instanceof ClusterBuilder ? cluster.build() : cluster;
  const wantedUrl = "wantedUrl" in scene ? scene.wantedUrl : seen.kind === "notFound" ? undefined : seen.url;
  const job = scene.job.build();
  return { job, cluster: seen, ...memory, wantedUrl, deletionTimeoutMs: 5 * MINUTE };
}

export function decideOn(scene: Scene): Step {
  return decide(observed(scene), scene.now ?? NOW);
}
