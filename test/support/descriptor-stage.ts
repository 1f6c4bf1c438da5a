import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { API_VERSION } from "../../src/api/group.ts";
import type { ConditionStatus } from "../../src/api/meta.ts";
import type { FlinkCluster, FlinkJob } from "../../src/api/objects.ts";
import {
  KubernetesClusterDescriptor,
  type KubernetesOptions,
} from "../../src/descriptor/kubernetes-cluster-descriptor.ts";
import { KubeClient } from "../../src/kube/client.ts";
import { isKubeError } from "../../src/kube/errors.ts";
import { flinkClusters, flinkJobs } from "../../src/kube/resources.ts";
import { Transport } from "../../src/kube/transport.ts";
import type { Resource } from "../../src/kube/types.ts";
import { eventually } from "./eventually.ts";
import { FakeApiServer, type Fault, type Seen } from "./fake-apiserver/server.ts";

const namespace = "team-a";
type Words = Partial<Record<"Ready" | "Stalled" | "Submitted" | "Succeeded", ConditionStatus>>;

export const ready: Words = { Ready: "True", Stalled: "False" };
export const onItsWay: Words = { Ready: "False", Stalled: "False" };
export const stalled: Words = { Ready: "False", Stalled: "True" };
/** The least that a session cluster needs. */
export const sessionSpec = {
  flinkVersion: "2.3",
  image: "flink:2.3",
  storage: { claimName: "flink" },
} as const;
/** The least that a job with a cluster of its own needs. */
export const perJobSpec = {
  cluster: { perJob: sessionSpec },
  jar: { local: "/opt/flink/usrlib/orders.jar" },
} as const;
export const creates = ({ method, query }: Seen) => method === "POST" && !query.has("dryRun");

/** A fake API server and a descriptor; the operator's part is played by the test. */
export class DescriptorStage {
  readonly api: FakeApiServer;
  readonly descriptor: KubernetesClusterDescriptor;
  /** By which addresses the descriptor asked for Flink. */
  readonly asked: string[];
  readonly #kube: KubeClient;
  readonly #undo: (() => Promise<unknown>)[];

  private constructor(
    api: FakeApiServer,
    descriptor: KubernetesClusterDescriptor,
    asked: string[],
    undo: (() => Promise<unknown>)[],
  ) {
    this.api = api;
    this.descriptor = descriptor;
    this.asked = asked;
    this.#kube = new KubeClient(new Transport(api.access), { fieldManager: "operator" });
    this.#undo = undo;
  }

  static async open(options: KubernetesOptions = {}): Promise<DescriptorStage> {
    const { url, close } = await jobManager();
    const asked: string[] = [];
    const reach = (inside: string) => {
      asked.push(inside);
      return url;
    };
    const api = await new FakeApiServer().start();
    const dir = await mkdtemp(join(tmpdir(), "flinkjob-descriptor-"));
    const kubeconfig = join(dir, "config");
    const config = {
      "current-context": "fake",
      clusters: [{ name: "fake", cluster: { server: api.access.server } }],
      users: [{ name: "nobody", user: {} }],
      contexts: [{ name: "fake", context: { cluster: "fake", user: "nobody", namespace } }],
    };
    await writeFile(kubeconfig, JSON.stringify(config));
    const descriptor = await KubernetesClusterDescriptor.open({ kubeconfig, reach, ...options });
    const undo = [close, () => api.stop(), () => rm(dir, { recursive: true })];
    return new DescriptorStage(api, descriptor, asked, undo);
  }

