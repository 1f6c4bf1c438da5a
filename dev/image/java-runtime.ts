import { execFile } from "node:child_process";
import { copyFile, mkdir, readdir, realpath, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { javaKey, jdkTool, runTool } from "../flink/java.ts";
import type { Progress } from "../machine/cache.ts";
import { librariesOf } from "./archive.ts";
import type { Layer } from "./image.ts";

const run = promisify(execFile);

/** Where the official Flink images have it. */
export const javaHome = "/opt/java/openjdk";

/**
 * What Flink and its libraries load. Not obvious: TaskManagers need java.management.rmi; the loggers ask java.desktop for
 * JavaBeans, of which the parts for screens are left out below.
 */
const modules = [
  "java.base,java.compiler,java.desktop,java.instrument,java.logging,java.management,java.management.rmi,java.naming",
  "java.rmi,java.scripting,java.security.jgss,java.security.sasl,java.sql,java.xml",
  "jdk.attach,jdk.crypto.ec,jdk.jcmd,jdk.management,jdk.unsupported,jdk.zipfs",
].join(",");
const ofScreens =
  /^lib(awt_xawt|fontmanager|freetype|harfbuzz|jawt|javajpeg|lcms|mlib_image|splashscreen)\.so$/;

/** A Java runtime of this machine's JDK, with the libraries that it is linked to. */
export async function javaLayer(progress: Progress): Promise<Layer> {
  return {
    name: "java",
    inputs: [await javaKey(), modules, String(ofScreens)],
    fill: async (root) => {
      progress("Linking a Java runtime for images (usually 10 s, only once) ...");
      const home = join(root, javaHome);
      await mkdir(dirname(home), { recursive: true });
      await runTool("Linking a Java runtime", jdkTool("jlink"), [
        ...["--strip-debug", "--no-header-files", "--no-man-pages"],
        ...["--add-modules", modules, "--output", home],
      ]);
      for (const name of await readdir(join(home, "lib")))
        if (ofScreens.test(name)) await rm(join(home, "lib", name));
      await rm(join(home, "legal"), { recursive: true, force: true });
      // Its classes ready to be mapped: saves each start a third of a second.
      await run(join(home, "bin/java"), ["-Xshare:dump"]);
      await copyLibraries([join(home, "bin/java"), ...(await sharedObjects(join(home, "lib")))], root, home);
    },
  };
}

/** Copies what programs are linked to, and is not part of them, to the same places below `root`. */
export async function copyLibraries(programs: readonly string[], root: string, own?: string): Promise<void> {
  for (const path of await librariesOf(programs)) {
    if (own !== undefined && path.startsWith(own)) continue;
    const target = join(root, path);
    await mkdir(dirname(target), { recursive: true });
    await copyFile(await realpath(path), target);
  }
}

async function sharedObjects(lib: string): Promise<string[]> {
  const names = await readdir(lib, { recursive: true });
  return names.filter((name) => name.endsWith(".so")).map((name) => join(lib, name));
}
