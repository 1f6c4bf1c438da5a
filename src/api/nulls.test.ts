import { expect, test } from "vitest";
import { flinkJobSpec } from "./flinkjob.ts";
import { withoutNulls } from "./nulls.ts";
import { structuralSchema } from "./structural-schema.ts";

const schema = structuralSchema(flinkJobSpec);

test.each([
  ["a member", { claimMode: null, parallelism: 1 }, { parallelism: 1 }],
  ["a member with a default", { submission: null }, {}],
  ["a member of a member", { cluster: { name: "a", url: null } }, { cluster: { name: "a" } }],
  ["a value of a map", { flinkConfiguration: { a: null, b: 1 } }, { flinkConfiguration: { b: 1 } }],
])("leaves out %s that is null", (_, given, want) => {
  expect(withoutNulls(schema, given)).toEqual(want);
});

test.each([
  ["entries of lists", { args: ["a", null] }],
  ["what the schema does not know", { unknown: null, flinkConfiguration: { a: { b: null } } }],
  ["a spec of another type", [null]],
  ["a null in the spec's place", null],
])("keeps %s", (_, given) => {
  expect(withoutNulls(schema, given)).toEqual(given);
});
