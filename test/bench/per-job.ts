// `npm run bench:per-job`: a FlinkJob with a cluster of its own, from its creation to all tasks running, and from its job's end
// until nothing is left, on the real node (root on Linux). Nothing here is a test: no figure passes or fails. `-- --json` prints
// one JSON object, `-- --jobs N` takes N jobs in each mode instead of 3, `-- --flink 1.20` another Flink than 2.3.
import { mkdtemp, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildJobsJar } from "../../dev/flink/jobs.ts";
import { flinkImage } from "../../dev/image/flink.ts";
import { startKube } from "../../dev/kube/cluster.ts";
import { ensureNodePackages } from "../../dev/node/packages.ts";
import { KubeClient } from "../../src/kube/client.ts";
import { loadClusterAccess } from "../../src/kube/config.ts";
import { Transport } from "../../src/kube/transport.ts";
import type { KubeObject, Resource } from "../../src/kube/types.ts";
import { installCrds } from "../support/crds.ts";
import { JarServer } from "../support/jar-server.ts";
import { type Figure, toJson, toTable } from "./figures.ts";
import { BundledOperator } from "./operator.ts";
import { type Life, liveInOwnCluster } from "./own-cluster-life.ts";

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    jobs: { type: "string", default: "3" },
    flink: { type: "string", default: "2.3" },
  },
});
const version = options.flink === "1.20" ? "1.20" : "2.3";
const namespace = "per-job";
const namespaces: Resource<KubeObject> = {
  group: "",
  version: "v1",
  kind: "Namespace",
  plural: "namespaces",
  namespaced: false,
};
const progress = (line: string) => void process.stderr.write(`${line}\n`);

async function measure(): Promise<Figure[]> {
  await using undo = new AsyncDisposableStack();
  await ensureNodePackages(progress);
  const image = await flinkImage(version, progress);
  const dir = await mkdtemp(join(tmpdir(), "flinkjob-bench-"));
  undo.defer(() => rm(dir, { recursive: true, force: true }));
  const node = { images: [image] };
  const cluster = await startKube({ dir: join(dir, "kube"), node, ownerPid: process.pid, progress });
  undo.defer(() => cluster.stop());
  await installCrds(cluster);
  const { kubeconfig } = cluster;
  const transport = new Transport(await loadClusterAccess({ kubeconfig }));
  undo.defer(() => transport.close());
  const kube = new KubeClient(transport, { fieldManager: "bench" });
  await kube.create(namespaces, { metadata: { name: namespace } });
  const jars = await JarServer.start(await buildJobsJar(version));
  undo.defer(() => jars.close());
  const operator = await BundledOperator.start(kubeconfig, namespace);
  undo.defer(() => operator.stop());
  const hostPath = (await cluster.node?.sharedDirectory(namespace)) ?? "";

  const figures: Figure[] = [];
  for (const mode of ["application", "session"] as const) {
    const lives: Life[] = [];
    for (let n = 1; n <= Number(options.jobs); n++) {
      progress(`${mode}, job ${n} of ${options.jobs} ...`);
      const parts = { version, image: image.name, hostPath, jarUri: jars.uri() } as const;
      lives.push(await liveInOwnCluster({ kube, namespace, name: `${mode}-${n}`, mode, ...parts }));
    }
    figures.push(...figuresOf(mode, lives));
  }
  return figures;
}

function figuresOf(mode: string, lives: readonly Life[]): Figure[] {
  const since = (from: keyof Life, to: keyof Life) => lives.map((life) => life[to] - life[from]);
  const share = lives.map((life) => (100 * ours(mode, life)) / (life.tasksRunAt - life.createdAt));
  const figure = (name: string, values: number[], aim?: string): Figure => ({
    name: `${mode}: ${name}`,
    unit: "ms",
    values,
    ...(aim ? { aim } : {}),
  });
  return [
    figure("create to all tasks running", since("createdAt", "tasksRunAt")),
    figure("... JobManager's pod made", since("createdAt", "podMadeAt")),
    figure("... scheduled, after that", since("podMadeAt", "scheduledAt")),
    figure("... JobManager ready, after that", since("scheduledAt", "readyAt")),
    figure("... job accepted, after that", since("readyAt", "acceptedAt")),
    figure("... all tasks run, after that", since("acceptedAt", "tasksRunAt")),
    figure("tasks run to Ready", since("tasksRunAt", "toldAt")),
    { name: `${mode}: our own share`, unit: "%", values: share, aim: "<= 5 %" },
    figure("job's end to its cluster let go", since("endedAt", "releasedAt")),
    figure("job's end to nothing left", since("endedAt", "goneAt"), "<= 5000"),
  ];
}

/** What waits for the operator alone: its pods, and in session mode the run request, with the JAR's way and Flink's own work on it. */
function ours(mode: string, { createdAt, podMadeAt, readyAt, acceptedAt }: Life): number {
  return podMadeAt - createdAt + (mode === "session" ? acceptedAt - readyAt : 0);
}

const before = loadavg()[0] ?? 0;
const figures = await measure();
const load = `load ${before.toFixed(0)} before, ${(loadavg()[0] ?? 0).toFixed(0)} after; Flink ${version}`;
if (options.json) process.stdout.write(`${JSON.stringify({ load, figures: toJson(figures) })}\n`);
else process.stdout.write(`${toTable(figures)}\n${load}\n`);
