import { execFile, spawn } from "node:child_process";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { KubeError } from "../kube/errors.ts";
import { withLock } from "../machine/lock.ts";
import { end, identify, type ProcessIdentity } from "../machine/process.ts";
import { addressesOf, freeSlot, isFree, type NodeAddresses, type Route } from "./addresses.ts";

const run = promisify(execFile);
const script = join(import.meta.dirname, "init.sh");
/** Inside, these are replaced: a directory below them would not be seen. */
const hidden = ["/run/", "/var/run/", "/var/lib/", "/var/log/", "/proc/"];

/** Where a node lives: processes, mounts and networks apart from those of the host. */
export interface Namespaces {
  readonly addresses: NodeAddresses;
  /** Their first process: with its end all others in them end, and nothing stays. */
  readonly init: ProcessIdentity;
}

/**
 * Opens namespaces whose `state` directory outlasts them, and links their network to the host's. With a `slot` in those
 * networks or not at all. Throws KubeError.
 */
export async function openNamespaces(options: {
  readonly state: string;
  readonly slot?: number;
  readonly owner?: ProcessIdentity;
}): Promise<Namespaces> {
  const { state, slot, owner } = options;
  if (hidden.some((folder) => state.startsWith(folder)))
    throw new KubeError("KUBE_OPTIONS", `A node cannot be in ${state}: not below ${hidden.join(", ")}`);
  await mkdir(state, { recursive: true, mode: 0o700 });
  const init = await spawnInit(state, owner);
  try {
    // Two that start at the same time would take the same networks.
    const addresses = await withLock("node-networks", () => linkNetworks(init, slot));
    return { addresses, init };
  } catch (error) {
    await end(init, "SIGKILL", 0);
    throw error;
  }
}

/** What to put before a command that is to run in them; `network` alone leaves files and process numbers as outside. */
export function entering({ init }: Pick<Namespaces, "init">, what: "all" | "network"): string[] {
  const target = `--target=${init.pid}`;
  return what === "network"
    ? ["nsenter", target, "--net", "--"]
    : ["nsenter", target, "--mount", "--net", "--pid", "--"];
}

/** The path outside of a file that only they have. */
export function seenFromOutside({ init }: Pick<Namespaces, "init">, path: string): string {
  return join(`/proc/${init.pid}/root`, path);
}

async function spawnInit(state: string, owner: ProcessIdentity | undefined): Promise<ProcessIdentity> {
  const args = [
    ...["--mount", "--net", "--pid", "--fork", "--kill-child", "sh", script, state],
    ...(owner === undefined ? [] : [String(owner.pid), String(owner.startTicks)]),
  ];
  const child = spawn("unshare", args, { detached: true, stdio: ["ignore", "pipe", "pipe"] });
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint += text;
  });
  await new Promise<void>((resolve, reject) => {
    const fail = (cause: unknown) =>
      reject(new KubeError("KUBE_START", `No namespaces for a node: ${complaint || cause}`, { cause }));
    child.once("error", fail);
    child.once("close", (code) => fail(`unshare ended with ${code}`));
    createInterface({ input: child.stdout }).once("line", (line) => {
      if (line === "ready") resolve();
    });
  });
  child.removeAllListeners("close");
  child.stdout.destroy();
  child.stderr.destroy();
  child.unref();
  const children = await readFile(`/proc/${child.pid}/task/${child.pid}/children`, "latin1");
  const init = identify(Number(children));
  if (init === undefined) throw new KubeError("KUBE_START", "A node's first process ended at once");
  return init;
}

async function linkNetworks(init: ProcessIdentity, wanted: number | undefined): Promise<NodeAddresses> {
  const { stdout } = await run("ip", ["-json", "-4", "route", "show", "table", "all"]);
  const routes = (JSON.parse(stdout) as Route[]).filter(({ dst }) => /^(default|[\d./]+)$/.test(dst));
  const slot = wanted ?? freeSlot(routes);
  if (slot === undefined) throw new KubeError("KUBE_START", "No networks are left for one more node");
  const addresses = addressesOf(slot);
  const { device, host, node, pods, services } = addresses;
  if (!isFree(slot, routes))
    throw new KubeError(
      "KUBE_START",
      `The networks of this node (${pods}, ${services}) are in use by another: start a new one elsewhere`,
    );
  await batch(
    ["ip"],
    `link add ${device} type veth peer name eth0 netns ${init.pid}`,
    `address add ${host}/30 dev ${device}`,
    `link set ${device} up`,
  );
  await batch(
    [...entering({ init }, "network"), "ip"],
    "link set lo up",
    `address add ${node}/30 dev eth0`,
    "link set eth0 up",
    `route add default via ${host}`,
  );
  await batch(["ip"], `route add ${pods} via ${node}`, `route add ${services} via ${node}`);
  return addresses;
}

async function batch(command: readonly string[], ...lines: string[]): Promise<void> {
  const [first = "ip", ...args] = command;
  const running = run(first, [...args, "-batch", "-"]);
  running.child.stdin?.end(`${lines.join("\n")}\n`);
  await running;
}
