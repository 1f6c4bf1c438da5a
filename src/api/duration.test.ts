import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { durationMaxLength, durationPattern, formatDuration, parseDuration } from "./duration.ts";

describe("parseDuration", () => {
  test.each([
    ["0", 0],
    ["0s", 0],
    ["500ms", 500],
    ["5s", 5_000],
    ["1m30s", 90_000],
    ["1.5h", 5_400_000],
    ["2h", 7_200_000],
    ["7d", 604_800_000],
    ["0.5ms", 1],
  ])("%s is %d ms", (text, want) => {
    expect(parseDuration(text)).toBe(want);
  });

  test.each([
    "",
    "5",
    "5 s",
    "s",
    "-5s",
    "5sec",
    "1e3s",
    "5S",
    ".5s",
    "5.s",
    " 5s",
    "5s ",
    "5s\n",
    "１s",
    "1µs",
    "1..5s",
  ])("%j is not a duration", (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  test("refuses what would not be a safe integer of milliseconds, and text without an end", () => {
    expect(parseDuration(`${"9".repeat(20)}d`)).toBeUndefined();
    expect(parseDuration("1s".repeat(durationMaxLength))).toBeUndefined();
  });

  test("accepts nothing that the CRD's pattern refuses", () => {
    const pattern = new RegExp(durationPattern);
    const soup = fc.array(fc.constantFrom("0", "1", "5", ".", "ms", "s", "m", "h", "d", " ", "-"), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(soup, (parts) => {
        const text = parts.join("");
        return (parseDuration(text) !== undefined) === pattern.test(text);
      }),
    );
  });
});

describe("formatDuration", () => {
  test.each([
    [0, "0s"],
    [-3, "0s"],
    [250, "250ms"],
    [1_500, "1.5s"],
    [90_000, "1m30s"],
    [3_600_000, "1h"],
    [93_600_000, "1d2h"],
  ])("%d ms is %s", (milliseconds, want) => {
    expect(formatDuration(milliseconds)).toBe(want);
  });

  test("can be read back", () => {
    fc.assert(
      fc.property(fc.nat(Number.MAX_SAFE_INTEGER), (milliseconds) => {
        return parseDuration(formatDuration(milliseconds)) === milliseconds;
      }),
    );
  });
});
