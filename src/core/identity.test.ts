import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { aSpec, aTrigger, UID } from "../../test/support/builders.ts";
import type { FlinkJobSpec } from "../api/flinkjob.ts";
import { perJob } from "../api/per-job.ts";
import { jobIdOf, jobIdPrefix, runHash, wantedTriggerId } from "./identity.ts";

const half = (text: string) =>
  createHash("sha256").update(text, "utf8").digest().subarray(0, 8).toString("hex");

describe("JobID", () => {
  test("is 8 bytes of the uid's SHA-256 and 8 of the trigger's and attempt's", () => {
    expect(jobIdOf(UID, "g1", 1)).toBe(half(UID) + half("g1/1"));
    expect(jobIdOf(UID, "release-7", 12)).toBe(half(UID) + half("release-7/12"));
  });

  test("never changes between versions: a job that runs must be recognised after an upgrade", () => {
    expect(jobIdOf(UID, "g1", 1)).toBe("01d806707bf89cf32347712e701c9f9a");
  });

  test("begins with the FlinkJob's prefix", () => {
    for (const [id, attempt] of [
      ["g1", 1],
      ["g1", 2],
      ["a", 1],
    ] as const) {
      expect(jobIdOf(UID, id, attempt).slice(0, 16)).toBe(jobIdPrefix(UID));
    }
  });

  test("differs between triggers, attempts and objects", () => {
    const ids = [
      ["g1", 1],
      ["g1", 11],
      ["g11", 1],
      ["g2", 1],
    ].map(([id, n]) => jobIdOf(UID, `${id}`, Number(n)));
    expect(new Set([...ids, jobIdOf("another", "g1", 1)]).size).toBe(5);
  });
});

