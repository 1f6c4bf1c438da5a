import { test as base, expect } from "vitest";
import { KubeClient } from "../../src/kube/client.ts";
import type { KubeError } from "../../src/kube/errors.ts";
import { Informer, type InformerOptions } from "../../src/kube/informer.ts";
import { Transport } from "../../src/kube/transport.ts";
import type { KubeObject, Resource } from "../../src/kube/types.ts";
import { eventually } from "./eventually.ts";
import { FakeApiServer } from "./fake-apiserver/server.ts";

export interface ConfigMap extends KubeObject {
  data?: Record<string, string>;
}

export const configMaps: Resource<ConfigMap> = {
  group: "",
  version: "v1",
  kind: "ConfigMap",
  plural: "configmaps",
  namespaced: true,
};
const collection = "/api/v1/configmaps";

/** ConfigMaps on a fake API server, and informers that follow them. */
export class FollowedConfigMaps {
  readonly server: FakeApiServer;
  readonly client: KubeClient;
  readonly #abort = new AbortController();
  readonly #running: Promise<void>[] = [];

  readonly #transport: Transport;

  private constructor(server: FakeApiServer) {
    this.server = server;
    this.#transport = new Transport(server.access);
    this.client = new KubeClient(this.#transport);
  }

  static async start(): Promise<FollowedConfigMaps> {
    return new FollowedConfigMaps(await new FakeApiServer().start());
  }

  async end(): Promise<void> {
    this.#abort.abort();
    await Promise.all(this.#running);
    await this.#transport.close();
    await this.server.stop();
  }

  /** Changes the world without a request, so that faults do not see it. */
  put(name: string, data: Record<string, string> = {}): void {
    const key = `default/${name}`;
    const object: ConfigMap = { metadata: { name, namespace: "default" }, data };
    if (this.server.storage.has(collection, key)) this.server.storage.update(collection, key, object);
    else this.server.storage.create(collection, key, object);
  }

  remove(name: string): void {
    this.server.storage.delete(collection, `default/${name}`);
  }

  follow(options: Partial<InformerOptions<ConfigMap>> = {}) {
    const problems: string[] = [];
    const changes: string[] = [];
    const informer = new Informer<ConfigMap>({
      client: this.client,
      resource: configMaps,
      // No jitter: pauses are as short as they may be.
      random: () => 0,
      onProblem: (problem: KubeError) => problems.push(problem.code),
      ...options,
    });
    informer.addHandler({
      add: (o, initial) => changes.push(`${initial ? "initial" : "add"} ${o.metadata.name}`),
      update: (o) => changes.push(`update ${o.metadata.name}`),
      delete: (o) => changes.push(`delete ${o.metadata.name}`),
    });
    this.#running.push(informer.run(this.#abort.signal));
    return { informer, problems, changes };
  }

  async synced(informer: Informer<ConfigMap>): Promise<void> {
    expect(await informer.waitForSync(5000)).toBe(true);
    await eventually(() => this.server.watches === 1);
  }
}

export function names(informer: Informer<ConfigMap>): string[] {
  return informer.store
    .list()
    .map((o) => o.metadata.name ?? "")
    .toSorted();
}

/** A test with a world of its own, so that tests which mostly wait may run side by side. */
export const test = base.extend<{ world: FollowedConfigMaps }>({
  // biome-ignore lint/correctness/noEmptyPattern: Vitest reads the pattern to learn what the fixture needs.
  world: async ({}, use) => {
    const world = await FollowedConfigMaps.start();
    await use(world);
    await world.end();
  },
});
