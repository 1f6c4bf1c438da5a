import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { assembleOnce, cacheDirectory } from "./cache.ts";
import { digest } from "./digest.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "cache-"));
});
afterEach(() => rm(root, { recursive: true }));

describe("assembleOnce", () => {
  it("assembles once for all that want it at the same time", async () => {
    const directory = join(root, "thing");
    let assemblies = 0;
    let waiting = 0;
    const assembly = {
      directory,
      assemble: async (temporary: string) => {
        assemblies++;
        expect(existsSync(directory)).toBe(false);
        await writeFile(join(temporary, "content"), "complete");
      },
      onWait: () => waiting++,
    };
    await Promise.all([assembleOnce(assembly), assembleOnce(assembly), assembleOnce(assembly)]);
    expect({ assemblies, waiting }).toEqual({ assemblies: 1, waiting: 2 });
    expect(await readFile(join(directory, "content"), "utf8")).toBe("complete");
    expect(await readdir(root)).toEqual(["thing"]);
  });

  it("leaves nothing behind when it fails, and the next one tries again", async () => {
    const directory = join(root, "thing");
    const failing = async (temporary: string) => {
      await writeFile(join(temporary, "half"), "");
      throw new Error("no network");
    };
    await expect(assembleOnce({ directory, assemble: failing })).rejects.toThrow("no network");
    expect(await readdir(root)).toEqual([]);
    await assembleOnce({ directory, assemble: async () => {} });
    expect(await readdir(root)).toEqual(["thing"]);
  });
});

it("the cache is where XDG says", () => {
  expect(cacheDirectory({ XDG_CACHE_HOME: "/x" })).toBe("/x/flinkjob");
  expect(cacheDirectory({})).toMatch(/\/\.cache\/flinkjob$/);
});

it("a digest tells where one input ends and the next begins", () => {
  expect(digest("a", "bc")).not.toBe(digest("ab", "c"));
  expect(digest("a", "bc")).toMatch(/^[0-9a-f]{12}$/);
});
