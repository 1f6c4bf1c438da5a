import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { aCatalogue } from "../../../test/support/option-catalogue.ts";
import { editDistance, suggestionFor } from "./suggestion.ts";

const options = aCatalogue().of("2.3.0");
if (!options) throw new Error("no options");

describe("the key that was meant", () => {
  test.each([
    ["execution.checkpointing.intervall", "execution.checkpointing.interval"],
    ["execution.chekpointing.interval", "execution.checkpointing.interval"],
    ["Execution.Checkpointing.Interval", "execution.checkpointing.interval"],
    [
      "execution.checkpointing.max_concurrent_checkpoints",
      "execution.checkpointing.max-concurrent-checkpoints",
    ],
    ["pipeline.objet-reuse", "pipeline.object-reuse"],
    ["checkpointing.interval", "execution.checkpointing.interval"],
    ["state.checkpoint.dir", "execution.checkpointing.dir"],
    ["shop.threshold", undefined],
    ["a", undefined],
    ["", undefined],
    [`${"x".repeat(300)}`, undefined],
  ])("%s: %s", (key, want) => {
    expect(suggestionFor(key, options)).toBe(want);
  });

  test("an ending that several keys have names none of them", () => {
    expect(suggestionFor("address", options)).toBeUndefined();
  });
});

describe("edit distance", () => {
  test.each([
    ["", "", 0],
    ["dir", "dir", 0],
    ["dir", "dri", 1],
    ["dir", "di", 1],
    ["dir", "dirs", 1],
    ["dir", "dar", 1],
    ["kitten", "sitting", 3],
  ])("%s, %s: %i", (a, b, want) => {
    expect(editDistance(a, b, 5)).toBe(want);
  });

  test("the same in both directions, and none where it is larger than asked for", () => {
    const word = fc.string({ unit: fc.constantFrom("a", "b", "."), maxLength: 8 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        const distance = editDistance(a, b, 8);
        expect(editDistance(b, a, 8)).toBe(distance);
        expect(distance === 0).toBe(a === b);
        if (distance) expect(editDistance(a, b, distance - 1)).toBeUndefined();
      }),
    );
  });
});
