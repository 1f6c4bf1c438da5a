import { describe, expect, test } from "vitest";
import type { FlinkOption, OptionType } from "./catalogue.ts";
import { problemWith } from "./values.ts";

// The bulk of it is asked of Flink's own classes: test/conformance/option-values.test.ts.

const option = (type: OptionType, list = false): FlinkOption => ({
  key: "k",
  scope: "job",
  type,
  list,
  default: "",
  aliases: [],
  values: ["STREAMING", "BATCH"],
  description: "",
});

describe("what Flink can read", () => {
  test.each<[OptionType, string[]]>([
    ["Integer", ["0", "-1", "+7", "2147483647"]],
    ["Long", ["9223372036854775807"]],
    ["Double", ["1", ".5", "1e3", " 1.5 ", "NaN"]],
    ["Boolean", ["true", "FALSE"]],
    ["Duration", ["10 s", "10s", "500", "2 days", "1 H", "PT10S"]],
    ["MemorySize", ["64mb", "64 MB", "1024", "1 gb"]],
    ["Enum", ["batch", "BATCH"]],
    ["Map", ["a:1,b:2", "{a: 1}", "", "'a:b':c"]],
    ["String", ["", "anything"]],
    ["Any", ["anything"]],
  ])("%s", (type, texts) => {
    expect(texts.map((text) => problemWith(option(type), text))).toEqual(texts.map(() => undefined));
  });
});

describe("what it cannot", () => {
  test.each<[OptionType, string, string]>([
    ["Integer", "2147483648", "must be a whole number of 32 bits"],
    ["Integer", "1.5", "must be a whole number of 32 bits"],
    ["Long", "9223372036854775808", "must be a whole number of 64 bits"],
    ["Double", "much", "must be a number"],
    ["Boolean", "1", "must be true or false"],
    ["Duration", "often", "must be a duration such as 10 s, 5 min or 500 ms"],
    ["Duration", "1.5 s", "must be a duration such as 10 s, 5 min or 500 ms"],
    ["Duration", "9223372036854775807 d", "is too large"],
    ["MemorySize", "64 mib", "must be a memory size such as 64 mb or 1 gb"],
    ["MemorySize", "9223372036854775807 kb", "is too large"],
    ["MemorySize", "1 constructor", "must be a memory size such as 64 mb or 1 gb"],
    ["Enum", "sometimes", "must be one of STREAMING, BATCH"],
    ["Map", "a", "must be entries such as a:1,b:2"],
  ])("%s %s", (type, text, want) => {
    expect(problemWith(option(type), text)).toBe(want);
  });
});

test("lists: each of their entries, unless Flink reads them as YAML or with quotes", () => {
  expect(problemWith(option("Enum", true), "BATCH; streaming")).toBeUndefined();
  expect(problemWith(option("Enum", true), "[BATCH, x]")).toBeUndefined();
  expect(problemWith(option("Enum", true), "BATCH;x")).toBe(
    "each entry of the list, separated by semicolons, must be one of STREAMING, BATCH",
  );
});
