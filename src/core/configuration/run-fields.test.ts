import { describe, expect, test } from "vitest";
import { fieldsInMap, type RunFields } from "./run-fields.ts";

const find = (own: RunFields, map: Record<string, string>) => fieldsInMap(own, new Map(Object.entries(map)));

describe("the spec's own field wins over every name that Flink has for it", () => {
  test.each<[RunFields, string]>([
    [{ parallelism: 2 }, "parallelism.default"],
    [{ parallelism: 2 }, "parallelism"],
    [{ savepointPath: "s3://a" }, "execution.state-recovery.path"],
    [{ savepointPath: "s3://a" }, "execution.savepoint.path"],
    [{ savepointPath: "s3://a" }, "savepointPath"],
    [{ allowNonRestoredState: false }, "execution.state-recovery.ignore-unclaimed-state"],
    [{ allowNonRestoredState: false }, "execution.savepoint.ignore-unclaimed-state"],
    [{ allowNonRestoredState: false }, "allowNonRestoredState"],
    [{ claimMode: "CLAIM" }, "execution.state-recovery.claim-mode"],
    [{ claimMode: "CLAIM" }, "execution.savepoint-restore-mode"],
    [{ claimMode: "CLAIM" }, "restoreMode"],
    [{ entryClass: "a.B" }, "entryClass"],
    [{ args: ["--x"] }, "programArgs"],
  ])("%o over %s", (own, key) => {
    const { fields, taken, overridden, invalid } = find(own, { [key]: "anything" });
    expect(fields).toEqual({});
    expect([...taken]).toEqual([key]);
    expect(overridden).toEqual([{ key, by: `spec.${Object.keys(own)[0]}` }]);
    expect(invalid).toEqual([]);
  });
});

test("the same value twice is no conflict", () => {
  const own = { parallelism: 2, savepointPath: "s3://a" };
  const { taken, overridden } = find(own, {
    "parallelism.default": "2",
    "execution.savepoint.path": "s3://a",
  });
  expect(taken.size).toBe(2);
  expect(overridden).toEqual([]);
});

describe("where the spec says nothing, the map does", () => {
  test.each<[Record<string, string>, RunFields]>([
    [{ "parallelism.default": "3" }, { parallelism: 3 }],
    [{ "execution.savepoint.path": "s3://a" }, { savepointPath: "s3://a" }],
    [{ "execution.state-recovery.path": "" }, {}],
    [{ allowNonRestoredState: "TRUE" }, { allowNonRestoredState: true }],
    [{ "execution.state-recovery.claim-mode": "claim" }, { claimMode: "CLAIM" }],
    [{ entryClass: "a.B" }, { entryClass: "a.B" }],
  ])("%o: %o", (map, want) => {
    expect(find({}, map)).toMatchObject({ fields: want, overridden: [], invalid: [] });
  });

  test("today's key before former ones before the request's own name", () => {
    const map = {
      savepointPath: "c",
      "execution.savepoint.path": "b",
      "execution.state-recovery.path": "a",
    };
    const { fields, overridden } = find({}, map);
    expect(fields).toEqual({ savepointPath: "a" });
    expect(overridden).toEqual([
      { key: "execution.savepoint.path", by: "execution.state-recovery.path" },
      { key: "savepointPath", by: "execution.state-recovery.path" },
    ]);
  });

  test.each([
    [{ "parallelism.default": "0" }, "must be a whole number from 1 to 32768"],
    [{ "parallelism.default": "many" }, "must be a whole number from 1 to 32768"],
    [{ "parallelism.default": "32769" }, "must be a whole number from 1 to 32768"],
    [{ allowNonRestoredState: "maybe" }, "must be true or false"],
    [{ claimMode: "MINE" }, "must be one of CLAIM, NO_CLAIM, LEGACY"],
    [{ programArgs: "--a b" }, "belongs into the field args"],
    [{ entryClass: "" }, "must be the name of a class"],
  ])("%o: %s", (map, message) => {
    expect(find({}, map)).toMatchObject({ fields: {}, invalid: [{ key: Object.keys(map)[0], message }] });
  });
});
