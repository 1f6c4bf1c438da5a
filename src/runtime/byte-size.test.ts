import { expect, test } from "vitest";
import { parseByteSize } from "./byte-size.ts";

test.each([
  ["0", 0],
  ["1024", 1024],
  ["64Mi", 67_108_864],
  ["1.5Gi", 1_610_612_736],
  ["500M", 500_000_000],
  ["2k", 2_000],
])("%s is %d bytes", (text, want) => {
  expect(parseByteSize(text)).toBe(want);
});

test.each(["", "64MB", "64mi", "-1", "1e9", "Mi", "1 Gi", "999999999999999Gi"])(
  "%j is not a size",
  (text) => {
    expect(parseByteSize(text)).toBeUndefined();
  },
);