  async close(): Promise<void> {
    await this.descriptor.close();
    await this.#kube.transport.close();
    for (const undo of this.#undo) await undo();
  }

  /** The first `count` requests of this kind end so. */
  faulty(is: (seen: Seen) => boolean, fault: Fault, count = 1): void {
    let left = count;
    this.api.fault = (seen) => (is(seen) && left-- > 0 ? fault : undefined);
  }

  cluster(name: string): Promise<FlinkCluster> {
    return this.#there(flinkClusters, name);
  }

  job(name: string): Promise<FlinkJob> {
    return this.#there(flinkJobs, name);
  }

  async put(object: FlinkCluster | FlinkJob): Promise<void> {
    await this.#kube.create(resourceOf(object), object);
  }

  /** What an operator would say of it. */
  async tell(
    object: FlinkCluster | FlinkJob,
    reason: string,
    words: Words,
    more: { status?: object; message?: string; observedGeneration?: number } = {},
  ): Promise<void> {
    const { name, generation } = object.metadata;
    const { observedGeneration = generation ?? 0, message = `It is ${reason}.`, status } = more;
    const conditions = Object.entries(words).map(([type, word]) => ({
      ...{ type, status: word, reason, message, observedGeneration },
      lastTransitionTime: "2026-11-26T12:00:00Z",
    }));
    const body = { status: { observedGeneration, conditions, ...status } };
    const options = { subresource: "status" } as const;
    await this.#kube.patch(resourceOf(object), { namespace, name }, { type: "merge", body }, options);
  }

  /** As somebody else orders its end. */
  async order({ kind, metadata }: FlinkCluster | FlinkJob): Promise<void> {
    const resource = kind === "FlinkJob" ? flinkJobs : flinkClusters;
    await this.#kube.delete<FlinkCluster | FlinkJob>(resource, { namespace, name: metadata.name });
  }

  /** Gone, whatever its finalizers say. */
  async remove(object: FlinkCluster | FlinkJob): Promise<void> {
    const ref = { namespace, name: object.metadata.name };
    const resource = resourceOf(object);
    await this.#kube.patch(resource, ref, { type: "merge", body: { metadata: { finalizers: null } } });
    await this.#kube.delete(resource, ref).catch((error: unknown) => {
      if (!isKubeError(error, "NotFound")) throw error;
    });
  }

  /** Waits until it is watched. */
  async watched(count = 1): Promise<void> {
    await eventually(() => this.api.watches >= count);
  }

  #there<T extends FlinkCluster | FlinkJob>(resource: Resource<T>, name: string): Promise<T> {
    return eventually(() => this.#kube.get(resource, { namespace, name }));
  }
}

/** As far as a descriptor asks it who it is. */
async function jobManager(): Promise<{ url: string; close: () => Promise<void> }> {
  const config = { "flink-version": "2.3.0", features: { "web-submit": true } };
  const server = createServer(({ url }, response) => {
    response.end(url === "/config" ? JSON.stringify(config) : "[]");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = async () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

/** What a call is given up with, having been given more and more time until it had seen enough to say so. */
export async function givenUpWith(
  words: string,
  call: (timeoutMs: number) => Promise<unknown>,
): Promise<void> {
  let timeoutMs = 25;
  await eventually(async () => {
    timeoutMs *= 2;
    await expect(call(timeoutMs)).rejects.toMatchObject({
      name: "FlinkError",
      code: "Timeout",
      message: words,
    });
    return true;
  });
}

export function aSession(name: string): FlinkCluster {
  const spec = { managed: sessionSpec } as unknown as FlinkCluster["spec"];
  return { ...external(name), spec };
}

/** A FlinkCluster that somebody else runs. */
export function external(name: string, finalizers: string[] = []): FlinkCluster {
  const metadata = { name, namespace, finalizers };
  return { apiVersion: API_VERSION, kind: "FlinkCluster", metadata, spec: { url: "http://flink:8081" } };
}

export function aFlinkJob(name: string, cluster: string, finalizers: string[] = []): FlinkJob {
  const spec = { cluster: { name: cluster }, jar: { uri: "http://jars/a.jar" } };
  const metadata = { name, namespace, finalizers };
  return { apiVersion: API_VERSION, kind: "FlinkJob", metadata, spec } as FlinkJob;
}

function resourceOf(object: FlinkCluster | FlinkJob): Resource<FlinkCluster | FlinkJob> {
  return (object.kind === "FlinkJob" ? flinkJobs : flinkClusters) as Resource<FlinkCluster | FlinkJob>;
}
