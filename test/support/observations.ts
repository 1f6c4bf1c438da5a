import fc from "fast-check";
import type { FlinkJobSpec } from "../../src/api/flinkjob.ts";
import type { FlinkJobStatus, RestorePoint } from "../../src/api/status.ts";
import { Confidential } from "../../src/core/configuration/confidential.ts";
import { jobIdOf, runHash } from "../../src/core/identity.ts";
import type {
  Flight,
  Look,
  Observed,
  OperationSeen,
  RunOutcome,
  Snapshots,
  SourcesSeen,
} from "../../src/core/observed.ts";
import { past } from "../../src/core/triggers.ts";
import { keptVersion } from "../../src/core/versions.ts";
import {
  aCluster,
  ago,
  aJob,
  aRow,
  aSpec,
  aTrigger,
  connecting,
  HOUR,
  NOW,
  P1,
  P2,
  SECOND,
  UID,
  URL_A,
  URL_B,
  unreachable,
} from "./builders.ts";

/*
 * Observations of all kinds: such as happen, and such as only a stale cache, a second leader, a restored backup or a fault
 * of ours could make. Nothing here is meant to fit together.
 */
const protection = fc.constantFrom("Durable" as const, "RunningJobs" as const, "JobManagerLifetime" as const);
const process = fc.constantFrom(P1, P2, "");
const triggerId = fc.constantFrom("g1", "g2", "a", "a.g2", "b");
const jobId = fc
  .tuple(triggerId, fc.integer({ min: 1, max: 2 }))
  .map(([id, attempt]) => jobIdOf(UID, id, attempt));
/** Round times, so that deadlines are met exactly as well. */
const age = fc.oneof(
  fc.constantFrom(-SECOND, 0, 1, 40, 600, SECOND, 1_500, 3 * SECOND, 5 * SECOND, 5 * 60 * SECOND, HOUR),
  fc.integer({ min: 0, max: 2 * HOUR }),
);
const time = age.map(ago);
const reason = fc.constantFrom("MainFailed" as const, "JarNotFound" as const, "ClusterUnreachable" as const);
const failureReason = fc.constantFrom("JobLost", "OutcomeLost", "JobFailed", "SubmissionTimedOut");

const spec: fc.Arbitrary<FlinkJobSpec> = fc
  .record({
    cluster: fc.constantFrom({ url: URL_A }, { url: URL_B }, { name: "lab" }),
    jar: fc.constantFrom({ id: "a.jar" }, { uri: "http://repo/a.jar" }),
    entryClass: fc.constantFrom("shop.One", "shop.Two"),
    lostPolicy: fc.constantFrom("Fail" as const, "Resubmit" as const),
    deletionPolicy: fc.constantFrom("Cancel" as const, "Savepoint" as const, "Orphan" as const),
    state: fc.constantFrom("running" as const, "running" as const, "suspended" as const),
    upgradeMode: fc.constantFrom("stateless" as const, "savepoint" as const, "last-state" as const),
    restartPolicy: fc.constantFrom("Never" as const, "OnFailure" as const),
    strangerPolicy: fc.constantFrom("Cancel" as const, "Report" as const),
    rollback: fc.constantFrom(undefined, { deadline: "5m" }),
    savepointPath: fc.constantFrom(undefined, undefined, "/mine"),
    submission: fc.constantFrom({ maxAttempts: 1 }, { maxAttempts: 5 }, { maxAttempts: 5, timeout: "30s" }),
    trigger: fc.constantFrom(undefined, { id: "a" }, { id: "b" }),
    ttlSecondsAfterFinished: fc.constantFrom(undefined, 0, 60),
    flinkConfiguration: fc.constantFrom(undefined, { "pipeline.name": "x" }),
    flinkConfigurationFrom: fc.constantFrom(undefined, undefined, [{ secretRef: { name: "s3" } }]),
  })
  .map((patch) => aSpec(JSON.parse(JSON.stringify(patch))));

const operationId = "a".repeat(32);
const stop = fc.record({
  mode: fc.constantFrom("cancel" as const, "savepoint" as const, "last-state" as const),
  why: fc.constantFrom("Replacing" as const, "Suspending" as const, "Deleting" as const),
  generation: fc.integer({ min: 1, max: 3 }),
  requestedAt: time,
  operationId: fc.constant(operationId),
  number: fc.constant(1),
  failures: fc.constantFrom(undefined, 1, 5),
  failedAt: fc.option(time, { nil: undefined }),
});

