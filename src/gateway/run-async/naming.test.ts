import fc from "fast-check";
import { expect, test } from "vitest";
import { NAME_PATTERN, TRIGGER_ID_PATTERN } from "../../api/flinkjob.ts";
import { flinkJobName } from "./naming.ts";

test("a name is readable, and the same for the same submission", () => {
  expect(flinkJobName("main", "Nightly.2026-11-26")).toBe("main-nightly-2026-11-26-cab0294f");
  expect(flinkJobName("main", "0123456789abcdef0123456789abcdef")).toMatch(
    /^main-0123456789abcdef0123456789abcdef-[0-9a-f]{8}$/,
  );
});

test("what differs only by case, by signs or by where the cluster's name ends differs", () => {
  const names = [
    flinkJobName("main", "a.b"),
    flinkJobName("main", "a-b"),
    flinkJobName("main", "A-b"),
    flinkJobName("main-a", "b"),
  ];
  expect(new Set(names).size).toBe(4);
});

test("every name is one that Kubernetes takes, as a label value too", () => {
  const cluster = fc.stringMatching(new RegExp(NAME_PATTERN)).filter(({ length }) => length <= 253);
  const trigger = fc.stringMatching(new RegExp(TRIGGER_ID_PATTERN)).filter(({ length }) => length <= 63);
  fc.assert(
    fc.property(cluster, trigger, (name, id) => {
      expect(flinkJobName(name, id)).toMatch(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
    }),
  );
});
