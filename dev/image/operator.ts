import { execFile } from "node:child_process";
import { chmod, copyFile, mkdir, readFile, realpath, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Progress } from "../machine/cache.ts";
import { type Image, image, type Layer } from "./image.ts";
import { copyLibraries } from "./java-runtime.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));

/** The image of the operator and the gateway as they are now in `src`: the files, user and start of the Dockerfile. */
export async function operatorImage(progress: Progress): Promise<Image> {
  const node = await realpath(process.execPath);
  await run(process.execPath, [join(root, "dev/build.ts"), "image"]);
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { version: string };
  return image("operator", version, [nodeLayer(node, progress), await operatorLayer()], {
    entrypoint: ["/usr/bin/node", "/operator/operator.mjs"],
    environment: ["NODE_ENV=production", "MALLOC_ARENA_MAX=1"],
    user: "65532:65532",
  });
}

function nodeLayer(node: string, progress: Progress): Layer {
  return {
    name: "node",
    inputs: [process.version],
    fill: async (place) => {
      progress("Packing Node for the operator's image (only once) ...");
      await mkdir(join(place, "usr/bin"), { recursive: true });
      await copyFile(node, join(place, "usr/bin/node"));
      await chmod(join(place, "usr/bin/node"), 0o555);
      await copyLibraries([node], place);
    },
  };
}

/** Where the Dockerfile puts what files of dist, by their names there. */
export function placesOfPrograms(dockerfile: string): Record<string, string> {
  const lines = dockerfile.matchAll(/install -D -m 0444 dist\/(\S+) \/image\/(\S+?);/g);
  return Object.fromEntries([...lines].map(([, name, path]) => [name, path]));
}

async function operatorLayer(): Promise<Layer> {
  const places = Object.entries(placesOfPrograms(await readFile(join(root, "Dockerfile"), "utf8")));
  const contents = await Promise.all(places.map(([name]) => readFile(join(root, "dist", name))));
  return {
    name: "operator",
    inputs: [JSON.stringify(places), ...contents],
    fill: async (place) => {
      for (const [index, [, path]] of places.entries()) {
        await mkdir(dirname(join(place, path)), { recursive: true });
        await writeFile(join(place, path), contents[index]!, { mode: 0o444 });
      }
      await mkdir(join(place, "etc"));
      await writeFile(join(place, "etc/passwd"), "operator:x:65532:65532::/:/none\n");
      await writeFile(join(place, "etc/group"), "operator:x:65532:\n");
    },
  };
}
