import { describe, expect, test } from "vitest";
import { aRow, decideOn, MINUTE, NOW, type Scene, SECOND } from "../../../test/support/builders.ts";
import {
  PLAN_JOB,
  planCluster,
  planJob,
  planMade,
  planName,
  planTrigger,
  planUrl,
} from "../../../test/support/per-job-builders.ts";
import type { FlinkJobStatus } from "../../api/status.ts";
import type { VerbatimResult } from "../snapshots.ts";

const down = { kind: "unreachable", url: planUrl, message: "refused" } as const;
const read = { runTime: "1s", accumulators: {} };
const text = '{"status":{"id":"COMPLETED"}}';
const gone = { clusters: [], absent: { name: planName, at: NOW } };

function ended(
  state: "finished" | "failed" | "canceled",
  patch: Partial<FlinkJobStatus> = {},
  since = SECOND,
) {
  const trigger = {
    finished: planTrigger().finished(since),
    failed: planTrigger().failed("JobFailed", since),
    canceled: planTrigger().canceled(since),
  }[state];
  const job = planJob().trigger(trigger);
  return job.status({ ...job.build().status!, ...(state === "finished" ? { result: read } : {}), ...patch });
}

const scene = (patch: Partial<Scene> = {}): Scene => ({
  job: ended("finished"),
  cluster: planCluster().listing(aRow("FINISHED", { id: PLAN_JOB })),
  perJob: { clusters: [planMade({ wasReached: true, reason: "Reachable" })] },
  ...patch,
});

const answered = (result: VerbatimResult | undefined, ago = 100) => ({
  executionResult: { jobId: PLAN_JOB, at: NOW - ago, result },
});

describe("the execution result of a plan's job", () => {
  test.each(["finished", "failed", "canceled"] as const)(
    "that %s is read before its cluster goes",
    (state) => {
      const step = decideOn(scene({ job: ended(state) }));
      expect(step).toMatchObject({
        rule: "readExecutionResult",
        status: undefined,
        effect: { kind: "readExecutionResult", jobId: PLAN_JOB, url: planUrl },
      });
    },
  );

  test("is kept to the letter, and then the cluster goes", () => {
    const step = decideOn({ ...scene(), ...answered({ kind: "completed", text }) });
    expect(step).toMatchObject({ effect: undefined, status: { executionResult: { text } } });
    const after = ended("finished", { executionResult: { text } });
    const release = decideOn({ ...scene({ job: after }), ...answered({ kind: "completed", text }) });
    expect(release).toMatchObject({ rule: "releaseCluster", status: { executionResult: { text } } });
  });

  test("comes after the accumulators", () => {
    const unread = ended("finished", { result: { runTime: "1s" } });
    expect(decideOn(scene({ job: unread })).rule).toBe("readResult");
  });

  test.each<[string, VerbatimResult | undefined, string]>([
    [
      "is too long",
      { kind: "tooLong", bytes: 40_000 },
      "It is larger, 40000 bytes, than what a FlinkJob keeps.",
    ],
    ["is far too long", { kind: "tooLong" }, "It is larger than what a FlinkJob keeps."],
    ["is not known any more", undefined, "Its JobManager no longer knew it."],
  ])("that %s: the status says so", (_, result, absent) => {
    const late = scene({ job: ended("finished", {}, 30 * SECOND) });
    expect(decideOn({ ...late, ...answered(result) }).status?.executionResult).toEqual({ absent });
  });

  test("that is too long stays where its client can fetch it for a while, unless somebody wants the cluster gone", () => {
    const long = answered({ kind: "tooLong", bytes: 40_000 });
    expect(decideOn({ ...scene(), ...long })).toMatchObject({
      rule: "executionResultOffered",
      effect: undefined,
      requeueAfterMs: 29 * SECOND,
    });
    const unwanted: Partial<Scene>[] = [
      { job: ended("finished").spec({ state: "suspended" }) },
      { perJob: { clusters: [planMade({ wasReached: true, reason: "Reachable", isDeleting: true })] } },
    ];
    for (const patch of unwanted)
      expect(decideOn({ ...scene(patch), ...long }).status?.executionResult?.absent).toContain("40000 bytes");
  });

  test("is asked for again while the JobManager has not noticed the end", () => {
    const early = { kind: "inProgress" } as const;
    expect(decideOn({ ...scene(), ...answered(early) })).toMatchObject({
      effect: undefined,
      requeueAfterMs: 600,
    });
    expect(decideOn({ ...scene(), ...answered(early, 700) }).effect?.kind).toBe("readExecutionResult");
    const late = scene({ job: ended("finished", {}, 11 * SECOND) });
    expect(decideOn({ ...late, ...answered(early) }).status?.executionResult?.absent).toContain("no longer");
  });

  test("of another JobID is nobody's", () => {
    const { executionResult } = answered({ kind: "completed", text });
    const other = { executionResult: { ...executionResult, jobId: "9".repeat(32) } };
    expect(decideOn({ ...scene(), ...other }).rule).toBe("readExecutionResult");
  });

  test.each<[string, Partial<Scene>, string]>([
    ["may answer yet", { job: ended("failed", {}, 9 * MINUTE), cluster: down }, "executionResultOutOfSight"],
    [
      "has not answered for ten minutes",
      { job: ended("failed", {}, 10 * MINUTE), cluster: down },
      "executionResultMissed",
    ],
    [
      "is not in the cache",
      { job: ended("failed"), cluster: down, perJob: { clusters: [] } },
      "lookForCluster",
    ],
    ["is gone", { job: ended("failed"), cluster: down, perJob: gone }, "executionResultMissed"],
    [
      "is being deleted",
      { job: ended("failed"), cluster: down, perJob: { clusters: [planMade({ isDeleting: true })] } },
      "executionResultMissed",
    ],
  ])("of a cluster that %s", (_, patch, rule) => {
    expect(decideOn(scene(patch)).rule).toBe(rule);
  });

  test("is nothing where there was no job, and no plan", () => {
    const { acceptedAt: _, ...unseen } = planTrigger().failed("PlanRefused").build();
    const job = planJob().trigger(planTrigger().with({ ...unseen, acceptedAt: undefined }));
    expect(decideOn(scene({ job, cluster: down, perJob: gone })).rule).toBe("over");
  });
});
