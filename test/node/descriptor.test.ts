import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { buildJobsJar, scenarioClass } from "../../dev/flink/jobs.ts";
import { jobsJarPath } from "../../dev/image/flink.ts";
import { smallCluster } from "../../dev/node/small-cluster.ts";
import { KubernetesClusterDescriptor } from "../../src/descriptor/library.ts";
import { ground } from "../support/ground.ts";
import { World } from "../support/world.ts";
import { Pods } from "./pods.ts";

// The library's ClusterDescriptor on a real kubelet, from outside of Kubernetes: the operator and the library are processes of this machine, and
// Flink is reached as docs/client-library.md says, by `kubectl proxy`.

const root = fileURLToPath(new URL("../..", import.meta.url));
let world: World;
let proxy: ChildProcess | undefined;
let url: string;
let cluster: ReturnType<typeof smallCluster>;

beforeAll(async () => {
  world = await World.open("descriptor");
  const pods = await Pods.open(world.namespace);
  cluster = smallCluster("2.3", inject("images")["2.3"]!, await pods.node.sharedDirectory(world.namespace));
  await world.operator();
  [proxy, url] = await kubectlProxy(world.kubeconfig);
});
afterAll(async () => {
  proxy?.stdin?.end();
  await world.close();
});

test.concurrent("the example deploys a session cluster, runs a job on it and takes it away", async () => {
  const dir = await mkdtemp(join(root, "node_modules/.descriptor-"));
  try {
    await writeFile(join(dir, "cluster.json"), JSON.stringify(cluster));
    await bundled("examples/deploy-a-session.ts", join(dir, "example.mjs"));
    const jar = await buildJobsJar("2.3");
    const program = [join(dir, "example.mjs"), "orders", join(dir, "cluster.json"), jar, scenarioClass];
    const env = { ...process.env, KUBECONFIG: await kubeconfigIn(dir), FLINK_PROXY: url };
    const { stdout } = await promisify(execFile)(process.execPath, [...program, "batch"], { env });
    const lines = [
      `^Flink clusters in the namespace ${world.namespace} of https://`,
      "^orders runs Flink 2\\.3\\.\\d+, Durable$",
      "^[0-9a-f]{32} is [A-Z]+$",
      "^finished after \\d+ ms$",
      "^orders is gone$",
    ];
    for (const line of lines) expect(stdout).toMatch(new RegExp(line, "m"));
  } finally {
    await rm(dir, { recursive: true });
  }
});

test.concurrent("a job with a cluster of its own is deployed once, tells its result and is killed", async () => {
  const { kubeconfig, namespace } = world;
  const descriptor = await KubernetesClusterDescriptor.open({ kubeconfig, namespace, reach });
  const spec = {
    cluster: { perJob: cluster },
    jar: { local: jobsJarPath },
    entryClass: scenarioClass,
    args: ["batch", "--elements", "200", "--delay", "20"],
  };
  const timeoutMs = 90_000;
  const [job, same] = await Promise.all([
    descriptor.deployPerJob("counts", spec, { timeoutMs }),
    descriptor.deployPerJob("counts", spec, { timeoutMs }),
  ]);
  expect(same.jobId).toBe(job.jobId);
  expect((await descriptor.retrieve({ job: "counts" })).jobId).toBe(job.jobId);
  const { jobId, accumulators } = await descriptor.getJobResult("counts", { timeoutMs });
  expect([jobId, accumulators.get("elements")]).toEqual([job.jobId, "200"]);
  await descriptor.kill({ job: "counts" }, { timeoutMs });
  const left = await world.kubectl(["get", "flinkjobs,flinkclusters,pods", "--output=name"]);
  expect(left.stdout.split("\n").filter((name) => name.includes("/counts"))).toEqual([]);
  await descriptor.close();
});

/** As the example does it. */
function reach(inside: string): string {
  const { hostname, port } = new URL(inside);
  const [service, namespace] = hostname.split(".");
  return `${url}/api/v1/namespaces/${namespace}/services/${service}:${port}/proxy`;
}

/** What it imports by name is this source, not what was built of it last. */
async function bundled(entry: string, outfile: string): Promise<void> {
  await build({
    entryPoints: [join(root, entry)],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    alias: {
      "flinkjob/kubernetes": join(root, "src/descriptor/library.ts"),
      flinkjob: join(root, "src/flink/library.ts"),
    },
    external: ["@kubernetes/client-node"],
    banner: {
      js: `import { createRequire } from "node:module"; const require = createRequire(import.meta.url);`,
    },
  });
}

/** Its context is in the world's namespace. */
async function kubeconfigIn(dir: string): Promise<string> {
  const shown = await world.kubectl(["config", "view", "--raw", "--output=json"]);
  const config = JSON.parse(shown.stdout) as { contexts: { context: object }[] };
  const contexts = config.contexts.map((each) => ({
    ...each,
    context: { ...each.context, namespace: world.namespace },
  }));
  const path = join(dir, "kubeconfig");
  await writeFile(path, JSON.stringify({ ...config, contexts }), { mode: 0o600 });
  return path;
}

/** On a free port. It ends with its standard input, that is with the tests, however these end. */
async function kubectlProxy(kubeconfig: string): Promise<[ChildProcess, string]> {
  const words = [...ground()!.kubectl, "--kubeconfig", kubeconfig, "proxy", "--port=0"];
  const child = spawn("sh", ["-c", '"$@" & read -r _; kill $!', "sh", ...words], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout });
  const [line] = (await once(lines, "line", { signal: AbortSignal.timeout(20_000) })) as [string];
  const address = /Starting to serve on (\S+)/.exec(line)?.[1];
  expect(address, line).toBeDefined();
  return [child, `http://${address}`];
}
