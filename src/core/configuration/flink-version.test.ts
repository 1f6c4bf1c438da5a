import { expect, test } from "vitest";
import { isAtLeast, minorOf } from "./flink-version.ts";

test.each([
  ["1.20.5", "1.20"],
  ["2.3-SNAPSHOT", "2.3"],
  ["2.3", "2.3"],
  ["", undefined],
  ["unknown", undefined],
])("the minor version of %s: %s", (release, want) => {
  expect(minorOf(release)).toBe(want);
});

test("versions are numbers, not texts", () => {
  expect(isAtLeast("1.20.5", "1.9")).toBe(true);
  expect(isAtLeast("1.9.0", "1.20")).toBe(false);
  expect(isAtLeast("2.0", "1.20")).toBe(true);
  expect(isAtLeast("1.17", "1.17")).toBe(true);
});
