import { describe, expect, test } from "vitest";
import {
  ago,
  aLook,
  aTrigger,
  decideOn,
  MINUTE,
  NOW,
  type Scene,
  SECOND,
  UID,
} from "../../../test/support/builders.ts";
import {
  made,
  ownCluster,
  ownJob,
  ownName,
  ownSpec,
  ownTrigger,
  ownUnreachable,
  ownUrl,
} from "../../../test/support/per-job-builders.ts";
import { JOB_ID_LABEL, JOB_UID_LABEL } from "../../api/group.ts";
import { jobIdOf, runHash } from "../identity.ts";

const jobId = jobIdOf(UID, "g1", 1);
const nowhere = { kind: "notFound", name: "" } as const;

describe("made", () => {
  test("the FlinkCluster that is the run request, after it is on record as sent", () => {
    const step = decideOn({ job: ownJob(), cluster: nowhere, perJob: { clusters: [] } });
    expect(step).toMatchObject({
      rule: "makeCluster",
      status: {
        cluster: ownName(),
        trigger: {
          state: "pending",
          reason: "ClusterDeploying",
          sends: 1,
          sentTo: { url: ownUrl() },
          cluster: { name: ownName(), mode: "application" },
        },
      },
      effect: {
        kind: "makeCluster",
        cluster: {
          metadata: {
            name: ownName(),
            namespace: "shop",
            labels: { [JOB_UID_LABEL]: UID, [JOB_ID_LABEL]: jobId },
            finalizers: ["flinkjob.dev/tear-down"],
          },
          spec: {
            managed: {
              application: { jobId, jar: { local: "/opt/flink/usrlib/a.jar" }, entryClass: "shop.WordCount" },
            },
          },
        },
      },
    });
    expect(step.status?.trigger?.cluster?.uid).toBeUndefined();
  });

  test("a session cluster, to which nothing is sent yet", () => {
    const step = decideOn({ job: ownJob("session"), cluster: nowhere, perJob: { clusters: [] } });
    expect(step).toMatchObject({
      rule: "makeCluster",
      status: { trigger: { sends: 0, cluster: { mode: "session" } } },
    });
    const { cluster } = step.effect as Extract<typeof step.effect, { kind: "makeCluster" }>;
    expect(cluster.spec.managed).not.toHaveProperty("application");
    expect(cluster.spec.managed).not.toHaveProperty("mode");
  });

  test("with the job's own options over the cluster's", () => {
    const spec = ownSpec();
    const perJob = { ...spec.cluster.perJob!, flinkConfiguration: { "a.b": 1, "c.d": 1 } };
    const job = ownJob("application", { cluster: { perJob }, flinkConfiguration: { "c.d": 2 } });
    const step = decideOn({ job, cluster: nowhere });
    expect(step.effect).toMatchObject({
      cluster: { spec: { managed: { flinkConfiguration: { "a.b": 1, "c.d": 2 } } } },
    });
  });

  test("once more when nobody saw it: the same", () => {
    const job = ownJob().trigger(ownTrigger("application", { seen: false }));
    const step = decideOn({ job, cluster: ownUnreachable, perJob: { clusters: [] } });
    expect(step).toMatchObject({
      rule: "makeCluster",
      status: { trigger: { sends: 1, jobId } },
      effect: { kind: "makeCluster", cluster: { metadata: { name: ownName() } } },
    });
  });

  test("not where somebody else has the name", () => {
    const job = ownJob().trigger(ownTrigger("application", { seen: false }));
    expect(decideOn({ job, cluster: ownUnreachable, perJob: { clusters: [], taken: true } })).toMatchObject({
      effect: undefined,
      status: { trigger: { state: "failed", failure: { reason: "NameTaken" } } },
    });
  });

  test("after a wait where the API server did not take it, in its own words", () => {
    const job = ownJob().trigger(ownTrigger("application", { seen: false }));
    const refusal = {
      name: ownName(),
      reason: "RightMissing" as const,
      message: "cannot create",
      at: NOW - 10 * SECOND,
    };
    expect(decideOn({ job, cluster: ownUnreachable, perJob: { clusters: [], refusal } })).toMatchObject({
      effect: undefined,
      requeueAfterMs: 20 * SECOND,
      status: { trigger: { state: "pending", reason: "RightMissing", message: "cannot create" } },
    });
    const later = { ...refusal, at: NOW - 31 * SECOND };
    expect(decideOn({ job, cluster: ownUnreachable, perJob: { clusters: [], refusal: later } }).rule).toBe(
      "makeCluster",
    );
  });

  test("never of what its pods could not be made from", () => {
    const perJob = {
      ...ownSpec().cluster.perJob!,
      jobManager: { replicas: 1, podTemplate: { spec: { volumes: [{ name: "config" }] } } },
    };
    const step = decideOn({ job: ownJob("application", { cluster: { perJob } }), cluster: nowhere });
    expect(step).toMatchObject({
      effect: undefined,
      status: { trigger: { state: "failed", sends: 0, failure: { reason: "InvalidPodTemplate" } } },
    });
    expect(step.status?.trigger?.message).toMatch(/^spec\.cluster\.perJob\.jobManager/);
  });

  test("after that of an earlier attempt is on its way out", () => {
    const job = ownJob("application", { args: ["new"] })
      .meta({ generation: 2 })
      .trigger(ownTrigger().finished());
    const result = { runTime: "1s", accumulators: {} };
    const built = job.status({ ...job.build().status!, result });
    const step = decideOn({ job: built, cluster: ownCluster(), perJob: { clusters: [made()] } });
    expect(step).toMatchObject({
      status: { trigger: { id: "g2", reason: "Replacing", sends: 0 } },
      effect: { kind: "deleteCluster", name: ownName(), uid: "c-1" },
    });
    const going = { clusters: [made("application", { isDeleting: true })] };
    expect(decideOn({ job: built, cluster: ownCluster(), perJob: going })).toMatchObject({
      rule: "replace",
      effect: { kind: "makeCluster", cluster: { metadata: { name: ownName(1, "g2") } } },
    });
  });
});

