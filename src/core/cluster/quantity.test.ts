import { expect, test } from "vitest";
import { amountOf } from "./quantity.ts";

test.each([
  ["1", 1],
  [2, 2],
  ["500m", 0.5],
  ["1.5Gi", 1.5 * 2 ** 30],
  ["1024Mi", 2 ** 30],
  ["1k", 1000],
  ["2G", 2e9],
])("%s amounts to %d", (quantity, want) => expect(amountOf(quantity)).toBe(want));

test.each(["", "Gi", "-1", "1gb", "1 Gi", "1constructor", undefined, null, {}])("%s is none", (quantity) => {
  expect(amountOf(quantity)).toBeUndefined();
});
