import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import type { Agent as AnyAgent } from "node:http";
import { Agent } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runToEnd } from "../../dev/demo/ground.ts";
import { startKube } from "../../dev/kube/cluster.ts";
import { KubeClient } from "../../src/kube/client.ts";
import { loadClusterAccess } from "../../src/kube/config.ts";
import { textOf } from "../../src/kube/credentials.ts";
import { Transport } from "../../src/kube/transport.ts";
import type { KubeObject, Resource } from "../../src/kube/types.ts";
import type { FakeApiServer } from "../support/fake-apiserver/server.ts";

const namespaces: Resource<KubeObject> = {
  group: "",
  version: "v1",
  kind: "Namespace",
  plural: "namespaces",
  namespaced: false,
};
const crds = fileURLToPath(new URL("../../crds", import.meta.url));

/** An API server as the administrator reaches it, and a namespace for one run at a time. */
export interface Lane {
  readonly kube: KubeClient;
  readonly server: string;
  readonly agent: AnyAgent;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly namespace: string;
  /** Where it is a fake one, of this lane alone. */
  readonly apiServer?: FakeApiServer;
  /** After each run. */
  readonly tidy?: () => void;
}

/** Namespaces, one per run at a time. */
export interface Lanes {
  readonly all: readonly Lane[];
  close(): Promise<void>;
}

export interface ApiServer {
  readonly kubeconfig: string;
  close(): Promise<void>;
}

/** $FLINKJOB_TEST_KUBECONFIG, or one that is started for it. */
export async function openApiServer(progress: (line: string) => void): Promise<ApiServer> {
  const given = process.env.FLINKJOB_TEST_KUBECONFIG;
  if (given) return { kubeconfig: given, close: async () => {} };
  const dir = await mkdtemp(join(tmpdir(), "flinkjob-crash-"));
  const cluster = await startKube({ dir, ownerPid: process.pid, progress });
  const [command = "kubectl", ...first] = cluster.kubectl;
  await runToEnd(command, [...first, "apply", "-k", crds], { KUBECONFIG: cluster.kubeconfig });
  return {
    kubeconfig: cluster.kubeconfig,
    async close() {
      await cluster.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** An API server with the CRDs, and so many namespaces on it. */
export async function openLanesOn(kubeconfig: string, count: number): Promise<Lanes> {
  const access = await loadClusterAccess({ kubeconfig });
  const { cert, key, headers } = await access.credentials.current();
  const ca = await textOf(access.ca);
  const agent = new Agent({ keepAlive: true, ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) });
  const kube = new KubeClient(new Transport(access), { fieldManager: "test" });
  const run = randomBytes(3).toString("hex");
  const all = Array.from({ length: count }, (_, i) => ({
    ...{ kube, server: access.server, agent, headers },
    namespace: `crash-${run}-${i + 1}`,
  }));
  for (const { namespace } of all) await kube.create(namespaces, { metadata: { name: namespace } });
  return {
    all,
    async close() {
      for (const { namespace } of all) await kube.delete(namespaces, { name: namespace });
      await kube.transport.close();
      agent.destroy();
    },
  };
}
