import type { AddressInfo } from "node:net";
import { Destinations } from "../../src/flink/rest/destinations.ts";
import { createEdge, type EdgeOptions } from "../../src/gateway/edge.ts";
import { createGateway } from "../../src/gateway/server.ts";
import { KnownClusters } from "../../src/gateway/store/known-clusters.ts";
import { KubeClient } from "../../src/kube/client.ts";
import { systemClock } from "../../src/kube/clock.ts";
import { loadClusterAccess } from "../../src/kube/config.ts";
import { PlainCredentials } from "../../src/kube/credentials.ts";
import { Transport } from "../../src/kube/transport.ts";
import type { World } from "./world.ts";

/** Gateways in this process, with the real API server and a ServiceAccount of their own that may no more than it needs. */
export class EdgeStage {
  readonly #world: World;
  readonly #token: string;

  private constructor(world: World, token: string) {
    this.#world = world;
    this.#token = token;
  }

  static async open(world: World): Promise<EdgeStage> {
    const token = await serviceAccount(world, "gateway");
    const { namespace } = world;
    const account = `--serviceaccount=${namespace}:gateway`;
    const reviews = ["clusterrolebinding", `${namespace}-reviews`];
    await mustRun(world, ["create", ...reviews, "--clusterrole=system:auth-delegator", account]);
    world.onClose(() => world.kubectl(["delete", ...reviews]));
    for (const each of world.namespaces) {
      const role = ["--verb=get,list,watch", "--resource=flinkclusters.flinkjob.dev"];
      await mustRun(world, ["create", "role", "gateway", "-n", each, ...role]);
      await mustRun(world, ["create", "rolebinding", "gateway", "-n", each, "--role=gateway", account]);
    }
    return new EdgeStage(world, token);
  }

  /** `server`: the API server's address, where something stands between. */
  async serve(some: Partial<EdgeOptions> = {}, server?: string): Promise<ServedEdge> {
    const access = await loadClusterAccess({ kubeconfig: this.#world.kubeconfig });
    const credentials = new PlainCredentials({ token: this.#token });
    const transport = new Transport({ ...access, credentials, ...(server === undefined ? {} : { server }) });
    this.#world.onClose(() => transport.close());
    const kube = new KubeClient(transport);
    const clusters = new KnownClusters({ get: () => undefined }, kube);
    const edge = createEdge({
      kube,
      clock: systemClock,
      clusters,
      destinations: new Destinations({ loopback: true }),
      host: "127.0.0.1",
      insecureLoopback: false,
      tokenAudiences: [],
      accessHoldsMs: 1_000,
      share: { perSecond: 100, burst: 200, concurrent: 100 },
      maxConnections: 1_000,
      stallMs: 30_000,
      ...some,
    });
    const gateway = await createGateway({ clusters, ...edge });
    await gateway.listen({ host: "127.0.0.1", port: 0 });
    this.#world.onClose(() => {
      gateway.server.closeAllConnections();
      return gateway.close();
    });
    return new ServedEdge((gateway.server.address() as AddressInfo).port);
  }
}

export class ServedEdge {
  readonly port: number;

  constructor(port: number) {
    this.port = port;
  }

  /** Asks with this token; "" = none. */
  ask(token: string, path: string, init: RequestInit = {}): Promise<Response> {
    const headers = {
      ...(token === "" ? {} : { authorization: `Bearer ${token}` }),
      ...(init.headers as Record<string, string> | undefined),
    };
    return fetch(`http://127.0.0.1:${this.port}${path}`, { redirect: "manual", ...init, headers });
  }
}

/** Makes a ServiceAccount and a token for it, as `kubectl create token` does. */
export async function serviceAccount(world: World, name: string, ...flags: string[]): Promise<string> {
  await mustRun(world, ["create", "serviceaccount", name]);
  return tokenFor(world, name, ...flags);
}

export async function tokenFor(world: World, name: string, ...flags: string[]): Promise<string> {
  return (await mustRun(world, ["create", "token", name, ...flags])).trim();
}

/** Gives a ServiceAccount of the world's first namespace these verbs on FlinkJobs in a namespace. */
export async function allow(world: World, name: string, verbs: string, namespace = world.namespace) {
  const role = [
    "create",
    "role",
    name,
    "-n",
    namespace,
    `--verb=${verbs}`,
    "--resource=flinkjobs.flinkjob.dev",
  ];
  await mustRun(world, role);
  const whose = [`--role=${name}`, `--serviceaccount=${world.namespace}:${name}`];
  await mustRun(world, ["create", "rolebinding", name, "-n", namespace, ...whose]);
}

async function mustRun(world: World, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await world.kubectl(args);
  if (code !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
  return stdout;
}
