import { describe, expect, test } from "vitest";
import {
  aCluster,
  aJob,
  aRow,
  aSpec,
  aTrigger,
  decideOn,
  NOW,
  observed,
} from "../../test/support/builders.ts";
import { contextOf } from "./context.ts";
import { rescaled, sameRequirements, wantedScale } from "./scaling.ts";

const bounds = (...uppers: number[]) =>
  new Map(uppers.map((upper, index) => [`vertex-${index}`, { lower: 1, upper }]));

describe("what follows the job's parallelism", () => {
  test.each<{
    what: string;
    present: number[];
    from: number;
    to: number;
    known?: string[];
    want: number[] | undefined;
  }>([
    { what: "all of them", present: [2, 2], from: 2, to: 4, want: [4, 4] },
    { what: "not one with a parallelism of its own", present: [2, 1, 8], from: 2, to: 4, want: [4, 1, 8] },
    {
      what: "not one that was known to have its own, though it looks the same by now",
      present: [2, 2],
      from: 2,
      to: 4,
      known: ["vertex-1"],
      want: [4, 2],
    },
    {
      what: "all that look scaled already, where none has the old one: its record was lost",
      present: [4, 1],
      from: 2,
      to: 4,
      want: [4, 1],
    },
    { what: "none: main() sets all itself", present: [3, 5], from: 2, to: 4, want: undefined },
    { what: "none is known to", present: [2], from: 2, to: 4, known: ["vertex-0"], want: undefined },
    { what: "none of a job without tasks", present: [], from: 2, to: 4, want: undefined },
    {
      what: "none, where too many do not to be remembered",
      present: [2, ...Array<number>(33).fill(1)],
      from: 2,
      to: 4,
      want: undefined,
    },
  ])("$what", ({ present, from, to, known, want }) => {
    const next = rescaled(bounds(...present), { from, to }, known);
    expect(next && [...next.requirements.values()].map(({ upper }) => upper)).toEqual(want);
    expect(next?.tasks).toBe(want?.reduce((sum, upper) => sum + upper, 0));
  });

  test("what Flink runs a task with at the least stays, and is never above what it runs with at the most", () => {
    const present = new Map([["a", { lower: 3, upper: 4 }]]);
    expect(rescaled(present, { from: 4, to: 8 })?.requirements).toEqual(
      new Map([["a", { lower: 3, upper: 8 }]]),
    );
    expect(rescaled(present, { from: 4, to: 2 })?.requirements).toEqual(
      new Map([["a", { lower: 2, upper: 2 }]]),
    );
  });
});

test("requirements are the same when each vertex has the same bounds", () => {
  expect(sameRequirements(bounds(1, 2), bounds(1, 2))).toBe(true);
  expect(sameRequirements(bounds(1, 2), bounds(1, 3))).toBe(false);
  expect(sameRequirements(bounds(1), bounds(1, 2))).toBe(false);
  expect(
    sameRequirements(new Map([["a", { lower: 1, upper: 2 }]]), new Map([["a", { lower: 2, upper: 2 }]])),
  ).toBe(false);
});

describe("whether the parallelism is all that the spec asks for", () => {
  const spec = aSpec({ parallelism: 2 });
  const runs = aTrigger({ spec }).running().with({ parallelism: 2 });
  const wantedOf = (job: ReturnType<typeof aJob>, trigger = runs) => {
    const scene = { job: job.trigger(trigger), cluster: aCluster().listing(aRow()) };
    return wantedScale(contextOf(observed(scene), NOW), trigger.build());
  };
  const job = aJob({ parallelism: 2 });

  test("another parallelism and nothing else", () => {
    expect(wantedOf(job.edited({ parallelism: 5 }))).toEqual({ from: 2, to: 5 });
  });

  test("one is written into a spec that had none: the cluster's own was sent", () => {
    const trigger = aTrigger({ spec: aSpec() }).running().with({ parallelism: 3 });
    expect(wantedOf(aJob().edited({ parallelism: 5 }), trigger)).toEqual({ from: 3, to: 5 });
  });

  test.each([
    ["another argument", { parallelism: 5, args: ["--fast"] }],
    ["a trigger ID of the user's own", { parallelism: 5, trigger: { id: "again" } }],
    ["a savepoint to start from", { parallelism: 5, savepointPath: "/savepoints/1" }],
    ["no parallelism", { parallelism: undefined }],
    ["rescalePolicy: Restart", { parallelism: 5, rescalePolicy: "Restart" as const }],
  ])("not with %s", (_, edit) => {
    expect(wantedOf(job.edited(edit))).toBeUndefined();
  });

  test("not where nobody knows what Flink was asked for", () => {
    expect(wantedOf(job.edited({ parallelism: 5 }), aTrigger({ spec }).running())).toBeUndefined();
  });

  test("not where an earlier request may be what runs", () => {
    expect(wantedOf(job.edited({ parallelism: 5 }), runs.with({ unsettledHash: "0123" }))).toBeUndefined();
  });

  test("in a cluster that runs main() itself, its configuration says what the job began with", () => {
    const own = aTrigger({ spec })
      .running()
      .with({ cluster: { name: "orders-1", mode: "application" } });
    const scene = {
      job: job.edited({ parallelism: 5 }).trigger(own),
      cluster: aCluster().view({ parallelismDefault: 2 }).listing(aRow()),
    };
    expect(wantedScale(contextOf(observed(scene), NOW), own.build())).toEqual({ from: 2, to: 5 });
  });
});

test("a run request tells the parallelism that Flink is asked for, whoever says it", () => {
  const cluster = aCluster().view({ parallelismDefault: 3 });
  const told = (spec: Parameters<typeof aJob>[0]) =>
    decideOn({ job: aJob(spec), cluster }).status?.trigger?.parallelism;
  expect(told({ parallelism: 5 })).toBe(5);
  expect(told({ flinkConfiguration: { "parallelism.default": 4 } })).toBe(4);
  expect(told({})).toBe(3);
});