describe("runHash", () => {
  test("never changes between versions: an upgrade of the operator must not run every job again", () => {
    expect(runHash(aSpec())).toBe("9e84dabf041e3150");
    const full = aSpec({
      cluster: { name: "lab" },
      jar: { uri: "http://repo/a.jar", sha256: "0".repeat(64) },
      args: ["--in", "x"],
      parallelism: 4,
      savepointPath: "s3://b/sp",
      allowNonRestoredState: true,
      claimMode: "CLAIM",
      flinkConfiguration: { b: 1, a: "x" },
    });
    expect(runHash(full)).toBe("e433491de1a9ab04");
  });

  test("of a spec without flinkConfigurationFrom is what it was before there was one", () => {
    expect(runHash(aSpec({ flinkConfigurationFrom: [] }))).toBe("9e84dabf041e3150");
  });

  test("knows where values come from, and not whether they may be missing", () => {
    const hashOf = (flinkConfigurationFrom: FlinkJobSpec["flinkConfigurationFrom"]) =>
      runHash(aSpec({ flinkConfigurationFrom }));
    const lists: FlinkJobSpec["flinkConfigurationFrom"][] = [
      [],
      [{ secretRef: { name: "a" } }],
      [{ secretRef: { name: "b" } }],
      [{ configMapRef: { name: "a" } }],
      [{ option: "x", valueFrom: { secretKeyRef: { name: "a", key: "k" } } }],
      [{ option: "y", valueFrom: { secretKeyRef: { name: "a", key: "k" } } }],
      [{ option: "x", valueFrom: { secretKeyRef: { name: "a", key: "l" } } }],
      [{ option: "x", valueFrom: { configMapKeyRef: { name: "a", key: "k" } } }],
      [{ secretRef: { name: "a" } }, { secretRef: { name: "b" } }],
      [{ secretRef: { name: "b" } }, { secretRef: { name: "a" } }],
    ];
    expect(new Set(lists.map(hashOf)).size).toBe(lists.length);
    expect(hashOf([{ secretRef: { name: "a", optional: true } }])).toBe(
      hashOf([{ secretRef: { name: "a" } }]),
    );
  });

  test.each([
    ["the cluster", { cluster: { url: "http://b.flink:8081" } }],
    ["the JAR", { jar: { id: "other.jar" } }],
    ["the JAR's sum", { jar: { uri: "http://repo/a.jar", sha256: "1".repeat(64) } }],
    ["the class", { entryClass: "shop.Other" }],
    ["an argument", { args: ["x"] }],
    ["the parallelism", { parallelism: 2 }],
    ["the savepoint", { savepointPath: "s3://b/sp" }],
    ["allowNonRestoredState", { allowNonRestoredState: true }],
    ["the claim mode", { claimMode: "CLAIM" as const }],
    ["an option", { flinkConfiguration: { "pipeline.name": "x" } }],
  ])("%s is part of what the job is", (_, patch) => {
    expect(runHash(aSpec(patch))).not.toBe(runHash(aSpec()));
  });

  test.each([
    ["an empty list of arguments", { args: [] }],
    ["an empty configuration", { flinkConfiguration: {} }],
    ["a default that is spelled out", { allowNonRestoredState: false }],
    ["the trigger", { trigger: { id: "x" } }],
    ["policies", { lostPolicy: "Resubmit" as const, deletionPolicy: "Orphan" as const }],
    ["bounds", { submission: { maxAttempts: 1, timeout: "1s" }, ttlSecondsAfterFinished: 1 }],
  ])("%s changes nothing", (_, patch) => {
    expect(runHash(aSpec(patch))).toBe(runHash(aSpec()));
  });

  test("what stays of a cluster of its own, and for how long, changes nothing", () => {
    const of = (more: object, storage: object = {}) =>
      runHash(
        aSpec({
          cluster: {
            perJob: perJob.parse({
              flinkVersion: "2.3",
              image: "flink:2.3",
              storage: { claimName: "flink", ...storage },
              ...more,
            }),
          },
        }),
      );
    expect(of({ keepClusterFor: "1h" }, { keep: "Everything" })).toBe(of({}));
    expect(of({}, { claimName: "other" })).not.toBe(of({}));
  });

  test("the order of options does not matter, that of arguments does", () => {
    const options = (flinkConfiguration: Record<string, string>) => runHash(aSpec({ flinkConfiguration }));
    expect(options({ a: "1", b: "2" })).toBe(options({ b: "2", a: "1" }));
    expect(runHash(aSpec({ args: ["a", "b"] }))).not.toBe(runHash(aSpec({ args: ["b", "a"] })));
    expect(runHash(aSpec({ args: ["a b"] }))).not.toBe(runHash(aSpec({ args: ["a", "b"] })));
  });
});

describe("wantedTriggerId", () => {
  const one = aSpec();
  const two = aSpec({ entryClass: "shop.Two" });
  const own = (id: string, spec = one) => ({ ...spec, trigger: { id } });
  const newest = (id: string, spec = one) => aTrigger({ id, spec }).build();

  test.each([
    ["the first of a spec without an ID", one, 3, undefined, "g3"],
    ["the first of a spec with one", own("a"), 3, undefined, "a"],
    ["the same job again", one, 4, newest("g3"), undefined],
    ["another job", two, 4, newest("g3"), "g4"],
    ["the same ID again", own("a"), 4, newest("a"), undefined],
    ["another ID", own("b"), 4, newest("a"), "b"],
    ["another ID and another job", own("b", two), 4, newest("a"), "b"],
    ["the same ID with another job", own("a", two), 4, newest("a"), "a.g4"],
    ["and nothing after that", own("a", two), 5, newest("a.g4", two), undefined],
    ["and the first job again", own("a"), 6, newest("a.g4", two), "a.g6"],
    ["an ID where there was none", own("a"), 2, newest("g1"), "a"],
    ["the ID taken away", one, 5, newest("a"), undefined],
    ["the ID taken away and another job", two, 5, newest("a"), "g5"],
    ["the same generation hashed in another way", two, 3, newest("g3"), undefined],
    ["an ID that is the beginning of another", own("a"), 5, newest("a.golf"), "a"],
  ])("%s", (_, spec, generation, trigger, want) => {
    expect(wantedTriggerId(spec, generation, trigger)).toBe(want);
  });
});
