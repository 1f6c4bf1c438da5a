import { describe, expect, test } from "vitest";
import {
  aCluster,
  aFlight,
  ago,
  aJob,
  aRow,
  decideOn,
  MINUTE,
  NOW,
  P1,
  P2,
  SECOND,
  snapshots,
  URL_A,
} from "../../../test/support/builders.ts";
import {
  adaptive,
  after,
  answered,
  before,
  begun,
  edited,
  jobId,
  read,
  recorded,
  replaced,
  requirements,
  row,
  runs,
} from "../../../test/support/scaling-scenes.ts";
import type { FlinkJobSpec } from "../../api/flinkjob.ts";
import { runHash } from "../identity.ts";

describe("a new parallelism, and nothing else", () => {
  test("what Flink has is read first, and nothing is said meanwhile", () => {
    expect(edited()).toMatchObject({
      rule: "readRequirements",
      status: undefined,
      effect: { kind: "readRequirements", jobId, url: URL_A, incarnation: P1 },
    });
  });

  test("the step is recorded with what it leads to, and then Flink is asked", () => {
    const step = edited({ requirements: read(2) });
    expect(step).toMatchObject({
      rule: "rescale",
      effect: { kind: "requireResources", jobId, url: URL_A, requirements: requirements(4) },
    });
    const { requestedAt, ...scaling } = recorded;
    expect(step.status?.trigger).toMatchObject({
      state: "running",
      reason: "Rescaling",
      jobId,
      attempt: 1,
      id: "g1",
    });
    expect(step.status?.trigger?.scaling).toEqual({ ...scaling, requestedAt: ago(0) });
    // What runs is still the old one: an operator that dies here leaves it to the next.
    expect(step.status?.trigger).toMatchObject({ parallelism: 2, runHash: runHash(before) });
  });

  test("the answer to the run request comes first", () => {
    const step = edited({ flight: aFlight(), requirements: read(2) });
    expect(step).toMatchObject({ rule: "tasksRun", effect: undefined });
  });

  test("what was read of another process, or long ago, says nothing", () => {
    expect(edited({ requirements: read(2, { incarnation: P2 }) }).rule).toBe("readRequirements");
    expect(edited({ requirements: read(2, { at: NOW - 2 * SECOND }) }).rule).toBe("readRequirements");
  });

  test("tasks that were fixed before stay so, whatever they look like by now", () => {
    const under = runs().with({
      scaling: { ...recorded, runHash: runHash(before), parallelism: 2, takenBy: P1, reachedAt: ago(MINUTE) },
    });
    const job = aJob({ parallelism: 2 }).trigger(under).edited({ parallelism: 4 });
    const same = new Map([
      ["source", { lower: 1, upper: 2 }],
      ["sink", { lower: 1, upper: 2 }],
    ]);
    const seen = answered({ kind: "read", requirements: same });
    expect(decideOn({ job, cluster: adaptive.listing(row()), requirements: seen }).effect).toMatchObject({
      requirements: new Map([
        ["source", { lower: 1, upper: 4 }],
        ["sink", { lower: 1, upper: 2 }],
      ]),
    });
  });

  test.each(["INITIALIZING", "FAILING", "CANCELLING"] as const)(
    "a job that is %s is left alone until it is not",
    (state) => {
      const step = edited({ cluster: adaptive.listing(row(3, state)) });
      expect(step.rule).toBe("tasksStart");
      expect(["cancelJob", "requireResources"]).not.toContain(step.effect?.kind);
    },
  );

  test("one that waits for slots is scaled: fewer may be what it needs", () => {
    const starved = aRow("CREATED", { tasks: { total: 0, running: 0, finished: 0 } });
    expect(edited({ cluster: adaptive.listing(starved), requirements: read(2) }).rule).toBe("rescale");
  });

  test("what could not be read is read again, and the job is followed meanwhile", () => {
    const step = edited({ requirements: answered({ kind: "failed" }) });
    expect(step).toMatchObject({ rule: "tasksRun", effect: undefined, requeueAfterMs: 5_000 });
    expect(edited({ requirements: answered({ kind: "failed" }, { at: NOW - 6 * SECOND }) }).rule).toBe(
      "readRequirements",
    );
  });
});

describe("only a new run will do", () => {
  test("on a scheduler that cannot", () => {
    expect(edited({ cluster: aCluster().listing(row()) })).toMatchObject(replaced);
  });

  test("for a job that it does not schedule (a batch job)", () => {
    expect(edited({ requirements: answered({ kind: "unsupported" }) })).toMatchObject(replaced);
  });

  test("where main() sets the parallelism of all tasks", () => {
    expect(edited({ requirements: read(7) })).toMatchObject(replaced);
  });

  test("where the user wants one", () => {
    expect(edited({}, { rescalePolicy: "Restart" })).toMatchObject(replaced);
  });

  test("with anything else", () => {
    const job = aJob({ parallelism: 2 })
      .trigger(runs())
      .edited({ parallelism: 4, args: ["--fast"] });
    expect(decideOn({ job, cluster: adaptive.listing(row()), requirements: read(2) })).toMatchObject(
      replaced,
    );
  });
});

