import fc from "fast-check";
import { expect, test } from "vitest";
import { aCatalogue } from "../../../test/support/option-catalogue.ts";
import { Confidential } from "./confidential.ts";
import { mergeConfiguration } from "./merge.ts";
import { eventOf, statusOf } from "./report.ts";

const names = [
  ...(aCatalogue().of("2.3.0")?.names() ?? []),
  ...[
    "parallelism",
    "savepointPath",
    "restoreMode",
    "programArgs",
    "entryClass",
    "kubernetes.x",
    "no.such.key",
  ],
  ...[
    "$internal.x",
    "pipeline.global-job-parameters.x",
    "__proto__",
    "constructor",
    "pipeline.nmae",
    "",
    ".",
  ],
];
const value = fc.oneof(
  fc.string(),
  fc.constantFrom("1", "10 s", "true", "CLAIM", "hunter2", "s3cr3t-value"),
  fc.integer(),
  fc.boolean(),
  fc.constant<[]>([]),
);
const map = fc
  .array(fc.tuple(fc.oneof(fc.constantFrom(...names), fc.string()), value), { maxLength: 12 })
  .map((entries) => Object.fromEntries(entries));
const own = fc.record(
  {
    parallelism: fc.integer({ min: 1, max: 9 }),
    savepointPath: fc.constantFrom("s3://a", "s3://b"),
    allowNonRestoredState: fc.boolean(),
    claimMode: fc.constantFrom("CLAIM", "NO_CLAIM"),
    entryClass: fc.constant("a.B"),
  },
  { requiredKeys: [] },
);
const release = fc.constantFrom("1.17.2", "1.20.5", "2.3.0", "2.9.0", "1.16.0");

test("whatever stands in the map", () => {
  fc.assert(
    fc.property(own, map, release, (fields, configuration, version) => {
      const merged = mergeConfiguration(fields, configuration, aCatalogue().of(version));
      // The spec's own fields stand as they are, and Flink never gets a second opinion on them.
      expect(merged.fields).toMatchObject(fields);
      for (const name of ["parallelism.default", "execution.savepoint.path", "savepointPath", "restoreMode"])
        expect(merged.configuration).not.toHaveProperty([name]);
      // Nothing internal leaves, and nothing is made up.
      for (const [key, text] of Object.entries(merged.configuration)) {
        expect(key.startsWith("$internal.")).toBe(false);
        const given = configuration[key];
        expect(text).toBe(Array.isArray(given) ? "" : String(given));
      }
      // What does not go out, neither as a field, is told.
      const told = new Set(
        [...merged.report.ignored, ...merged.report.overridden, ...merged.report.invalid].map(
          ({ key }) => key,
        ),
      );
      const silent = Object.keys(configuration).filter(
        (key) => !told.has(key) && !(key in merged.configuration),
      );
      for (const key of silent) expect(isFieldName(key), key).toBe(true);
      // Values stay out of the status.
      expect(JSON.stringify([statusOf(merged.report)])).not.toMatch(/hunter2|s3cr3t/);
    }),
    { numRuns: 500 },
  );
});

const key = fc.oneof(fc.constantFrom(...names), fc.string());
const sourced = fc.array(
  fc
    .record({ key, text: value.map(String), entry: fc.nat(2), isSecret: fc.boolean() })
    .map(({ text, ...option }) => ({ ...option, value: new Confidential(text) })),
  { maxLength: 8 },
);

test("whatever flinkConfigurationFrom brings", () => {
  fc.assert(
    fc.property(own, map, sourced, release, (fields, configuration, options, version) => {
      const catalogue = aCatalogue().of(version);
      const alone = mergeConfiguration(fields, configuration, catalogue);
      const merged = mergeConfiguration(fields, configuration, catalogue, options);
      // What the spec itself says stands, and says of itself what it said without it.
      expect(merged.fields).toMatchObject(alone.fields);
      expect(merged.configuration).toMatchObject(alone.configuration);
      expect(merged.report.ignored).toEqual(expect.arrayContaining(alone.report.ignored));
      expect(merged.report.invalid).toEqual(expect.arrayContaining(alone.report.invalid));
      // Nothing of it is lost without a word, and no value is told.
      const { ignored, overridden, layered, invalid } = merged.report;
      const told = new Set([...ignored, ...overridden, ...layered, ...invalid].map((entry) => entry.key));
      for (const option of options)
        if (!told.has(option.key) && !(option.key in merged.configuration))
          expect(isFieldName(option.key) || option.key in configuration, option.key).toBe(true);
      expect(JSON.stringify([statusOf(merged.report), eventOf(merged.report, undefined)])).not.toMatch(
        /hunter2|s3cr3t/,
      );
    }),
    { numRuns: 500 },
  );
});

function isFieldName(key: string): boolean {
  return /^(parallelism|entryClass|savepointPath|allowNonRestoredState|claimMode|restoreMode|execution\.(state-recovery|savepoint)|parallelism\.default)/.test(
    key,
  );
}
