import type { FlinkCluster } from "../../api/objects.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isKubeError } from "../../kube/errors.ts";
import { flinkClusters } from "../../kube/resources.ts";
import { GatewayError } from "../gateway-error.ts";
import type { ClusterRef } from "../ports.ts";
import { storeError } from "./store-error.ts";

interface Cache {
  get(key: string): FlinkCluster | undefined;
  byIndex(index: string, value: string): FlinkCluster[];
}

/** Of the FlinkClusters in the cache, the templates of per-job clusters, by namespace. */
export const templateIndexers = {
  templates: ({ metadata, spec }: FlinkCluster) =>
    spec.perJob === undefined ? [] : [metadata.namespace ?? ""],
};

/** A name that is a label's value, as plans' FlinkJobs bear it. */
const NAME = /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/;

/** The FlinkClusters with spec.perJob, of which each plan gets a copy. */
export class Templates {
  readonly #cache: Cache;
  readonly #kube: Pick<KubeClient, "get">;

  constructor(cache: Cache, kube: Pick<KubeClient, "get">) {
    this.#cache = cache;
    this.#kube = kube;
  }

  /** Throws the GatewayErrors UnknownCluster and StoreUnavailable. */
  async resolve({ namespace, name }: ClusterRef): Promise<FlinkCluster> {
    const shown = `${namespace.slice(0, 63)}/${name.slice(0, 63)}`;
    const unknown = (why: string, cause?: unknown) => new GatewayError("UnknownCluster", why, { cause });
    if (!NAME.test(name)) throw unknown(`There is no FlinkCluster ${shown}`);
    try {
      const known =
        this.#cache.get(`${namespace}/${name}`) ?? (await this.#kube.get(flinkClusters, { namespace, name }));
      if (known.spec.perJob !== undefined && known.spec.managed !== undefined) return known;
    } catch (error) {
      if (isKubeError(error, "NotFound")) throw unknown(`There is no FlinkCluster ${shown}`, error);
      throw storeError(error);
    }
    const way = `its own address is /clusters/${shown}`;
    throw unknown(`The FlinkCluster ${shown} is no template: it has no spec.perJob; ${way}`);
  }

  /** Its name, where the namespace has just one. Throws the GatewayError UnknownCluster, which names them all. */
  only(namespace: string): string {
    const names = this.#cache
      .byIndex("templates", namespace)
      .map(({ metadata }) => metadata.name)
      .sort();
    const [name] = names;
    if (name !== undefined && names.length === 1) return name;
    const shown = names.slice(0, 16).join(", ");
    const message =
      name === undefined
        ? `There is no FlinkCluster with spec.perJob in the namespace ${namespace}`
        : `There are several FlinkClusters with spec.perJob in the namespace ${namespace}: ${shown}. Name one: /per-job/${namespace}/NAME`;
    throw new GatewayError("UnknownCluster", message);
  }
}
