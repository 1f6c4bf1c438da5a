import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type Image, image, type Layer } from "./image.ts";

let cache: string;
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), "images-"));
  vi.stubEnv("XDG_CACHE_HOME", cache);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(cache, { recursive: true });
});

let filled: string[] = [];
beforeEach(() => {
  filled = [];
});
const layer = (name: string, text = name): Layer => ({
  name,
  inputs: [text],
  fill: async (root) => {
    filled.push(name);
    await writeFile(join(root, name), text);
  },
});
const configuration = { entrypoint: ["/start"], environment: ["A=b"], user: "9999:9999" };

async function blob({ layout }: Image, digest: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(layout, "blobs/sha256", digest.replace("sha256:", "")), "utf8"));
}

async function manifest(of: Image) {
  const index = JSON.parse(await readFile(join(of.layout, "index.json"), "utf8"));
  const { config, layers } = await blob(of, index.manifests[0].digest);
  return {
    name: index.manifests[0].annotations["io.containerd.image.name"] as string,
    config: await blob(of, (config as { digest: string }).digest),
    layers: layers as { digest: string; size: number }[],
  };
}

it("is a layout whose parts refer to each other by what they contain", async () => {
  const made = await image("thing", "1", [layer("a"), layer("b")], configuration);
  expect(made.name).toMatch(/^flinkjob\.local\/thing:1-[0-9a-f]{12}$/);
  const { name, config, layers } = await manifest(made);
  expect(name).toBe(made.name);
  expect(config).toMatchObject({
    os: "linux",
    config: { User: "9999:9999", Env: ["A=b"], Entrypoint: ["/start"], WorkingDir: "/" },
    rootfs: { diff_ids: layers.map(({ digest }) => digest) },
  });
  for (const { digest, size } of layers) {
    const file = join(made.layout, "blobs/sha256", digest.replace("sha256:", ""));
    expect((await stat(file)).size).toBe(size);
  }
  expect(await readdir(made.layout)).toEqual(["blobs", "index.json", "oci-layout"]);
});

it("is made once, and its layers once for all images that have them", async () => {
  const first = await image("one", "1", [layer("a"), layer("b")], configuration);
  expect(await image("one", "1", [layer("a"), layer("b")], configuration)).toEqual(first);
  const second = await image("two", "1", [layer("a"), layer("c")], configuration);
  expect(filled).toEqual(["a", "b", "c"]);
  const [[shared], [same]] = [(await manifest(first)).layers, (await manifest(second)).layers];
  expect(same).toEqual(shared);
  const path = `blobs/sha256/${shared!.digest.replace("sha256:", "")}`;
  const [one, two] = [await stat(join(first.layout, path)), await stat(join(second.layout, path))];
  expect(two.ino).toBe(one.ino);
});

it("has another name with other files, or another start", async () => {
  const names = [
    await image("thing", "1", [layer("a")], configuration),
    await image("thing", "1", [layer("a", "other")], configuration),
    await image("thing", "1", [layer("a")], { ...configuration, user: "0:0" }),
  ].map(({ name }) => name);
  expect(new Set(names).size).toBe(3);
});

it("has the same bytes wherever and whenever it is made", async () => {
  const before = (await manifest(await image("thing", "1", [layer("a")], configuration))).layers;
  vi.stubEnv("XDG_CACHE_HOME", join(cache, "elsewhere"));
  const after = (await manifest(await image("thing", "1", [layer("a")], configuration))).layers;
  expect(after).toEqual(before);
  expect(existsSync(join(cache, "elsewhere"))).toBe(true);
});
