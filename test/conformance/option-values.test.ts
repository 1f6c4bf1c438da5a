import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { optionsClassPath } from "../../dev/options/class-path.ts";
import { runOnFlink } from "../../dev/options/read.ts";
import { optionsReleases } from "../../dev/options/releases.ts";
import type { OptionType } from "../../src/core/configuration/catalogue.ts";
import { problemWith } from "../../src/core/configuration/values.ts";

// What we refuse before submission, Flink must refuse too: thousands of texts, read by Flink's own classes.

const scalars = ["Integer", "Long", "Float", "Double", "Boolean", "Duration", "MemorySize", "Enum"];
const types = [...scalars, "String", "Map", "List<String>", "List<Enum>"];
/** Of RuntimeExecutionMode, which stands for every enumeration. */
const values = ["STREAMING", "BATCH", "AUTOMATIC"];

const byHand = [
  ...[
    "",
    " ",
    "0",
    "1",
    "-1",
    "+1",
    " 1",
    "1 ",
    "007",
    "1_000",
    "1.5",
    "1e3",
    "1f",
    "1d",
    ".5",
    "5.",
    "0x1p3",
    "0x1",
  ],
  ...["2147483647", "2147483648", "-2147483648", "-2147483649", "9223372036854775807", "9223372036854775808"],
  ...["NaN", "nan", "Infinity", "-Infinity", "inf", "true", "TRUE", "True", " true", "yes", "null", "~", "١"],
  ...[
    "1 s",
    "1s",
    "1 S",
    "10 min",
    "10 mins",
    "1 m",
    "1 d",
    "1 days",
    "1h",
    "1 hours",
    "1.5 s",
    "-1 s",
    "1 us",
    "1 µs",
  ],
  ...[
    "1 ns",
    "1 week",
    "PT1S",
    "P1D",
    "1 sec",
    "1 secs",
    "5 milli",
    "106751991167300 d",
    "106751991168000000 d",
  ],
  ...[
    "9223372036854775807 ms",
    "9223372036854775807 s",
    "9223372036854775808 s",
    "1b",
    "1 kb",
    "1 KB",
    "1 mib",
    "1 byte",
  ],
  ...["8388607 t", "8388608 t", "1 tebibytes", "1 p", "BATCH", "batch", "Batch", " STREAMING", "STREAMING "],
  ...[
    "a:1",
    "a:1,b:2",
    "a",
    "a:",
    "a:1,",
    ":1",
    ",",
    "a:b:c",
    "'a:b':c",
    "a:1, b:2",
    "{a: 1}",
    "{}",
    "[]",
    "a: 1",
  ],
  ...[
    "[a]",
    "[a, b]",
    "a;b",
    "'a;b'",
    "a;'b",
    "batch;streaming",
    "BATCH;x",
    "BATCH; STREAMING",
    ";",
    "[BATCH]",
    "- a",
  ],
];
const pieces = [
  ..."0123456789 .+-eE:;,'{}[]abdghikmnorstuyMBKG\tµ\"",
  "min",
  "sec",
  "day",
  "true",
  "BATCH",
  "kb",
];
const soup = fc.array(fc.constantFrom(...pieces), { maxLength: 6 }).map((parts) => parts.join(""));
const texts = [...new Set([...byHand, ...fc.sample(soup, { numRuns: 2_000, seed: 1 })])];
const questions = types.flatMap((type) => texts.map((text) => ({ type, text })));

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "option-values-"));
});
afterAll(() => rm(dir, { recursive: true }));

const releases = optionsReleases.filter(({ minor }) => minor === "1.20" || minor === "2.3");
describe.each(releases)("values as Flink $minor reads them", (release) => {
  const answers = new Map<string, boolean>();
  const name = (type: string, text: string) => `${type} ${JSON.stringify(text)}`;
  const refused = (type: string, text: string) => problemWith(optionOf(type), text) !== undefined;

  beforeAll(async () => {
    const file = join(dir, release.minor);
    const line = ({ type, text }: (typeof questions)[number]) =>
      `${type} ${Buffer.from(text).toString("base64")}\n`;
    await writeFile(file, questions.map(line).join(""));
    const lines: string[] = [];
    await runOnFlink("Reading values", await optionsClassPath(release), "ReadValues", [file], (each) => {
      if (each === "ok" || each === "refused") lines.push(each);
    });
    expect(lines).toHaveLength(questions.length);
    questions.forEach(({ type, text }, index) => {
      answers.set(name(type, text), lines[index] === "ok");
    });
  });

  test("nothing is refused that Flink accepts", () => {
    const wrong = questions.filter(({ type, text }) => answers.get(name(type, text)) && refused(type, text));
    expect(wrong.map(({ type, text }) => name(type, text))).toEqual([]);
  });

  test.each(scalars)("a value of type %s that Flink refuses is refused before", (type) => {
    const missed = texts.filter((text) => !answers.get(name(type, text)) && !refused(type, text));
    // Newer versions read these, and the oldest one that does not says so itself.
    const generous =
      type === "Duration" ? (text: string) => /^P|^9223372036854775808/.test(text) : () => false;
    expect(missed.filter((text) => !generous(text))).toEqual([]);
  });
});

function optionOf(type: string) {
  const element = /^List<(.*)>$/.exec(type)?.[1];
  const option = { key: "k", scope: "job" as const, default: "", aliases: [], description: "" };
  return { ...option, type: (element ?? type) as OptionType, list: element !== undefined, values };
}
