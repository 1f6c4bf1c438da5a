import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { readKubeState } from "../../dev/kube/state.ts";

/** What is still there of a node that was started in `dir` and should be gone: processes, mounts, networks, control groups. */
export async function remainsOf(dir: string): Promise<string[]> {
  const node = (await readKubeState(dir))?.node;
  if (node === undefined) throw new Error(`${dir} never had a node`);
  const { device } = node.addresses;
  const [mounts, routes] = await Promise.all([
    readFile("/proc/self/mounts", "utf8"),
    readFile("/proc/net/route", "utf8"),
  ]);
  return [
    ...lines(mounts, (line) => line.includes(dir)).map((line) => `mount ${line}`),
    ...lines(routes, (line) => line.startsWith(`${device}\t`)).map((line) => `route ${line}`),
    ...(await readdir("/sys/class/net")).filter((name) => name === device).map((name) => `device ${name}`),
    ...(await groups(node.cgroup)).map((path) => `control group ${path}`),
    ...(await processes(dir, node.cgroup)),
  ];
}

function lines(text: string, wanted: (line: string) => boolean): string[] {
  return text.split("\n").filter(wanted);
}

/** Of version 2, or one in each hierarchy of version 1. */
async function groups(name: string): Promise<string[]> {
  const root = "/sys/fs/cgroup";
  const parents = [root, ...(await readdir(root)).map((entry) => join(root, entry))];
  return parents.map((parent) => join(parent, name)).filter(existsSync);
}

/** Those that name the directory, and those of its pods. */
async function processes(dir: string, cgroup: string): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const [command, group] = await Promise.all(
        ["cmdline", "cgroup"].map((file) => readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "")),
      );
      const ours = command!.includes(dir) || group!.includes(`/${cgroup}`);
      return ours ? [`process ${pid} ${command!.replaceAll("\0", " ")}`] : [];
    }),
  );
  return found.flat();
}