test("session: what was recorded as sent is not sent to one that somebody deletes, which is let go", () => {
  const sentTo = { url: ownUrl(), incarnation: "p1", flinkVersion: "2.3.0" };
  const sent = { sends: 1, tries: 1, sentAt: ago(MINUTE), sentTo, protection: "Durable" as const };
  const job = ownJob("session").trigger(ownTrigger("session").with(sent));
  const perJob = { clusters: [made("session", { isDeleting: true, wasReached: true })] };
  const step = decideOn({ job, cluster: ownCluster(), perJob, look: aLook() });
  expect(step).toMatchObject({
    rule: "releaseDeletedEarly",
    status: { trigger: { state: "pending", reason: "TearingDown", sends: 1 } },
  });
  expect(step.status?.trigger?.cluster?.releasedAt).toBe(new Date(NOW).toISOString());
});

test("session: one that nobody answers in, and that somebody deletes, is let go", () => {
  const sentTo = { url: ownUrl(), incarnation: "p1", flinkVersion: "2.3.0" };
  const job = ownJob("session").trigger(ownTrigger("session").with({ sends: 1, tries: 1, sentTo }));
  const perJob = { clusters: [made("session", { isDeleting: true, wasReached: true })] };
  expect(decideOn({ job, cluster: ownUnreachable, perJob }).rule).toBe("releaseDeletedEarly");
  const connecting = { kind: "connecting", url: ownUrl() } as const;
  expect(decideOn({ job, cluster: connecting, perJob }).rule).toBe("connecting");
});

describe("on its way", () => {
  const deploying = (patch: object): Scene => ({
    job: ownJob().trigger(ownTrigger()),
    cluster: ownUnreachable,
    perJob: { clusters: [made("application", patch)] },
  });

  test.each([
    ["ImagePullFailed", "no such image"],
    ["Unschedulable", "no node"],
    ["CrashLooping", "exit code 1"],
    ["PodsRefused", "exceeded quota"],
    ["VersionMismatch", "the image holds Flink 1.20"],
  ] as const)("what is wrong is told: %s", (reason, message) => {
    expect(decideOn(deploying({ reason, message })).status?.trigger).toMatchObject({
      state: "pending",
      reason,
      message: `FlinkCluster ${ownName()}: ${message}`,
    });
  });

  test("what makes progress is told in one way, whatever it says of itself", () => {
    const first = decideOn(deploying({}));
    const { status } = first;
    expect(status?.trigger).toMatchObject({ reason: "ClusterDeploying" });
    const again = decideOn({ ...deploying({ message: "1 of 1" }), job: ownJob().status(status!) });
    expect(again.status).toBeUndefined();
  });

  test("that it was seen is recorded once, with what the job was when it was made", () => {
    const job = ownJob().trigger(ownTrigger("application", { seen: false }));
    const step = decideOn({ ...deploying({ runHash: "0123456789abcdef" }), job });
    expect(step.status?.trigger).toMatchObject({ runHash: "0123456789abcdef", cluster: { uid: "c-1" } });
  });

  test("a session cluster that answers gets the run request", () => {
    const job = ownJob("session").trigger(ownTrigger("session"));
    const perJob = { clusters: [made("session", { wasReached: true })] };
    expect(decideOn({ job, cluster: ownUnreachable, perJob }).effect).toBeUndefined();
    expect(decideOn({ job, cluster: ownCluster(), perJob })).toMatchObject({
      rule: "send",
      effect: { kind: "submit", url: ownUrl() },
      status: { trigger: { sends: 1, cluster: { name: ownName() } } },
    });
  });
});

