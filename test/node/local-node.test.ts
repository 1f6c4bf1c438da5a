import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { shellImage } from "../../dev/image/shell.ts";
import { type KubeInstance, startKube, stopKube } from "../../dev/kube/cluster.ts";
import { disposableDirectory } from "../../dev/machine/instances.ts";
import { identify, isRunning } from "../../dev/machine/process.ts";
import { eventually } from "../support/eventually.ts";
import { remainsOf } from "../support/node-remains.ts";

// The local node is what the tests with pods stand on: here it is tested itself, beside the run's own.

const run = promisify(execFile);
const namespace = "default";
let dir: string;
let kube: KubeInstance;
let image: string;

beforeAll(async () => {
  dir = await disposableDirectory("node-test");
  const shell = await shellImage(() => {});
  image = shell.name;
  kube = await startKube({ dir, node: { images: [shell] }, ownerPid: process.pid });
});

afterAll(async () => {
  await kube.stop();
  await rm(dir, { recursive: true });
});

async function kubectl(args: readonly string[], input?: object): Promise<string> {
  const [command = "kubectl", ...prefix] = kube.kubectl;
  const all = [...prefix, `--kubeconfig=${kube.kubeconfig}`, `--namespace=${namespace}`, ...args];
  const running = run(command, all);
  running.child.stdin?.end(input && JSON.stringify(input));
  return (await running).stdout;
}

/** A web server of one file that says who it is. */
function web(name: string): object {
  const labels = { app: name };
  return {
    apiVersion: "v1",
    kind: "List",
    items: [
      {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name, labels },
        spec: {
          terminationGracePeriodSeconds: 0,
          containers: [
            {
              name: "web",
              image,
              command: [
                "sh",
                "-c",
                "mkdir /tmp/www && hostname >/tmp/www/name && httpd -f -p 8080 -h /tmp/www",
              ],
              readinessProbe: { httpGet: { path: "/name", port: 8080 }, periodSeconds: 1 },
              volumeMounts: [{ name: "shared", mountPath: "/shared" }],
            },
          ],
          volumes: [{ name: "shared", hostPath: { path: kube.node!.shared } }],
        },
      },
      {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name },
        spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
      },
    ],
  };
}

const field = (kind: string, name: string, path: string) =>
  kubectl(["get", kind, name, `--output=jsonpath={${path}}`]);
const inPod = (...command: string[]) => kubectl(["exec", "web", "--", ...command]);
const text = async (url: string) =>
  (await fetch(url, { signal: AbortSignal.timeout(1_000) })).text().then((said) => said.trim());

test("runs a pod that answers, by its address and its Service's, here and in pods", async () => {
  await kubectl(["apply", "-f", "-"], web("web"));
  await kubectl(["wait", "pod/web", "--for=condition=Ready", "--timeout=30s"]);
  const [pod, service] = [
    await field("pod", "web", ".status.podIP"),
    await field("service", "web", ".spec.clusterIP"),
  ];
  expect(pod).toMatch(/^10\.214\./);
  expect(await text(`http://${pod}:8080/name`)).toBe("web");
  await eventually(async () => (await text(`http://${service}/name`)) === "web");
  // Its own Service, which leads back to itself.
  await eventually(async () => (await inPod("wget", "-qO-", `http://${service}/name`)).trim() === "web");
});

test("resolves the names of Services in pods, and no others", async () => {
  const service = await field("service", "web", ".spec.clusterIP");
  expect(await inPod("nslookup", "-type=a", "web.default.svc.cluster.local")).toContain(service);
  await expect(inPod("nslookup", "-type=a", "example.org")).rejects.toThrow("exit code 1");
  // The C library looks further by these.
  expect(await inPod("cat", "/etc/resolv.conf")).toContain(
    "search default.svc.cluster.local svc.cluster.local",
  );
});

test("lets pods reach this machine, by the host's address on their network", async () => {
  const server = createServer((_, reply) => reply.end("the host"));
  server.listen(0, kube.node!.addresses.host);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  expect(await inPod("wget", "-qO-", `http://${kube.node!.addresses.host}:${port}`)).toBe("the host");
  server.close();
});

test("shares a directory with pods, and keeps their logs", async () => {
  await inPod("sh", "-c", "echo from the pod >/shared/note");
  expect(await readFile(join(kube.node!.shared, "note"), "utf8")).toBe("from the pod\n");
  expect(existsSync(join(dir, "node/log/pods"))).toBe(true);
});

test("keeps its pods while the API server restarts", async () => {
  const started = await field("pod", "web", ".status.startTime");
  const pod = await field("pod", "web", ".status.podIP");
  await kube.kill("SIGKILL");
  expect(await text(`http://${pod}:8080/name`)).toBe("web");
  await kube.restart();
  expect(await field("pod", "web", ".status.startTime")).toBe(started);
  expect(await text(`http://${pod}:8080/name`)).toBe("web");
});

test("has networks of its own, beside the run's node", async () => {
  const other = await startKube({ dir: inject("kubeDir") });
  expect(other.node!.addresses.slot).not.toBe(kube.node!.addresses.slot);
});

test("stopped, nothing of it is left; started again, its pods come back", async () => {
  const { addresses } = kube.node!;
  expect(await stopKube(dir)).toBe(true);
  expect(await remainsOf(dir)).toEqual([]);
  kube = await startKube({ dir, node: { images: [] }, ownerPid: process.pid });
  expect(kube.node!.addresses).toEqual(addresses);
  await eventually(
    async () => (await text(`http://${await field("pod", "web", ".status.podIP")}:8080/name`)) === "web",
    60_000,
  );
});

test("ends with its owner, and the next start clears the rest away", async () => {
  const owner = spawn("sleep", ["600"], { stdio: "ignore" });
  await once(owner, "spawn");
  const other = await disposableDirectory("node-test");
  await mkdir(other, { recursive: true });
  const second = await startKube({ dir: other, node: { images: [] }, ownerPid: owner.pid! });
  const processes = second.pids.map((pid) => identify(pid)!);
  const state = await readFile(join(other, "kube.json"), "utf8");
  owner.kill("SIGKILL");
  await eventually(() => !processes.some(isRunning), 20_000);
  await eventually(
    async () => (await remainsOf(other)).every((each) => each.startsWith("control group")),
    20_000,
  );
  await startKube({ dir });
  expect(existsSync(other)).toBe(false);
  const { node } = JSON.parse(state) as { node: { cgroup: string } };
  expect(existsSync(`/sys/fs/cgroup/pids/${node.cgroup}`)).toBe(false);
});
