// `npm run bench:gateway`: what the gateway does with a real API server. Load, API server, etcd and gateway share the machine's
// cores. Nothing here is a test: no figure passes or fails. `-- --json` prints one JSON object.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { availableParallelism, loadavg } from "node:os";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { API_VERSION } from "../../src/api/group.ts";
import type { FlinkCluster, FlinkJob } from "../../src/api/objects.ts";
import { RunAsyncClient } from "../../src/flink/clients/run-async-client.ts";
import { flinkClusters, flinkJobs } from "../../src/kube/resources.ts";
import { BundledGateway } from "./bundled-gateway.ts";
import { Child } from "./child.ts";
import { type Figure, toJson, toTable } from "./figures.ts";
import { load, paced, requests, type Sent } from "./gateway-load.ts";
import { benchNamespace, makePlace, type Place, unwatchedNamespace } from "./place.ts";

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    submissions: { type: "string", default: "10000" },
    clients: { type: "string", default: "100" },
  },
});
const clients = Number(options.clients);
const submissions = Number(options.submissions);
const [pace, perRound, rounds] = [200, 2_000, 3];
const all = submissions + 500 + 20 + 1 + rounds * perRound;
const base = `/clusters/${benchNamespace}/sink/run-async`;
const progress = (line: string) => void process.stderr.write(`${line}\n`);

async function measure(): Promise<Figure[]> {
  await using place = await makePlace(progress);
  const sink = await Child.start<{ url: string }>("jar-sink-child.ts");
  const cluster: FlinkCluster = {
    apiVersion: API_VERSION,
    kind: "FlinkCluster",
    metadata: { namespace: benchNamespace, name: "sink" },
    spec: { url: sink.started.url },
  };
  await place.kube.create(flinkClusters, cluster);
  const gateway = await BundledGateway.start(
    place.kubeconfig,
    "--namespace",
    benchNamespace,
    "--max-uploads",
    "20",
    "--max-jar-size",
    "2Gi",
  );
  try {
    const figures: Figure[] = [{ name: "resident, idle", unit: "MiB", values: [gateway.residentMiB] }];
    progress("20 JARs of 200 MiB at once ...");
    figures.push(
      ...(await jars(gateway, "20 JARs of 200 MiB at once", 20, 200 * 1024 ** 2, "< 60 above idle")),
    );
    progress("One JAR of 1 GiB ...");
    figures.push(...(await jars(gateway, "one JAR of 1 GiB", 1, 1024 ** 3, "flat")));
    progress(`${submissions} submissions by ${clients} clients ...`);
    const submit = (number: number) => ({
      method: "POST" as const,
      path: base,
      body: JSON.stringify({ triggerId: `bench-${number}`, jarId: "bench.jar", programArgsList: ["a", "b"] }),
    });
    // Before anything is compiled, figures are those of the compiler.
    await load(gateway.url, clients, 500, (number) => submit(number + submissions), 202);
    const { times: atPace, floor } = await pacedSubmissions(place, gateway, (number) =>
      submit(number + submissions + 500),
    );
    const submitted = await load(gateway.url, clients, submissions, submit, 202);
    const track = (number: number) => ({
      method: "GET" as const,
      path: `${base}/bench-${number % submissions}`,
    });
    const tracked = await load(gateway.url, clients, 20_000, track, 200);
    progress("Pages ...");
    const pages = await walk(gateway.url);
    figures.push(
      {
        name: `submissions, ${clients} clients`,
        unit: "per second",
        values: [submitted.perSecond],
        aim: ">= 200",
      },
      { name: `202, ${clients} clients, one after the other each`, unit: "ms", values: submitted.times },
      ...atPace.map((values, round) => ({
        name: `202 at ${pace} a second, ${clients} clients, round ${round + 1}`,
        unit: "ms" as const,
        values,
        floor: { name: "bare create", values: floor[round]! },
        aim: "p99 <= 50",
      })),
      { name: `tracking reads, ${clients} clients`, unit: "per second", values: [tracked.perSecond] },
      { name: `tracking read, ${clients} clients`, unit: "ms", values: tracked.times },
      { name: `page of 500 of ${all}, one client`, unit: "ms", values: pages },
      { name: `resident with ${all} submissions`, unit: "MiB", values: [gateway.residentMiB] },
    );
    return figures;
  } finally {
    await gateway.stop();
    await sink.stop();
  }
}

