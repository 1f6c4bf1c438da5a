import { expect, test } from "vitest";
import { aJob } from "../../../test/support/builders.ts";
import { jobLabels, savepointName } from "./naming.ts";

const NAME = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;
const LABEL = /^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$/;

test.each([["orders"], ["a".repeat(253)], [`${"a".repeat(199)}.b`], [`${"a".repeat(198)}-.b`]])(
  "names and labels made of %s are valid",
  (name) => {
    const made = savepointName(name, "0".repeat(32), "20260301120000");
    expect(made).toMatch(NAME);
    expect(made.length).toBeLessThanOrEqual(253);
    const label = jobLabels(aJob().meta({ name }).build())["flinkjob.dev/job"];
    expect(label).toMatch(LABEL);
  },
);

test("long names that begin alike have different labels", () => {
  const label = (last: string) =>
    jobLabels(
      aJob()
        .meta({ name: "a".repeat(70) + last })
        .build(),
    );
  expect(label("b")).not.toEqual(label("c"));
});

test("jobs of one name have different savepoints", () => {
  expect(savepointName("orders", "0".repeat(32), "final")).not.toBe(
    savepointName("orders", "1".repeat(32), "final"),
  );
});
