import { describe, expect, test } from "vitest";
import {
  aCluster,
  aFlight,
  aJob,
  aLook,
  anAnswer,
  anApplication,
  aRow,
  aTrigger,
  connecting,
  decideOn,
  MINUTE,
  type Scene,
  SECOND,
  type TriggerBuilder,
  UID,
  unreachable,
} from "../../../test/support/builders.ts";
import { jobIdOf } from "../identity.ts";

const deleted = (trigger: TriggerBuilder) => aJob().trigger(trigger).deleted();
const letGo = { effect: { kind: "removeFinalizer" }, status: undefined };
const waits = { effect: undefined, requeueAfterMs: 2_000, status: { state: "Deleting" } };

describe("let go at once", () => {
  test.each<[string, Scene]>([
    ["a FlinkJob that has no trigger", { job: aJob().deleted() }],
    ["the same on a cluster that does not answer", { job: aJob().deleted(), cluster: unreachable }],
    ["a trigger that was never sent", { job: deleted(aTrigger()), cluster: unreachable }],
    ["a finished trigger", { job: deleted(aTrigger().finished()) }],
    [
      "a failed trigger on a cluster that is gone",
      { job: deleted(aTrigger().failed()), cluster: unreachable },
    ],
    [
      "a request that never left",
      {
        job: deleted(aTrigger().sent()),
        cluster: unreachable,
        flight: anAnswer({ kind: "notSent", reason: "ClusterUnreachable", message: "", retryable: true }),
      },
    ],
    [
      "a job that was seen to end",
      { job: deleted(aTrigger().running()), cluster: aCluster().listing(aRow("CANCELED")) },
    ],
    ["a job that is not there, and no main() either", { job: deleted(aTrigger().running()), look: aLook() }],
  ])("%s", (_, scene) => {
    expect(decideOn(scene)).toMatchObject(letGo);
  });

  test("an object without our finalizer is none of our business", () => {
    const job = aJob().trigger(aTrigger().running()).meta({ finalizers: [] }).deleted();
    expect(decideOn({ job })).toMatchObject({ rule: "deleted", effect: undefined, status: undefined });
  });
});

describe("Cancel", () => {
  test("a live job is cancelled, and awaited until it was seen to end", () => {
    const job = deleted(aTrigger().running());
    const step = decideOn({ job, cluster: aCluster().listing(aRow()) });
    expect(step).toMatchObject({
      effect: { kind: "cancelJob", jobId: aRow().id },
      status: { state: "Deleting" },
    });
    expect(decideOn({ job, cluster: aCluster().listing(aRow("CANCELLING")) })).toMatchObject(waits);
  });

  test.each<[string, Partial<Scene>]>([
    ["its request is unanswered", { flight: aFlight() }],
    ["a main() runs that may be its", { look: aLook({ mains: 1 }) }],
    ["its application ends", { look: anApplication("CANCELING") }],
    ["the cluster does not answer", { cluster: unreachable }],
    ["nobody has asked the cluster yet", { cluster: connecting }],
  ])("waits while %s", (_, scene) => {
    expect(decideOn({ job: deleted(aTrigger().sent()), ...scene })).toMatchObject(waits);
  });

  test("an application that 2.3 leaves in CANCELING is over when nothing of it runs and nothing brings it back", () => {
    const scene = { job: deleted(aTrigger().sent()), look: anApplication("CANCELING") };
    const lifetime = aCluster("JobManagerLifetime");
    expect(decideOn({ ...scene, cluster: lifetime })).toMatchObject(letGo);
    const busy = { ...anApplication("CANCELING"), mains: 1 };
    expect(decideOn({ ...scene, cluster: lifetime, look: busy })).toMatchObject(waits);
  });

  test("where a failover may bring it back it is waited for, and why is said", () => {
    const job = deleted(aTrigger().sent());
    const said = (mains: number) => {
      const look = { ...anApplication("CANCELING"), mains };
      return decideOn({ job, cluster: aCluster("Durable"), look }).status?.trigger?.message;
    };
    expect(said(1)).toBe("The FlinkJob is being deleted. Its main() is ending.");
    expect(said(0)).toMatch(
      /Its main\(\) has ended, and Flink has not said so yet.*restart the JobManager\.$/,
    );
  });

  test("a main() that Flink can cancel is cancelled", () => {
    const step = decideOn({ job: deleted(aTrigger().sent()), look: anApplication("RUNNING") });
    expect(step.effect).toEqual({ kind: "cancelApplication", jobId: aRow().id, url: "http://a.flink:8081" });
  });

  test("an unknown outcome is looked up first", () => {
    expect(decideOn({ job: deleted(aTrigger().sent()) })).toMatchObject({ effect: { kind: "lookUp" } });
    const found = decideOn({ job: deleted(aTrigger().sent()), look: aLook({ found: true }) });
    expect(found).toMatchObject({ rule: "listedSoon", effect: undefined });
  });

  test("a late job after SubmissionTimedOut is cancelled too", () => {
    const step = decideOn({ job: deleted(aTrigger().timedOut()), cluster: aCluster().listing(aRow()) });
    expect(step.effect?.kind).toBe("cancelJob");
  });

  test("a request that still fetches its JAR is stopped", () => {
    const step = decideOn({ job: deleted(aTrigger().sent()), flight: aFlight("fetchingJar") });
    expect(step.effect).toEqual({ kind: "abandonFlight" });
  });

  test("nothing is ever sent for an object that goes", () => {
    const job = aJob({ lostPolicy: "Resubmit" })
      .trigger(aTrigger().failed("JobLost"))
      .edited({ args: ["x"] });
    expect(decideOn({ job: job.deleted() })).toMatchObject(letGo);
  });
});