describe("state that is to be kept", () => {
  const stateful = (
    upgradeMode: "savepoint" | "last-state",
    kept: ReturnType<typeof snapshots> | undefined,
    patch: Partial<FlinkJobSpec> = {},
  ) =>
    edited(
      { snapshots: { jobId, at: NOW - SECOND, incarnation: P1, snapshots: kept }, requirements: read(2) },
      { upgradeMode, ...patch },
    );
  const periodic = { ...snapshots(), intervalMs: 10_000 };

  test("whether the job takes checkpoints is read first, and newly", () => {
    const old = { jobId, at: NOW - MINUTE, incarnation: P1, snapshots: periodic };
    // Read before this process listed the job, or by the one before: it may not have known the job.
    const unlisted = { jobId, at: NOW - SECOND, incarnation: P2, snapshots: undefined };
    for (const scene of [{}, { snapshots: old }, { snapshots: unlisted }])
      expect(edited({ ...scene, requirements: read(2) }, { upgradeMode: "savepoint" })).toMatchObject({
        rule: "readSnapshots",
        effect: { kind: "readSnapshots" },
      });
  });

  test("that a job is not known, or takes none, is believed of the process that lists it", () => {
    const untold = { jobId, at: NOW - 50, incarnation: P1, snapshots: undefined };
    const scene = { snapshots: untold, requirements: read(2) };
    expect(edited(scene, { upgradeMode: "savepoint" })).toMatchObject({
      effect: undefined,
      requeueAfterMs: 250,
    });
    const listedSince = { ...scene, snapshots: { ...untold, at: NOW - 150 } };
    expect(edited(listedSince, { upgradeMode: "savepoint" }).rule).toBe("lookUp");
  });

  test.each(["savepoint", "last-state"] as const)("%s: a job that takes checkpoints is scaled", (mode) => {
    expect(stateful(mode, periodic).rule).toBe("rescale");
  });

  test.each(["savepoint", "last-state"] as const)(
    "%s: one that takes none would lose it, and gets a new run",
    (mode) => {
      expect(stateful(mode, snapshots()).rule).not.toBe("rescale");
      expect(stateful(mode, undefined).rule).not.toBe("rescale");
    },
  );

  test("last-state: not from a checkpoint that is older than maxCheckpointAge", () => {
    const maxCheckpointAge = "2s";
    expect(stateful("last-state", periodic, { maxCheckpointAge }).rule).not.toBe("rescale");
    expect(stateful("last-state", { ...periodic, newest: undefined }, { maxCheckpointAge }).rule).not.toBe(
      "rescale",
    );
    expect(stateful("last-state", periodic, { maxCheckpointAge: "1m" }).rule).toBe("rescale");
  });
});

describe("a step on record", () => {
  test("nobody knows whether Flink was asked: what it has is read", () => {
    expect(begun({})).toMatchObject({ rule: "readRequirements", status: undefined });
    // That Flink took them says only that; what it has is read.
    expect(begun({}, { requirements: answered({ kind: "asked" }) }).rule).toBe("readRequirements");
  });

  test("it has them not: it is asked once more, for the same", () => {
    expect(begun({}, { requirements: read(2) })).toMatchObject({
      rule: "rescaleAgain",
      effect: { kind: "requireResources", requirements: requirements(4) },
    });
  });

  test("it said that it took them a moment ago: not over and over", () => {
    const step = begun({}, { requirements: read(2, { requiredAt: NOW - SECOND }) });
    expect(step).toMatchObject({ rule: "rescaleSettles", effect: undefined, requeueAfterMs: SECOND });
    expect(begun({}, { requirements: read(2, { requiredAt: NOW - 3 * SECOND }) }).rule).toBe("rescaleAgain");
  });

  test("it has them: what the job is, is now what the spec asks for", () => {
    const step = begun({}, { requirements: read(4) });
    expect(step.rule).toBe("rescaleTaken");
    expect(step.status?.trigger).toMatchObject({
      reason: "Rescaling",
      parallelism: 4,
      runHash: runHash(after),
      generation: 2,
      scaling: { ...recorded, takenBy: P1 },
    });
    expect(step.status?.trigger?.message).toContain("3 run now");
  });

  test("and the tasks are there already", () => {
    const step = begun({}, { requirements: read(4), cluster: adaptive.listing(row(5)) });
    expect(step.status?.trigger).toMatchObject({
      reason: "TasksRunning",
      scaling: { takenBy: P1, reachedAt: ago(0) },
    });
    expect(step.events.map(({ reason }) => reason)).toContain("Rescaled");
  });

  test("it comes to its end first, whatever parallelism is wanted by now", () => {
    const under = runs().with({ reason: "Rescaling", scaling: recorded });
    const job = aJob({ parallelism: 2 }).edited({ parallelism: 4 }).trigger(under);
    const cluster = adaptive.listing(row());
    for (const parallelism of [2, 8])
      expect(decideOn({ job: job.edited({ parallelism }), cluster, requirements: read(2) })).toMatchObject({
        rule: "rescaleAgain",
        effect: { requirements: requirements(4) },
      });
    const another = job.edited({ parallelism: 4, args: ["--fast"] });
    expect(decideOn({ job: another, cluster, requirements: read(2) })).toMatchObject(replaced);
  });

  test("a job that cannot be scaled any more: the record goes, and a new run is decided on", () => {
    const step = begun({}, { requirements: answered({ kind: "unsupported" }) });
    expect(step).toMatchObject({ rule: "cannotRescale", requeueAfterMs: 0 });
    expect(step.status?.trigger?.scaling).toBeUndefined();
  });
});
