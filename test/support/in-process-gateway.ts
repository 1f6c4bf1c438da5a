import type { FastifyInstance } from "fastify";
import { API_VERSION } from "../../src/api/group.ts";
import type { FlinkCluster, FlinkJob } from "../../src/api/objects.ts";
import type { TriggerStatus } from "../../src/api/status.ts";
import { ClusterClient } from "../../src/flink/clients/cluster-client.ts";
import { Destinations } from "../../src/flink/rest/destinations.ts";
import type { Access } from "../../src/gateway/ports.ts";
import { RequestJars, type RequestJarsOptions } from "../../src/gateway/run-async/request-jars.ts";
import { SELECTOR } from "../../src/gateway/run-async/submission-job.ts";
import { createGateway, type GatewayOptions } from "../../src/gateway/server.ts";
import { KnownClusters } from "../../src/gateway/store/known-clusters.ts";
import { Listing, submissionIndexers, trimmed } from "../../src/gateway/store/listing.ts";
import { Submissions } from "../../src/gateway/store/submissions.ts";
import { KubeClient } from "../../src/kube/client.ts";
import { Followed } from "../../src/kube/followed.ts";
import { Informer } from "../../src/kube/informer.ts";
import { flinkClusters, flinkJobs } from "../../src/kube/resources.ts";
import { Transport } from "../../src/kube/transport.ts";
import { eventually } from "./eventually.ts";
import { FakeApiServer } from "./fake-apiserver/server.ts";
import { type FakeFlink, startFakeFlink } from "./fake-flink/index.ts";

export const everybody: Access = { authorize: async () => ({ user: "jane" }) };

/** A gateway in this process between a fake API server and a fake Flink, whose FlinkCluster is `team/main`. */
export class InProcessGateway {
  readonly api: FakeApiServer;
  readonly flink: FakeFlink;
  readonly kube: KubeClient;
  readonly gateway: FastifyInstance;
  readonly jars: RequestJars;
  /** Where it listens. */
  readonly url: string;
  /** Clients of JobManagers that JARs went by. */
  readonly connected: { readonly open: number; readonly ever: number };
  readonly #close: () => Promise<void>;

  private constructor(
    parts: Omit<InProcessGateway, "close" | "job" | "trigger" | "submit" | "jarsOnFlink">,
    close: () => Promise<void>,
  ) {
    this.api = parts.api;
    this.flink = parts.flink;
    this.kube = parts.kube;
    this.gateway = parts.gateway;
    this.jars = parts.jars;
    this.url = parts.url;
    this.connected = parts.connected;
    this.#close = close;
  }

  static async open(
    options: Partial<GatewayOptions> & { jarRules?: Partial<RequestJarsOptions> } = {},
  ): Promise<InProcessGateway> {
    const api = await new FakeApiServer().start();
    const flink = await startFakeFlink();
    const transport = new Transport(api.access);
    const kube = new KubeClient(transport);
    const metadata = { namespace: "team", name: "main", uid: "cluster-uid" };
    const cluster: FlinkCluster = {
      apiVersion: API_VERSION,
      kind: "FlinkCluster",
      metadata,
      spec: { url: flink.url },
    };
    await kube.create(flinkClusters, cluster);
    const watching = new AbortController();
    const jobs = new Followed([
      new Informer<FlinkJob>({
        client: kube,
        resource: flinkJobs,
        selection: { labelSelector: SELECTOR },
        indexers: submissionIndexers,
        trim: trimmed,
      }),
    ]);
    const clusters = new Followed([new Informer<FlinkCluster>({ client: kube, resource: flinkClusters })]);
    const watched = [jobs.run(watching.signal), clusters.run(watching.signal)];
    await eventually(() => jobs.hasSynced() && clusters.hasSynced());
    const connected = { open: 0, ever: 0 };
    const connect = () => {
      connected.open++;
      connected.ever++;
      const client = new ClusterClient({
        url: flink.url,
        destinations: new Destinations({ loopback: true }),
      });
      const dispose = client[Symbol.asyncDispose].bind(client);
      return Object.assign(client, {
        [Symbol.asyncDispose]: async () => {
          await dispose();
          connected.open--;
        },
      });
    };
    const { jarRules, ...rest } = options;
    const jars = new RequestJars({
      connect,
      longest: 1024 ** 2,
      deadlineMs: 10_000,
      stallMs: 5_000,
      concurrency: 2,
      ...jarRules,
    });
    const gateway = await createGateway({
      access: everybody,
      clusters: new KnownClusters(clusters, kube),
      runAsync: { submissions: new Submissions(kube, jobs), listing: new Listing(jobs), jars },
      ...rest,
    });
    const url = await gateway.listen({ host: "127.0.0.1", port: 0 });
    const close = async () => {
      await gateway.close();
      watching.abort();
      await Promise.all(watched);
      await transport.close();
      await api.stop();
      await flink.close();
    };
    return new InProcessGateway({ api, flink, kube, gateway, jars, url, connected }, close);
  }

  /** POST of a run request in JSON. */
  submit(body: unknown, path = "/clusters/team/main/run-async") {
    return this.gateway.inject({ method: "POST", url: path, payload: body as object });
  }

  /** The FlinkJob of that name. */
  job(name: string): Promise<FlinkJob> {
    return this.kube.get(flinkJobs, { namespace: "team", name });
  }

  /** What an operator would write. */
  async trigger(name: string, trigger: TriggerStatus): Promise<FlinkJob> {
    const job = await this.job(name);
    return this.kube.replaceStatus(flinkJobs, { ...job, status: { observedGeneration: 1, trigger } });
  }

  async jarsOnFlink(): Promise<string[]> {
    const reply = await fetch(`${this.flink.url}/jars`);
    return ((await reply.json()) as { files: { id: string }[] }).files.map(({ id }) => id);
  }

  close(): Promise<void> {
    return this.#close();
  }
}
