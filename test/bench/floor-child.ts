// What no operator can beat, in two measures. `bare`: a watch, one status patch per object, one request to Flink. `same-writes`:
// all the writes that the operator makes for a job, in its order, each as soon as the last is answered. Neither has a queue,
// a limit, a cache, a decision or any safety.
import type { FlinkJob } from "../../src/api/objects.ts";
import { KubeClient } from "../../src/kube/client.ts";
import { loadClusterAccess } from "../../src/kube/config.ts";
import { events, type KubeEvent } from "../../src/kube/event-writer.ts";
import { Informer } from "../../src/kube/informer.ts";
import { microTime } from "../../src/kube/lease.ts";
import { flinkJobs } from "../../src/kube/resources.ts";
import { Transport } from "../../src/kube/transport.ts";
import { eventually } from "../support/eventually.ts";

const [kubeconfig = "", namespace = "", flinkUrl = "", kind = "bare"] = process.argv.slice(2);
const kube = new KubeClient(new Transport(await loadClusterAccess({ kubeconfig })));
const handle = kind === "bare" ? patchAndRequest : writeAndRequest;
/** A status of the operator's own, so that ours is as large. */
let model: FlinkJob["status"];
let finished = 0;
let telling = Promise.resolve();

process.on("disconnect", () => process.exit());
process.on("message", (message: { model?: FlinkJob["status"] }) => {
  model = message.model ?? model;
  process.send?.({ report: finished });
});

// A bare watch would do but for the API server, which ends the watch of a client that is slow for a moment.
const selection = { namespace };
const informer = new Informer<FlinkJob>({ client: kube, resource: flinkJobs, selection });
informer.addHandler({ add: (added) => void handle(added), update: () => {}, delete: () => {} });
void informer.run(new AbortController().signal);
await eventually(() => informer.hasSynced(), 10_000, 10);
process.send?.({ started: true });

async function patchAndRequest({ metadata: { name } }: FlinkJob): Promise<void> {
  const patch = { type: "merge" as const, body: { status: { state: "Pending", cluster: "floor" } } };
  await kube.patch(flinkJobs, { namespace, name }, patch, { subresource: "status" });
  await request(name);
  finished++;
}

async function writeAndRequest(added: FlinkJob): Promise<void> {
  const { name, uid, resourceVersion } = added.metadata;
  const body = { metadata: { finalizers: ["flinkjob.dev/floor"], uid, resourceVersion } };
  const held = await kube.patch(flinkJobs, { namespace, name }, { type: "merge", body });
  const recorded = await kube.replaceStatus(flinkJobs, { ...held, status: model! });
  await request(name);
  await kube.replaceStatus(flinkJobs, { ...recorded, status: { ...model!, cluster: "floor" } });
  // One after the other, as the operator's.
  telling = telling.then(() => tell(added, "Submitted")).then(() => tell(added, "Running"));
  await telling;
  finished++;
}

async function request(name: string): Promise<void> {
  const reply = await fetch(`${flinkUrl}/floor/${namespace}/${name}`, { method: "POST", body: "{}" });
  await reply.arrayBuffer();
}

async function tell({ apiVersion, kind: regarded, metadata }: FlinkJob, reason: string): Promise<void> {
  const { name, uid } = metadata;
  const event: KubeEvent = {
    metadata: { name: `${name}.${reason.toLowerCase()}`, namespace },
    eventTime: microTime(Date.now()),
    reportingController: "flinkjob.dev/floor",
    reportingInstance: "floor",
    action: reason,
    reason,
    type: "Normal",
    note: `Flink 2.3.0 accepted trigger g1 as job ${uid}.`,
    regarding: { apiVersion, kind: regarded, namespace, name, uid: uid ?? "" },
  };
  await kube.create(events, event);
}
