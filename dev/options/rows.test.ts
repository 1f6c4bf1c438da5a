import { describe, expect, test } from "vitest";
import type { DeclaredOption } from "./declared-option.ts";
import { firstSentence, rowsOf } from "./rows.ts";

const flink = "org.apache.flink.";
const declared = (patch: Partial<DeclaredOption>): DeclaredOption => ({
  key: "execution.checkpointing.dir",
  owner: `${flink}configuration.CheckpointingOptions`,
  field: "DIR",
  type: "String",
  description: "Where.",
  ...patch,
});
const jobReader = `${flink}streaming.api.environment.CheckpointConfig`;
const rows = (...options: DeclaredOption[]) => rowsOf("2.3", options).filter(({ type }) => type !== "Any");

test("the row of an option", () => {
  const option = declared({
    type: "Enum",
    list: true,
    default: "A;B",
    values: ["A", "B"],
    fallbackKeys: ["f"],
    deprecatedKeys: ["state.checkpoints.dir"],
    readers: [jobReader],
  });
  expect(rows(option)).toEqual([
    {
      key: "execution.checkpointing.dir",
      scope: "job",
      type: "List<Enum>",
      default: "A;B",
      aliases: "f state.checkpoints.dir",
      values: "A B",
      description: "Where.",
    },
  ]);
});

test("of a key that two classes declare, the declaration in use and the readers of both", () => {
  const old = declared({
    owner: `${flink}streaming.Old`,
    deprecated: true,
    default: "old",
    readers: [jobReader],
  });
  const today = declared({ default: "new" });
  for (const both of [
    [old, today],
    [today, old],
  ])
    expect(rows(...both)).toMatchObject([{ default: "new", scope: "job" }]);
});

test("a former name that is still declared is a name, not an option", () => {
  const old = declared({ key: "state.checkpoints.dir" });
  const today = declared({ deprecatedKeys: ["state.checkpoints.dir"] });
  expect(rows(old, today).map(({ key }) => key)).toEqual(["execution.checkpointing.dir"]);
});

test.each([
  declared({ owner: `${flink}table.factories.FactoryUtil`, key: "sink.parallelism" }),
  declared({ owner: `${flink}streaming.api.graph.StreamConfig`, key: "chainIndex" }),
  declared({ key: "factory.class" }),
  declared({ key: "external-resource.<resource_name>.amount" }),
  declared({ key: "scope.delimiter", prefix: "metrics.reporter.<name>" }),
])("$key of $owner is no key of Flink's configuration", (option) => {
  expect(rows(option)).toEqual([]);
});

test("families come and go with versions", () => {
  const prefixes = (minor: string) => rowsOf(minor, []).map(({ key }) => key);
  expect(prefixes("2.3")).toContain("traces.reporter.*");
  expect(prefixes("1.17")).not.toContain("traces.reporter.*");
  expect(prefixes("1.19")).toContain("traces.reporter.*");
});

describe("the first sentence of a description", () => {
  test.each([
    ["", ""],
    ["The <code>name</code> of\n this one job. More.", "The name of this one job."],
    ["Such as &lt;a&gt; &amp; &quot;b&quot;", 'Such as <a> & "b"'],
    ["Versions 1.17 and 2.0 are meant. Others are not.", "Versions 1.17 and 2.0 are meant."],
    [`${"word ".repeat(50)}end.`, `${"word ".repeat(32).trimEnd()} ...`],
  ])("%j: %j", (html, want) => {
    expect(firstSentence(html)).toBe(want);
  });
});
