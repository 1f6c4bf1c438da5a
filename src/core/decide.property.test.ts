import fc from "fast-check";
import { describe, test } from "vitest";
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
} from "../../test/support/builders.ts";
import { assertConditionsConform } from "../../test/support/conditions.ts";
import type { FlinkJobSpec } from "../api/flinkjob.ts";
import type { FlinkJobStatus } from "../api/status.ts";
import { decide } from "./decide.ts";
import { jobIdOf } from "./identity.ts";
import { type Flight, isTerminal, type Look, type Observed, type RunOutcome } from "./observed.ts";
import type { Step } from "./step.ts";
import { sameStatus } from "./summarize.ts";
import { isOver, past } from "./triggers.ts";

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
    deletionPolicy: fc.constantFrom("Cancel" as const, "Orphan" as const),
    submission: fc.constantFrom({ maxAttempts: 1 }, { maxAttempts: 5 }, { maxAttempts: 5, timeout: "30s" }),
    trigger: fc.constantFrom(undefined, { id: "a" }, { id: "b" }),
    ttlSecondsAfterFinished: fc.constantFrom(undefined, 0, 60),
    flinkConfiguration: fc.constantFrom(undefined, { "pipeline.name": "x" }),
  })
  .map((patch) => aSpec(JSON.parse(JSON.stringify(patch))));

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
  })
  .map(({ names, state, tries, sentAt, to, under, finishedAt, why, doubtful, ...rest }) => {
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

const anything: fc.Arbitrary<Observed> = fc
  .record({
    spec,
    generation: fc.integer({ min: 1, max: 3 }),
    trigger: fc.option(trigger, { nil: undefined, freq: 8 }),
    history: fc.array(trigger, { maxLength: 2 }),
    deleted: fc.option(age, { nil: undefined, freq: 1 }).filter((ms) => ms === undefined || ms >= 0),
    cluster,
    flight: fc.option(flight, { nil: undefined }),
    look: fc.option(look, { nil: undefined }),
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
    const fitted = <T extends { jobId: string }>(known: T | undefined) =>
      known && parts.fitting && id !== undefined ? { ...known, jobId: id } : known;
    const url = parts.cluster.kind === "notFound" ? undefined : parts.cluster.url;
    return {
      job: job.build(),
      cluster: parts.cluster,
      flight: fitted(parts.flight),
      look: fitted(parts.look),
      wantedUrl: parts.elsewhere ?? url,
      deletionTimeoutMs: 5 * 60 * SECOND,
    };
  });

const RUNS = { numRuns: 1_500 };
const holds = (check: (observed: Observed, step: Step) => void) =>
  fc.assert(
    fc.property(anything, (observed) => check(observed, decide(observed, NOW))),
    RUNS,
  );

function expectThat(claim: boolean, what: string): void {
  if (!claim) throw new Error(what);
}

/** The object after the step's status was written. */
function written(observed: Observed, status: FlinkJobStatus | undefined): Observed {
  return status
    ? { ...observed, job: { ...observed.job, status: JSON.parse(JSON.stringify(status)) } }
    : observed;
}

describe("whatever is observed", () => {
  test("decide answers, and the same twice, and leaves what it was given as it was", () => {
    holds((observed, step) => {
      const copy = structuredClone(observed);
      expectThat(sameStatus(step, decide(observed, NOW)), "the second answer is another");
      expectThat(sameStatus(copy, observed), "the observation was changed");
    });
  });

  test("conditions conform in every status that is written", () => {
    holds((observed, step) => {
      if (step.status) assertConditionsConform(written(observed, step.status).job, observed.job.status);
    });
  });

  test("a submit effect comes with a status that names its JobID, its process and one send more", () => {
    holds(({ job }, { effect, status }) => {
      if (effect?.kind !== "submit") return;
      const next = status?.trigger;
      const before = job.status?.trigger?.jobId === effect.jobId ? job.status.trigger.sends : 0;
      expectThat(next?.jobId === effect.jobId, "the status names another JobID");
      expectThat(next?.state === "pending" && next.sends === before + 1, "the send is not counted");
      expectThat(next?.sentTo?.incarnation === effect.incarnation, "the process is not named");
      expectThat(
        effect.jobId === jobIdOf(UID, next?.id ?? "", next?.attempt ?? 0),
        "another trigger's JobID",
      );
      expectThat(effect.request.jobId === effect.jobId, "the request names another JobID");
    });
  });

  test("nothing is sent while a job of the FlinkJob is listed live, or its own request is under way", () => {
    holds(({ job, cluster, flight }, { effect }) => {
      if (effect?.kind !== "submit" || cluster.kind !== "reachable") return;
      const live = [...cluster.jobs.values()].some(({ state }) => !isTerminal(state));
      expectThat(!live, "a live job is listed");
      expectThat(!cluster.jobs.has(effect.jobId), "the JobID is listed");
      // The answer for a job that has ended may never come.
      const before = job.status?.trigger;
      const ended = before?.finishedAt !== undefined && effect.jobId !== before.jobId;
      const mine = flight?.jobId === before?.jobId ? flight : undefined;
      const own = mine?.phase === "fetchingJar" || (mine?.phase === "sending" && !ended);
      expectThat(!own, "its own request is under way");
    });
  });

  test("a new JobID only after the earlier one is over", () => {
    holds(({ job }, { effect, status }) => {
      const before = job.status?.trigger;
      const after = status?.trigger;
      if (!before || !after || before.jobId === after.jobId) return;
      const adopted = after.state !== "pending" && effect === undefined;
      expectThat(isOver(before) || adopted, `${before.jobId} may still live`);
    });
  });

  test("nothing is sent for the same JobID without a fresh look at a JobManager that has neither it nor a main()", () => {
    holds(({ job, look, flight }, { effect }) => {
      const before = job.status?.trigger;
      if (effect?.kind !== "submit" || before?.jobId !== effect.jobId || before.sends === 0) return;
      expectThat(look?.jobId === effect.jobId && !look.found && look.mains === 0, "nobody has looked");
      expectThat(flight === undefined || flight.jobId !== effect.jobId, "the flight is not settled");
    });
  });

  test("what is over runs again only if the spec asks for a new run, or lostPolicy for a lost one", () => {
    holds(({ job }, { effect, status }) => {
      const before = job.status?.trigger;
      if (effect?.kind !== "submit" || !before || before.state === "pending" || !isOver(before)) return;
      const next = status?.trigger;
      const asked = next?.id !== before.id;
      const lost = before.failure?.reason === "JobLost" && job.spec.lostPolicy === "Resubmit";
      expectThat(asked || lost, `${before.id} had ended`);
    });
  });

  test("an object that goes sends nothing", () => {
    holds(({ job }, { effect }) => {
      if (job.metadata.deletionTimestamp === undefined) return;
      expectThat(effect?.kind !== "submit", "a send");
    });
  });
});

/**
 * Runs on under the same observation and clock, as if the effects' results were a long time coming. A flight that is
 * settled is gone, one that is sent is on its way.
 */
function runOn(start: Observed): { writes: number; last: Step } {
  let observed = start;
  let writes = 0;
  for (let steps = 0; steps < 20; steps++) {
    const step = decide(observed, NOW);
    const unchanged = step.status === undefined;
    observed = written(observed, step.status);
    if (!unchanged) writes++;
    if (step.settlesFlight) observed = { ...observed, flight: undefined };
    if (step.effect?.kind === "submit")
      observed = { ...observed, flight: { jobId: step.effect.jobId, phase: "sending", since: NOW } };
    if (unchanged && !step.settlesFlight) return { writes, last: step };
  }
  throw new Error("the writes do not end");
}

describe("write loops", () => {
  test("a standing observation costs a few writes, then none", () => {
    fc.assert(
      fc.property(anything, (observed) => {
        const { writes } = runOn(observed);
        expectThat(writes <= 5, `${writes} writes`);
      }),
      RUNS,
    );
  });
});

describe("nobody is forgotten", () => {
  /** Where nothing changes any more, only these may wait for an event: each names who brings it. */
  const woken: Record<string, string> = {
    connecting: "the first poll",
    clusterNotFound: "the FlinkCluster's creation",
    clusterUnreachable: "a poll that succeeds",
    outOfSight: "a poll that succeeds",
    lateJobOutOfSight: "a poll that succeeds",
    cannotLook: "a poll that succeeds",
    fetchingJar: "the flight's next phase",
    abandonFlight: "the flight's end",
    mainRuns: "the flight's end",
    tasksRun: "a row that changes",
    tasksStart: "a row that changes",
    over: "a user",
    deleted: "the API server",
  };

  test("a step that writes nothing, does nothing and names no time is one that an event ends", () => {
    fc.assert(
      fc.property(anything, (observed) => {
        const { last } = runOn(observed);
        if (last.effect !== undefined || last.requeueAfterMs !== undefined) return;
        expectThat(last.rule in woken, `${last.rule} waits for ever`);
      }),
      RUNS,
    );
  });
});
