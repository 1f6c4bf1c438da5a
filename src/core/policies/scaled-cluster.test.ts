import { expect, test } from "vitest";
import { ago, aRow, decideOn, MINUTE, NOW, P1, SECOND } from "../../../test/support/builders.ts";
import {
  made,
  ownCluster,
  ownJob,
  ownName,
  ownSpec,
  ownTrigger,
} from "../../../test/support/per-job-builders.ts";
import type { FlinkJobSpec } from "../../api/flinkjob.ts";
import type { ScalingStatus } from "../../api/status.ts";
import { runHash } from "../identity.ts";
import type { RequirementsSeen } from "../observed.ts";

// A job and its own cluster, scaled together: one task and one TaskManager, three of each, ...

const perJob = ownSpec().cluster.perJob!;
const sized = (size: number): Partial<FlinkJobSpec> => ({
  parallelism: size,
  cluster: { perJob: { ...perJob, taskManager: { ...perJob.taskManager, replicas: size } } },
});
const read = (upper: number): RequirementsSeen => ({
  jobId: aRow().id,
  at: NOW - 10,
  incarnation: P1,
  result: { kind: "read", requirements: new Map([["source", { lower: 1, upper }]]) },
});
const row = (total: number) => aRow("RUNNING", { tasks: { total, running: total, finished: 0 } });
const adaptive = (parallelism: number) =>
  ownCluster().view({ supportsRescaling: true, parallelismDefault: parallelism });

/** It ran with one size, and the spec says another by now. `has`: what its cluster has, `scaling`: where it stands. */
function scene(
  { from, to, has = from, tasks = from }: { from: number; to: number; has?: number; tasks?: number },
  scaling?: Partial<ScalingStatus>,
  taken = scaling?.takenBy !== undefined,
) {
  const before = ownSpec("application", sized(from));
  const after = ownSpec("application", sized(to));
  const step = { parallelism: to, runHash: runHash(after), generation: 2, tasks: to, taskManagers: to };
  const trigger = ownTrigger("application", { spec: before, cluster: { taskManagers: taken ? to : from } })
    .running()
    .with({
      parallelism: taken ? to : from,
      ...(taken ? { runHash: runHash(after) } : {}),
      ...(scaling ? { scaling: { ...step, requestedAt: ago(MINUTE), ...scaling } } : {}),
    });
  return {
    job: ownJob("application", sized(from)).trigger(trigger).edited(sized(to)),
    cluster: adaptive(from).listing(row(tasks)),
    perJob: { clusters: [made("application", { wasReached: true, taskManagers: has })] },
    requirements: read(taken ? to : from),
  };
}

test.each([
  ["more", 1, 3],
  ["fewer", 3, 1],
])("%s of both: Flink is asked first, and the cluster stays as it is", (_, from, to) => {
  const step = decideOn(scene({ from, to }));
  expect(step).toMatchObject({ rule: "rescale", effect: { kind: "requireResources" } });
  expect(step.status?.trigger?.scaling).toMatchObject({ parallelism: to, taskManagers: to });
  expect(step.status?.trigger?.cluster?.taskManagers).toBe(from);
});

test("TaskManagers alone", () => {
  const more = scene({ from: 1, to: 3 });
  const job = more.job.spec({ parallelism: 1 });
  const step = decideOn({ ...more, job });
  expect(step).toMatchObject({ rule: "rescale" });
  expect(step.status?.trigger?.scaling).toMatchObject({ parallelism: 1, tasks: 1, taskManagers: 3 });
});

test("with anything else of the cluster it is another one", () => {
  const more = scene({ from: 1, to: 3 });
  const other = { ...perJob, image: "flink:other" };
  const step = decideOn({ ...more, job: more.job.spec({ cluster: { perJob: other } }) });
  expect(step).toMatchObject({ rule: "cancelStopped" });
});

test("Flink has taken it: that the cluster is to have as many is on record with it", () => {
  const step = decideOn({ ...scene({ from: 1, to: 3 }, {}), requirements: read(3) });
  expect(step.rule).toBe("rescaleTaken");
  expect(step.status?.trigger?.cluster).toMatchObject({ name: ownName(), taskManagers: 3 });
});

test("more come as soon as Flink may use them", () => {
  const step = decideOn(scene({ from: 1, to: 3 }, { takenBy: P1 }));
  expect(step).toMatchObject({
    rule: "rescaling",
    effect: { kind: "scaleCluster", name: ownName(), uid: "c-1", taskManagers: 3 },
  });
  expect(decideOn(scene({ from: 1, to: 3, has: 3 }, { takenBy: P1 })).effect).toBeUndefined();
});

test("those that are too many go once the job runs with fewer", () => {
  const waits = decideOn(scene({ from: 3, to: 1 }, { takenBy: P1 }));
  expect(waits).toMatchObject({ rule: "rescaling", effect: undefined });
  const there = scene({ from: 3, to: 1, tasks: 1 }, { takenBy: P1, reachedAt: ago(SECOND) });
  expect(decideOn(there).effect).toMatchObject({ kind: "scaleCluster", taskManagers: 1 });
});

test("what Flink refuses brings none", () => {
  const step = decideOn(scene({ from: 1, to: 3 }, { refusal: "no" }));
  expect(step).toMatchObject({ rule: "tasksRun", effect: undefined });
});

test("a cluster that goes is left alone, and so is one of a job that was never scaled", () => {
  const goes = scene({ from: 1, to: 3 }, { takenBy: P1 });
  const clusters = goes.perJob.clusters.map((own) => ({ ...own, isDeleting: true }));
  expect(decideOn({ ...goes, perJob: { clusters } }).effect?.kind).not.toBe("scaleCluster");
  const byHand = scene({ from: 1, to: 1, has: 5 });
  expect(decideOn(byHand).effect).toBeUndefined();
});
