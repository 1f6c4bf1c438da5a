import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Confidential, withoutValues } from "./confidential.ts";

test("a confidential text shows itself to nobody who does not ask for it", () => {
  const secret = new Confidential("hunter2");
  expect(`${secret} ${JSON.stringify({ secret })} ${inspect(secret)} ${Object.values(secret)}`).not.toContain(
    "hunter2",
  );
  expect(secret.reveal()).toBe("hunter2");
});

describe("a message without the values", () => {
  test.each([
    [
      "as it is",
      "Could not parse value 'hunter2' for key 'a'.",
      ["hunter2"],
      "Could not parse value '[hidden]' for key 'a'.",
    ],
    ["in another case", "no such class: HUNTER2", ["hunter2"], "no such class: [hidden]"],
    ["without its line end", "bad password hunter2", ["hunter2\n"], "bad password [hidden]"],
    ["a line of it", "bad line: user=x-ray;", ["user=x-ray;\npass=hunter2"], "bad line: [hidden]"],
    ["the longer of two", "abcdefgh", ["abcd", "abcdefgh"], "[hidden]"],
    ["with letters that mean something to a pattern", "got a.b(c]$", ["a.b(c]$"], "got [hidden]"],
    ["a short one where it stands alone", "'10' is not 100 or 310", ["10"], "'[hidden]' is not 100 or 310"],
    ["cut off at the end", "bad password hunt…", ["hunter2"], "bad password [hidden]…"],
    ["nothing to hide", "all is well", [""], "all is well"],
    ["other values", "all is well", ["hunter2"], "all is well"],
  ])("%s", (_how, message, values, want) => {
    expect(withoutValues(message, values)).toBe(want);
  });

  test("whatever value of some length, wherever the message is cut", () => {
    const value = fc
      .string({ minLength: 4, maxLength: 40, unit: "grapheme" })
      .filter((text) => text.trim().length >= 4);
    fc.assert(
      fc.property(value, fc.string(), fc.string(), fc.nat(60), (secret, before, after, at) => {
        const whole = withoutValues(`${before}${secret}${after}`, [secret]);
        // It may stand in what is around it as well, and in the word that takes its place.
        fc.pre(!"[hidden]".includes(secret.toLowerCase()) && !whole.includes("[hidden][hidden]"));
        expect(whole.replaceAll("[hidden]", "\u0000").includes(secret)).toBe(false);
        const cut = `${before}${secret}`.slice(0, before.length + 4 + (at % Math.max(1, secret.length - 4)));
        expect(withoutValues(`${cut}…`, [secret]).replaceAll("[hidden]", "\u0000")).not.toContain(
          secret.trimEnd().slice(0, cut.length - before.length),
        );
      }),
      { numRuns: 300 },
    );
  });
});