const trigger = fc
  .record({
    names: fc.record({ id: triggerId, attempt: fc.integer({ min: 1, max: 2 }), spec }),
    state: fc.constantFrom("pending", "running", "failed", "finished", "canceled"),
    sends: fc.integer({ min: 0, max: 3 }),
    tries: fc.integer({ min: 0, max: 6 }),
    sentAt: fc.option(time, { nil: undefined }),
    to: process,
    under: protection,
    acceptedAt: fc.option(time, { nil: undefined }),
    finishedAt: fc.option(time, { nil: undefined }),
    why: fc.option(failureReason, { nil: undefined }),
    doubtful: fc.boolean(),
    stop: fc.option(stop, { nil: undefined }),
    stableBy: fc.option(time, { nil: undefined }),
    restarts: fc.constantFrom(undefined, 1, 5),
  })
  .map(({ names, state, tries, sentAt, to, under, finishedAt, why, doubtful, ...rest }) => {
    const { stop, stableBy, restarts } = rest;
    const ran = state === "running" || state === "finished";
    const sends = ran ? Math.max(1, rest.sends) : rest.sends;
    const acceptedAt = ran ? (rest.acceptedAt ?? ago(HOUR)) : rest.acceptedAt;
    const sentTo = { url: URL_A, incarnation: to, flinkVersion: "1.20.5" };
    return aTrigger(names).with(
      JSON.parse(
        JSON.stringify({
          state,
          sends,
          tries,
          sentAt,
          triedAt: sentAt,
          acceptedAt,
          finishedAt,
          stableBy,
          restarts,
          // Only what ran is stopped.
          ...(ran || state === "canceled" ? { stop } : {}),
          ...(sends > 0 ? { sentTo, protection: under } : {}),
          ...(doubtful ? { unsettledHash: "0000000000000000" } : {}),
          ...(why ? { reason: why, failure: { reason: why, message: "", retryable: false } } : {}),
        }),
      ),
    );
  });

const row = fc
  .record({
    id: jobId,
    state: fc.constantFrom(
      "INITIALIZING",
      "RUNNING",
      "RESTARTING",
      "CANCELLING",
      "FAILED",
      "CANCELED",
      "FINISHED",
    ),
  })
  .map(({ id, state }) => aRow(state as Parameters<typeof aRow>[0], { id }));

const cluster = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom(connecting, unreachable) },
  { weight: 1, arbitrary: fc.constant({ kind: "notFound" as const, name: "lab" }) },
  {
    weight: 8,
    arbitrary: fc
      .record({
        guard: protection,
        incarnation: process,
        rows: fc.array(row, { maxLength: 3 }),
        listedAgo: age,
        v23: fc.boolean(),
        submitEnabled: fc.boolean(),
      })
      .map(({ guard, incarnation, rows, listedAgo, v23, submitEnabled }) => {
        const base = aCluster(guard)
          .process(incarnation)
          .view({ submitEnabled })
          .listing(...rows);
        return (v23 ? base.v23() : base).with({ listedAt: NOW - listedAgo }).build();
      }),
  },
);

const outcome: fc.Arbitrary<RunOutcome> = fc.oneof(
  fc.constantFrom<RunOutcome>(
    { kind: "accepted" },
    { kind: "accepted", applicationId: "f".repeat(32) },
    { kind: "duplicate", message: "again" },
    { kind: "unknown", reason: "Timeout", message: "no answer" },
  ),
  fc
    .record({ kind: fc.constantFrom("failed" as const, "notSent" as const), reason, retryable: fc.boolean() })
    .map((fields) => ({ ...fields, message: "why" })),
);

const flight: fc.Arbitrary<Flight> = fc.oneof(
  fc.record({
    jobId,
    phase: fc.constantFrom("fetchingJar" as const, "sending" as const),
    since: age.map((ms) => NOW - ms),
  }),
  fc.record({
    jobId,
    phase: fc.constant("answered" as const),
    since: fc.constant(NOW - HOUR),
    endedAt: age.map((ms) => NOW - ms),
    outcome,
  }),
);

const look: fc.Arbitrary<Look> = fc
  .record({
    jobId,
    at: age.map((ms) => NOW - ms),
    incarnation: process,
    found: fc.boolean(),
    mains: fc.integer({ min: 0, max: 1 }),
    application: fc.option(
      fc.record({
        state: fc.constantFrom(
          "CREATED",
          "RUNNING",
          "FAILING",
          "FAILED",
          "CANCELING",
          "CANCELED",
          "FINISHED",
        ),
        jobs: fc.integer({ min: 0, max: 1 }),
      }),
      { nil: undefined },
    ),
  })
  .map((fields) => ({ ...fields, endedAt: fields.at }) as Look);

const left: fc.Arbitrary<Snapshots> = fc.record({
  completed: fc.integer({ min: 0, max: 2 }),
  newest: fc.option(
    fc.record({
      kind: fc.constantFrom("savepoint" as const, "checkpoint" as const),
      path: fc.constantFrom("/one", "/two"),
      takenAt: age.map((ms) => NOW - ms),
      stops: fc.boolean(),
    }),
    { nil: undefined },
  ),
  retained: fc.record({ onCancel: fc.boolean(), onFailure: fc.boolean() }),
});

