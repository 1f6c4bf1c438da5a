// The floor: a bare watch, one status patch per object, one request to Flink. No queue, no cache, no decision, no safety.
import { flinkJobs } from "../../src/controller/resources.ts";
import { KubeClient } from "../../src/kube/client.ts";
import { loadClusterAccess } from "../../src/kube/config.ts";
import { Transport } from "../../src/kube/transport.ts";

const [kubeconfig = "", namespace = "", flinkUrl = ""] = process.argv.slice(2);
const kube = new KubeClient(new Transport(await loadClusterAccess({ kubeconfig })));
process.on("disconnect", () => process.exit());

const watch = await kube.watch(flinkJobs, { namespace });
process.send?.({ started: true });
for await (const { type, object } of watch) {
  if (type === "ADDED") void handle(object.metadata.name);
}

async function handle(name: string): Promise<void> {
  const patch = { type: "merge" as const, body: { status: { state: "Pending", cluster: "floor" } } };
  await kube.patch(flinkJobs, { namespace, name }, patch, { subresource: "status" });
  const reply = await fetch(`${flinkUrl}/floor/${name}`, { method: "POST", body: "{}" });
  await reply.arrayBuffer();
}
