import { describe, expect, it } from "vitest";
import { isAtLeast, releaseOf } from "./release.ts";

describe("releaseOf", () => {
  it.each([
    ["2.3", "2.3.0"],
    ["1.20", "1.20.5"],
    ["2.2.1", "2.2.1"],
  ])("%s is %s", (version, want) => expect(releaseOf(version)).toBe(want));

  it.each(["2", "2.9", "2.3.0-rc1", "latest", "../2.3.0", ""])("refuses %j", (version) =>
    expect(() => releaseOf(version)).toThrow("neither one of"),
  );
});

describe("isAtLeast", () => {
  it.each([
    ["2.3.0", "2.0", true],
    ["1.20.5", "1.20", true],
    ["1.20.5", "1.9", true],
    ["1.9.3", "1.20", false],
    ["1.20.5", "2.0", false],
    ["2.0.2", "1.20", true],
  ])("%s >= %s: %s", (release, minimum, want) => expect(isAtLeast(release, minimum)).toBe(want));
});
