import { expect, test } from "vitest";
import { differences } from "./differences.ts";

test.each([
  [{ image: "a" }, { image: "a" }, []],
  [{ image: "a" }, { image: "b" }, ["spec.image"]],
  [{ image: "a", slots: 1 }, { image: "a" }, ["spec.slots"]],
  [{}, { logging: { level: "INFO" } }, ["spec.logging"]],
  [{ args: ["a", "b"] }, { args: ["a", "c"] }, ["spec.args[1]"]],
  [{ args: ["a"] }, { args: ["a", "b"] }, ["spec.args"]],
  [{ args: [] }, { args: {} }, ["spec.args"]],
  [{ limits: { cpu: 1 } }, { limits: { cpu: "1" } }, ["spec.limits.cpu"]],
  [{ a: null }, {}, ["spec.a"]],
  [{ a: { z: 1, b: 1 } }, { a: { b: 2, z: 2 } }, ["spec.a.b", "spec.a.z"]],
])("of %j and %j", (there, wanted, expected) => {
  expect(differences(there, wanted)).toEqual(expected);
});

test("are ten at the most, and show no value", () => {
  const many = (value: string) => Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`k${i}`, value]));
  const paths = differences(many("secret"), many("other"));
  expect(paths).toHaveLength(10);
  expect(paths.join()).not.toContain("secret");
});
