import fc from "fast-check";
import { describe, test } from "vitest";
import { NOW, UID } from "../../test/support/builders.ts";
import { assertConditionsConform } from "../../test/support/conditions.ts";
import { anyObservation } from "../../test/support/observations.ts";
import type { FlinkJobStatus } from "../api/status.ts";
import { decide } from "./decide.ts";
import { jobIdOf } from "./identity.ts";
import { isTerminal, type Observed } from "./observed.ts";
import type { Step } from "./step.ts";
import { sameStatus } from "./summarize.ts";
import { isOver } from "./triggers.ts";
import { effectiveSpec, wantedRun } from "./versions.ts";

const RUNS = { numRuns: 1_500 };
const holds = (check: (observed: Observed, step: Step) => void) =>
  fc.assert(
    fc.property(anyObservation, (observed) => check(observed, decide(observed, NOW))),
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

  test("what is over runs again only if the spec asks for a new run, a policy for a new attempt, or we had stopped it", () => {
    holds(({ job }, { effect, status }) => {
      const before = job.status?.trigger;
      if (effect?.kind !== "submit" || !before || before.state === "pending" || !isOver(before)) return;
      const next = status?.trigger;
      const asked = next?.id !== before.id;
      const lost = before.failure?.reason === "JobLost" && job.spec.lostPolicy === "Resubmit";
      const failed = before.state === "failed" && job.spec.restartPolicy === "OnFailure";
      const halted = before.state === "canceled" && before.stop !== undefined;
      expectThat(asked || lost || failed || halted, `${before.id} had ended`);
    });
  });

  test("nothing is sent while the spec says suspended", () => {
    holds(({ job }, { effect }) => {
      expectThat(job.spec.state !== "suspended" || effect?.kind !== "submit", "a send");
    });
  });

  test("a job that was stopped with a savepoint is over only with its path on record, or told to be lost", () => {
    holds(({ job }, { status }) => {
      const before = job.status?.trigger;
      const after = status?.trigger;
      if (!after || before?.state !== "running" || before.jobId !== after.jobId) return;
      if (before.stop?.mode !== "savepoint" || before.stop.failedAt !== undefined) return;
      if (after.state !== "canceled" || status.job?.state !== "FINISHED") return;
      expectThat(status.restorePoint?.jobId === before.jobId, "nobody knows where the savepoint is");
    });
  });

  test("Ready is never said of a spec that asks for something else", () => {
    holds(({ job }, { status }) => {
      const ready = status?.conditions?.find(({ type }) => type === "Ready");
      if (ready?.status !== "True") return;
      const wanted = wantedRun({ ...job, status: status! });
      expectThat(wanted === undefined || job.spec.state === "suspended", `${wanted} is asked for`);
    });
  });

  test("no value of a Secret stands in a status or an event, and none is sent unread", () => {
    holds(({ job, sources }, { effect, status, events }) => {
      expectThat(!JSON.stringify([status, events]).includes("hunter2"), "a secret is told");
      if (effect?.kind !== "submit" || !status?.trigger) return;
      const from = effectiveSpec({ ...job, status }).flinkConfigurationFrom;
      expectThat(from === undefined || sources?.result.kind === "read", "nobody has read it");
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
      fc.property(anyObservation, (observed) => {
        const { writes } = runOn(observed);
        // An upgrade that is refused, its rollback, and that one's refusal are six.
        expectThat(writes <= 7, `${writes} writes`);
      }),
      RUNS,
    );
  });
});

test("no look-up is asked for again when its answer is there", () => {
  holds((observed, step) => {
    const { effect } = step;
    const { flight } = observed;
    // An answer out of the future: no look-up can be younger.
    if (effect?.kind !== "lookUp" || (flight?.phase === "answered" && flight.endedAt > NOW)) return;
    const next = written(observed, step.status);
    // A stop that was recorded within this millisecond is older than the look-up.
    const at = NOW + 1;
    const look = { jobId: effect.jobId, at, endedAt: at, incarnation: "", found: false, mains: 0 };
    const again = decide({ ...next, look }, at);
    expectThat(again.effect?.kind !== "lookUp", `${step.rule}, then ${again.rule}`);
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
    blocked: "a user",
    suspended: "a user",
    suspendedInDoubt: "a user, or a row that changes",
    stopGivenUp: "a user, or a row that changes",
    resultOutOfSight: "a poll that succeeds",
    deleted: "the API server",
  };

  test("a step that writes nothing, does nothing and names no time is one that an event ends", () => {
    fc.assert(
      fc.property(anyObservation, (observed) => {
        const { last } = runOn(observed);
        if (last.effect !== undefined || last.requeueAfterMs !== undefined) return;
        expectThat(last.rule in woken, `${last.rule} waits for ever`);
      }),
      RUNS,
    );
  });
});