describe("taken away by somebody", () => {
  const job = ownJob().trigger(ownTrigger().running());
  /** The cache does not show it, and the API server says that it is not there. */
  const gone = { clusters: [], absent: { name: ownName(), at: NOW } };

  test("is lost when nothing of it is left, and nothing runs again by itself", () => {
    const step = decideOn({ job, cluster: ownUnreachable, perJob: { ...gone, remains: false } });
    expect(step).toMatchObject({
      effect: undefined,
      status: { trigger: { state: "failed", failure: { reason: "JobLost" } } },
    });
    const after = ownJob().status(step.status!);
    expect(decideOn({ job: after, cluster: ownUnreachable, perJob: { ...gone, remains: false } }).rule).toBe(
      "over",
    );
  });

  test("lostPolicy: Resubmit makes another, for another attempt", () => {
    const spec = { lostPolicy: "Resubmit" as const };
    const lost = ownJob("application", spec).trigger(ownTrigger().running());
    const step = decideOn({ job: lost, cluster: ownUnreachable, perJob: { ...gone, remains: false } });
    const after = ownJob("application", spec).status(step.status!);
    const scene: Scene = { job: after, cluster: nowhere, perJob: { ...gone, remains: false } };
    expect(decideOn({ ...scene, now: NOW + MINUTE })).toMatchObject({
      rule: "resubmit",
      effect: { kind: "makeCluster", cluster: { metadata: { name: ownName(2) } } },
      status: { trigger: { attempt: 2, sends: 1 } },
    });
  });

  test("is not lost while its pods are there, nor before that is known", () => {
    expect(decideOn({ job, cluster: ownUnreachable, perJob: { ...gone, remains: true } })).toMatchObject({
      effect: undefined,
      status: { trigger: { state: "running", reason: "ClusterUnreachable" } },
    });
    for (const at of [NOW - MINUTE, NOW + MINUTE])
      expect(
        decideOn({
          job,
          cluster: ownUnreachable,
          perJob: { clusters: [], remains: false, absent: { name: ownName(), at } },
        }),
      ).toMatchObject({ status: undefined, effect: { kind: "lookForCluster", name: ownName() } });
    expect(decideOn({ job, cluster: ownUnreachable, perJob: gone })).toMatchObject({
      status: undefined,
      effect: undefined,
    });
  });
});

describe("the status was lost", () => {
  test("what was made is taken over, and nothing is made", () => {
    const perJob = { clusters: [made("application", { runHash: runHash(ownSpec()) })] };
    expect(decideOn({ job: ownJob(), cluster: nowhere, perJob })).toMatchObject({
      rule: "takeOverCluster",
      effect: undefined,
      status: { trigger: { jobId, sends: 1, cluster: { name: ownName(), uid: "c-1" } } },
    });
  });

  test("also that of a later attempt", () => {
    const other = made("session", { jobId: jobIdOf(UID, "g4", 2), name: ownName(2, "g4") });
    const step = decideOn({ job: ownJob("session"), cluster: nowhere, perJob: { clusters: [other] } });
    expect(step.status?.trigger).toMatchObject({
      jobId: other.jobId,
      sends: 1,
      cluster: { name: other.name },
    });
  });
});

test("a FlinkJob that goes elsewhere leaves no trace of a cluster of its own", () => {
  const trigger = aTrigger().sent();
  expect(decideOn({ job: ownJob().trigger(trigger), cluster: ownUnreachable }).effect).toBeUndefined();
});
