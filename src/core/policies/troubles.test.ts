import { expect, test } from "vitest";
import { aCluster, aJob, aRow, aTrigger, decideOn, NOW, SECOND } from "../../../test/support/builders.ts";

const trigger = aTrigger().running();
const runs = decideOn({ job: aJob().trigger(trigger), cluster: aCluster().listing(aRow()) });
const job = aJob().trigger(trigger).status(runs.status!);
const restarting = aCluster().listing(aRow("RESTARTING"));
const troubles = {
  jobId: aRow().id,
  at: NOW - 2 * SECOND,
  restarts: 3,
  newest: { at: NOW - 3 * SECOND, message: "disk full" },
};

test("a job that just runs costs no request", () => {
  expect(decideOn({ job, cluster: aCluster().listing(aRow()) })).toMatchObject({
    effect: undefined,
    status: undefined,
  });
});

test("of one that restarts it is read why, and told", () => {
  const step = decideOn({ job, cluster: restarting });
  expect(step).toMatchObject({ effect: { kind: "readTroubles", jobId: aRow().id } });
  const told = decideOn({ job: job.status(step.status!), cluster: restarting, troubles });
  expect(told).toMatchObject({
    effect: undefined,
    requeueAfterMs: 8 * SECOND,
    status: { job: { restarts: 3, lastException: { message: "disk full" } } },
  });
});

test("read once more when it is back and its last restart is counted, and it stays on record", () => {
  const told = decideOn({ job, cluster: restarting, troubles }).status!;
  const runs = aCluster().listing(aRow());
  const back = decideOn({ job: job.status(told), cluster: runs, troubles });
  expect(back).toMatchObject({ effect: undefined, requeueAfterMs: 11 * SECOND });
  expect(back.status?.job).toMatchObject({ state: "RUNNING", restarts: 3 });
  const known = { job: job.status(back.status!), cluster: runs, troubles };
  expect(decideOn({ ...known, now: NOW + 5 * SECOND })).toMatchObject({ requeueAfterMs: 6 * SECOND });
  const now = NOW + 11 * SECOND;
  expect(decideOn({ ...known, now })).toMatchObject({ effect: { kind: "readTroubles" } });
  const after = decideOn({ ...known, now, troubles: { ...troubles, at: now, restarts: 4 } });
  expect(after).toMatchObject({ effect: undefined, requeueAfterMs: undefined });
  expect(after.status?.job).toMatchObject({
    ...{ state: "RUNNING", restarts: 4 },
    lastException: { message: "disk full" },
  });
  // Another process does not ask for what is long settled.
  const later = decideOn({ job: job.status(after.status!), cluster: runs, now: now + 60 * SECOND });
  expect(later).toMatchObject({ effect: undefined, status: undefined });
});
