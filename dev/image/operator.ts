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
/** What the Dockerfile puts beside the program. */
const files = ["operator.mjs", "operator.licenses.txt"];

/** The image of the operator as it is now in `src`: the same files, user and start as those of the Dockerfile. */
export async function operatorImage(progress: Progress): Promise<Image> {
  const node = await realpath(process.execPath);
  await run(process.execPath, [join(root, "dev/build.ts"), "operator"]);
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

async function operatorLayer(): Promise<Layer> {
  const contents = await Promise.all(files.map((name) => readFile(join(root, "dist", name))));
  return {
    name: "operator",
    inputs: contents,
    fill: async (place) => {
      for (const [index, name] of files.entries()) {
        const path = join(place, "operator", name);
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, contents[index]!, { mode: 0o444 });
      }
      await mkdir(join(place, "etc"));
      await writeFile(join(place, "etc/passwd"), "operator:x:65532:65532::/:/none\n");
      await writeFile(join(place, "etc/group"), "operator:x:65532:\n");
    },
  };
}
