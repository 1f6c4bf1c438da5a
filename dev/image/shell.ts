import { execFile } from "node:child_process";
import { chmod, copyFile, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Progress } from "../machine/cache.ts";
import { ensureNodePackages } from "../node/packages.ts";
import { type Image, image, type Layer } from "./image.ts";

const run = promisify(execFile);
/** Debian's busybox-static: it needs no library. */
const busybox = "/usr/bin/busybox";

/** Accounts of the files that stand for a user in each of our images with a shell. */
const accounts = {
  passwd:
    "root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\nflink:x:9999:9999:flink:/opt/flink:/bin/sh\n",
  group: "root:x:0:\nnobody:x:65534:\nflink:x:9999:\n",
  // Without it, the C library would not look into the /etc/hosts that Kubernetes writes.
  "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
};

/** A shell with the usual small tools, a few accounts, and /tmp. */
export async function shellLayer(progress: Progress): Promise<Layer> {
  await ensureNodePackages(progress);
  return {
    name: "shell",
    inputs: [await readFile(busybox), JSON.stringify(accounts)],
    fill: async (root) => {
      for (const dir of ["bin", "etc", "usr/bin", "usr/sbin", "sbin", "proc", "sys", "dev", "run", "var"])
        await mkdir(join(root, dir), { recursive: true });
      await mkdir(join(root, "tmp"));
      await chmod(join(root, "tmp"), 0o1777);
      await copyFile(busybox, join(root, "bin/busybox"));
      await chmod(join(root, "bin/busybox"), 0o755);
      const { stdout } = await run(busybox, ["--list"]);
      for (const tool of stdout.trim().split("\n"))
        if (tool !== "busybox") await symlink("busybox", join(root, "bin", tool));
      for (const [name, text] of Object.entries(accounts)) await writeFile(join(root, "etc", name), text);
    },
  };
}

/** A shell, for pods that only have to be there. */
export async function shellImage(progress: Progress): Promise<Image> {
  return image("shell", "1", [await shellLayer(progress)], { entrypoint: ["/bin/sh"], user: "0:0" });
}

/** Of a pod's first container, which holds the pod's network and does nothing else. */
export async function pauseImage(progress: Progress): Promise<Image> {
  return image("pause", "1", [await shellLayer(progress)], {
    entrypoint: ["/bin/sleep", "2147483647"],
    user: "65534:65534",
  });
}
