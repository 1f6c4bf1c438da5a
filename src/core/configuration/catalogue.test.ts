import { describe, expect, test } from "vitest";
import { aCatalogue } from "../../../test/support/option-catalogue.ts";

const catalogue = aCatalogue();

test("versions, their patches, and what is no version", () => {
  expect(catalogue.of("1.20.5")?.version).toBe("1.20");
  expect(catalogue.of("2.3-SNAPSHOT")?.version).toBe("2.3");
  expect(catalogue.of("1.16.3")).toBeUndefined();
  expect(catalogue.of("2.1.0"), "a version between those of the table").toBeUndefined();
  expect(catalogue.of("unknown")).toBeUndefined();
});

test("a version newer than the table is looked at as the newest, and not known wholly", () => {
  const newer = catalogue.of("2.10.0");
  expect(newer?.version).toBe("2.10");
  expect(newer?.isComplete).toBe(false);
  expect(newer?.find("execution.checkpointing.dir")).toMatchObject({ as: "key", option: { scope: "job" } });
});

describe("find", () => {
  const in23 = (key: string) => {
    const found = catalogue.of("2.3.0")?.find(key);
    return found && [found.option.key, found.as];
  };
  test.each([
    ["execution.checkpointing.dir", ["execution.checkpointing.dir", "key"]],
    ["state.checkpoints.dir", ["execution.checkpointing.dir", "alias"]],
    ["pipeline.global-job-parameters.topic", ["pipeline.global-job-parameters", "entry"]],
    ["kubernetes.pod.name", ["kubernetes.*", "entry"]],
    ["rest.address", ["rest.address", "key"]],
    ["no.such.key", undefined],
    ["pipeline", undefined],
    ["constructor", undefined],
  ])("%s", (key, want) => {
    expect(in23(key)).toEqual(want);
  });

  test("an option is as its version has it", () => {
    const find = (release: string) => catalogue.of(release)?.find("state.backend.type")?.option.default;
    expect([find("1.17.2"), find("2.3.0")]).toEqual(["", "hashmap"]);
  });
});

test("which versions know a key, and what took its place", () => {
  expect(catalogue.versionsWith("state.checkpoints.dir")).toEqual(["1.17", "1.20", "2.3"]);
  expect(catalogue.versionsWith("execution.checkpointing.dir")).toEqual(["1.20", "2.3"]);
  expect(catalogue.versionsWith("no.such.key")).toEqual([]);
  expect(catalogue.successorsOf("state.checkpoints.dir")).toEqual(["execution.checkpointing.dir"]);
});

test("lists and their elements, enumerations and descriptions", () => {
  const option = (key: string) => catalogue.of("2.3.0")?.find(key)?.option;
  expect(option("execution.job-listeners")).toMatchObject({ type: "String", list: true });
  expect(option("execution.runtime-mode")).toMatchObject({
    type: "Enum",
    list: false,
    values: ["STREAMING", "BATCH", "AUTOMATIC"],
    default: "STREAMING",
    description: "How the job runs.",
  });
});
