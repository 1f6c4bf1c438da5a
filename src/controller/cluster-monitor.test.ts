import { expect, test } from "vitest";
import { aCluster, URL_A } from "../../test/support/builders.ts";
import type { ClusterObservation, JobManagerView, JobRow } from "../core/observed.ts";
import { FakeClock } from "../kube/fake-clock.ts";
import { type ClusterChange, ClusterMonitor } from "./cluster-monitor.ts";

type Reachable = Extract<ClusterObservation, { kind: "reachable" }>;

test("a JobManager that is replaced behind a proxy, whose connections stay, is noticed; it is not asked at each poll", async () => {
  const clock = new FakeClock();
  const changes: ClusterChange[] = [];
  let view: JobManagerView = (aCluster().build() as Reachable).jobManager;
  let describes = 0;
  let lists = 0;
  const monitor = new ClusterMonitor({
    url: URL_A,
    jobManager: {
      connections: 1,
      describe: async () => {
        describes++;
        return view;
      },
      listJobs: async () => {
        lists++;
        return [];
      },
    },
    pollIntervalMs: 1_000,
    clock,
    onChange: (change) => changes.push(change),
  });
  const incarnation = () => (monitor.observation({ prefix: "" }) as Reachable).jobManager.incarnation;
  monitor.start();
  await clock.advance(0);
  expect(changes).toEqual([{ kind: "cluster" }]);
  view = { ...view, incarnation: "another" };
  for (let i = 0; i < 9; i++) await clock.advance(1_000);
  expect([incarnation() === "another", describes]).toEqual([false, 1]);
  for (let i = 0; i < 3; i++) await clock.advance(1_000);
  expect([incarnation(), describes]).toEqual(["another", 2]);
  expect(changes).toEqual([{ kind: "cluster" }, { kind: "cluster" }]);
  expect(lists).toBeGreaterThan(9);
  monitor.stop();
});

const tasks = (total: number, running: number, finished = 0) => ({ total, running, finished });
test.each<[string, Pick<JobRow, "state" | "tasks">[], boolean]>([
  ["nothing is there", [], false],
  ["all run, or have ended", [{ state: "RUNNING", tasks: tasks(3, 2, 1) }], false],
  [
    "one of several waits",
    [
      { state: "RUNNING", tasks: tasks(1, 1) },
      { state: "RUNNING", tasks: tasks(2, 1) },
    ],
    true,
  ],
  ["it was made and has begun nothing", [{ state: "CREATED", tasks: tasks(1, 0) }], true],
  ["it restarts", [{ state: "RESTARTING", tasks: tasks(1, 0) }], false],
  ["it was canceled", [{ state: "CANCELED", tasks: tasks(1, 0) }], false],
])("whether a job waits for slots: %s", async (_what, some, waits) => {
  const clock = new FakeClock();
  const rows = some.map((row, n) => ({
    id: String(n).padStart(32, "0"),
    name: "",
    startTime: 0,
    endTime: -1,
    ...row,
  }));
  const view = (aCluster().build() as Reachable).jobManager;
  const jobManager = { connections: 1, describe: async () => view, listJobs: async () => rows };
  const monitor = new ClusterMonitor({
    ...{ url: URL_A, jobManager, pollIntervalMs: 1_000, clock, onChange: () => {} },
  });
  expect(monitor.hasJobThatWaits()).toBe(false);
  monitor.start();
  await clock.advance(0);
  expect(monitor.hasJobThatWaits()).toBe(waits);
  monitor.stop();
});