const operation: fc.Arbitrary<OperationSeen> = fc
  .record({
    jobId,
    at: age.map((ms) => NOW - ms),
    result: fc.oneof(
      fc.constantFrom<OperationSeen["result"]>(
        { state: "requested" },
        { state: "inProgress" },
        { state: "completed", path: "/one" },
        { state: "failed", message: "no" },
      ),
      fc.option(left, { nil: undefined }).map((snapshots) => ({ state: "unknown" as const, snapshots })),
    ),
  })
  .map((fields) => ({ ...fields, operationId, endedAt: fields.at }));

const sources: fc.Arbitrary<SourcesSeen> = fc.record({
  of: fc.constantFrom('[{"secretRef":{"name":"s3"}}]', "[]"),
  at: age.map((ms) => NOW - ms),
  result: fc.constantFrom<SourcesSeen["result"]>(
    {
      kind: "read",
      options: [{ key: "s3.secret-key", value: new Confidential("hunter2"), entry: 0, isSecret: true }],
    },
    { kind: "refused", reason: "ConfigurationSourceForbidden", message: "no", failures: 1 },
  ),
});

const restorePoint = fc.record({
  jobId,
  kind: fc.constantFrom("savepoint" as const, "checkpoint" as const),
  path: fc.constantFrom("/one", "/two"),
});

/** Anything that `decide` may be given. */
export const anyObservation: fc.Arbitrary<Observed> = fc
  .record({
    spec,
    generation: fc.integer({ min: 1, max: 3 }),
    trigger: fc.option(trigger, { nil: undefined, freq: 8 }),
    history: fc.array(trigger, { maxLength: 2 }),
    deleted: fc.option(age, { nil: undefined, freq: 1 }).filter((ms) => ms === undefined || ms >= 0),
    cluster,
    flight: fc.option(flight, { nil: undefined }),
    look: fc.option(look, { nil: undefined }),
    left: fc.option(left, { nil: undefined }),
    sources: fc.option(sources, { nil: undefined, freq: 4 }),
    operation: fc.option(operation, { nil: undefined }),
    restorePoint: fc.option(restorePoint, { nil: undefined }),
    stable: fc.option(spec, { nil: undefined }),
    rolledBack: fc.boolean(),
    elsewhere: fc.option(fc.constantFrom(URL_A, URL_B), { nil: undefined }),
    /** Mostly, what is known is known of the trigger's own JobID. */
    fitting: fc.boolean(),
  })
  .map((parts) => {
    let job = aJob(parts.spec).meta({ generation: parts.generation });
    if (parts.deleted !== undefined && parts.deleted > HOUR) job = job.deleted(parts.deleted);
    if (parts.trigger) job = job.trigger(parts.trigger);
    if (parts.history.length > 0) job = job.history(...parts.history.map((one) => past(one.build())));
    const id = parts.trigger?.build().jobId;
    if (parts.trigger) job = job.status({ ...job.build().status!, ...lifeOf(parts) });
    const fitted = <T extends { jobId: string }>(known: T | undefined) =>
      known && parts.fitting && id !== undefined ? { ...known, jobId: id } : known;
    const url = parts.cluster.kind === "notFound" ? undefined : parts.cluster.url;
    return {
      job: job.build(),
      cluster: parts.cluster,
      flight: fitted(parts.flight),
      look: fitted(parts.look && { ...parts.look, ...(parts.look.found ? { snapshots: parts.left } : {}) }),
      operation: fitted(parts.operation),
      snapshots: fitted(parts.left && { jobId: id ?? "", at: NOW, snapshots: parts.left }),
      sources: parts.sources,
      wantedUrl: parts.elsewhere ?? url,
      deletionTimeoutMs: 5 * 60 * SECOND,
    };
  });

/** What stands in the status beside the trigger. */
function lifeOf(parts: {
  restorePoint: RestorePoint | undefined;
  stable: FlinkJobSpec | undefined;
  rolledBack: boolean;
  spec: FlinkJobSpec;
}): Partial<FlinkJobStatus> {
  const { restorePoint, stable, rolledBack, spec } = parts;
  const kept = stable && keptVersion(stable, 1);
  const back = {
    runHash: runHash(spec),
    triggerId: "g2",
    generation: 1,
    reason: "JobFailed",
    message: "no",
    at: ago(0),
  };
  return {
    ...(restorePoint ? { restorePoint } : {}),
    ...(kept ? { stable: kept } : {}),
    ...(kept && rolledBack ? { rolledBack: back } : {}),
  };
}