describe("what lives is cancelled, whatever the status says", () => {
  test("a job that had ended and was brought back", () => {
    const step = decideOn({ job: deleted(aTrigger().failed()), cluster: aCluster().listing(aRow()) });
    expect(step.effect).toMatchObject({ kind: "cancelJob", jobId: aRow().id });
  });

  test("a job whose status was lost", () => {
    const step = decideOn({ job: aJob().deleted(), cluster: aCluster().listing(aRow()) });
    expect(step.effect).toMatchObject({ kind: "cancelJob", jobId: aRow().id });
    expect(decideOn({ job: aJob().deleted(), cluster: connecting })).toMatchObject({ effect: undefined });
  });

  test("an earlier attempt beside an ended one", () => {
    const earlier = aRow("RUNNING", { id: jobIdOf(UID, "g0", 1) });
    const cluster = aCluster().listing(aRow("CANCELED"), earlier);
    const step = decideOn({ job: deleted(aTrigger().running()), cluster });
    expect(step.effect).toMatchObject({ kind: "cancelJob", jobId: earlier.id });
  });
});

describe("the deadline", () => {
  test.each<[string, Partial<Scene>]>([
    ["an unreachable cluster", { cluster: unreachable }],
    ["a main() that does not end", { look: aLook({ mains: 1 }) }],
    ["a job that does not end", { cluster: aCluster().listing(aRow("CANCELLING")) }],
    ["a request without an answer", { flight: aFlight() }],
  ])("%s is let go, and the user is told", (_, scene) => {
    const job = aJob().trigger(aTrigger().sent());
    const late = decideOn({ job: job.deleted(5 * MINUTE), ...scene });
    expect(late).toMatchObject(letGo);
    expect(late.events).toMatchObject([{ type: "Warning", reason: "DeletionTimedOut" }]);
    const before = decideOn({ job: job.deleted(5 * MINUTE - SECOND), ...scene });
    expect(before).toMatchObject({ requeueAfterMs: SECOND });
    expect(before.effect?.kind).not.toBe("removeFinalizer");
  });
});

describe("Orphan", () => {
  test.each<[string, Partial<Scene>]>([
    ["a live job", { cluster: aCluster().listing(aRow()) }],
    ["a request without an answer", { flight: aFlight() }],
    ["an unreachable cluster", { cluster: unreachable }],
  ])("%s goes on", (_, scene) => {
    const job = deleted(aTrigger().sent()).spec({ deletionPolicy: "Orphan" });
    expect(decideOn({ job, ...scene })).toMatchObject(letGo);
  });
});

test("what was sent a moment ago by somebody who died since may still arrive: the object waits for it", () => {
  const scene = (ago: number) => ({ job: deleted(aTrigger().sent({ ago })), look: aLook() });
  expect(decideOn(scene(4 * SECOND))).toMatchObject({ ...waits, requeueAfterMs: SECOND });
  // What was looked at while it could still arrive may have missed it.
  expect(decideOn(scene(5 * SECOND)).effect?.kind).toBe("lookUp");
  expect(decideOn(scene(6 * SECOND))).toMatchObject(letGo);
});