/**
 * Submissions at a steady pace, and in turn with each round of them the same FlinkJobs created at the API server itself: what no
 * gateway can beat. Before the burst, after which the API server is busy with itself for a while.
 */
async function pacedSubmissions(place: Place, gateway: BundledGateway, submit: (number: number) => Sent) {
  const times: (readonly number[])[] = [];
  const floor: (readonly number[])[] = [];
  await using gate = requests(gateway.url, clients, 202);
  const [model] = (await place.kube.list(flinkJobs, { namespace: benchNamespace })).items;
  const { apiVersion, kind, spec, metadata } = model!;
  const { labels, annotations } = metadata;
  for (let round = 0; round < rounds; round++) {
    progress(
      `${perRound} submissions, ${pace} a second, and as many bare creates: ${round + 1} of ${rounds} ...`,
    );
    const first = round * perRound;
    times.push(await paced(perRound, pace, (number) => gate.send(submit(first + number))));
    const bare = (number: number) => ({
      ...{ apiVersion, kind, spec },
      metadata: { namespace: unwatchedNamespace, name: `bare-${first + number}`, labels, annotations },
    });
    floor.push(
      await paced(perRound, pace, (number) => place.kube.create(flinkJobs, bare(number) as FlinkJob)),
    );
  }
  return { times, floor };
}

/** The most memory that the gateway takes meanwhile, and how fast the JARs flow. */
async function jars(
  gateway: BundledGateway,
  name: string,
  count: number,
  size: number,
  aim: string,
): Promise<Figure[]> {
  const idle = gateway.residentMiB;
  let most = idle;
  const watch = setInterval(() => {
    most = Math.max(most, gateway.residentMiB);
  }, 20);
  const cluster = { namespace: benchNamespace, name: "sink" };
  await using client = new RunAsyncClient({ url: gateway.url, cluster, connections: count });
  const begin = performance.now();
  await Promise.all(
    Array.from({ length: count }, () => client.submit({}, { jar: { content: zeros(size) } })),
  );
  clearInterval(watch);
  const seconds = (performance.now() - begin) / 1_000;
  return [
    { name: `resident above idle, ${name}`, unit: "MiB", values: [most - idle], aim },
    { name: `way of ${name}`, unit: "s", values: [seconds] },
  ];
}

/** Begins like a ZIP and is nothing else. */
function zeros(size: number): Readable {
  const chunk = Buffer.alloc(64 * 1024);
  function* content() {
    const head = Buffer.from("PK\x03\x04", "latin1");
    yield head;
    for (let left = size - head.length; left > 0; left -= chunk.length)
      yield left < chunk.length ? chunk.subarray(0, left) : chunk;
  }
  return Readable.from(content(), { objectMode: false });
}

async function walk(url: string): Promise<number[]> {
  const times: number[] = [];
  for (let token = ""; ; ) {
    const begin = performance.now();
    const reply = await fetch(`${url}${base}?limit=500${token === "" ? "" : `&continue=${token}`}`);
    const page = (await reply.json()) as { submissions: unknown[]; continue?: string };
    times.push(performance.now() - begin);
    token = page.continue ?? "";
    if (token === "") return times;
  }
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
const build = fileURLToPath(new URL("../../dev/build.ts", import.meta.url));
const [code] = (await once(
  spawn(process.execPath, [build, "image"], { stdio: ["ignore", "ignore", 2] }),
  "exit",
)) as [number];
if (code !== 0) throw new Error("The bundle cannot be built; the reason is above");
const loadBefore = loadavg()[0];
const figures = await measure();
const about = { cores: availableParallelism(), node: process.version, loadBefore, loadAfter: loadavg()[0] };
if (options.json) process.stdout.write(`${JSON.stringify({ machine: about, figures: toJson(figures) })}\n`);
else process.stdout.write(`${toTable(figures)}\n\n${JSON.stringify(about)}\n`);
