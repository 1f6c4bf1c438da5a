import type { FlinkCluster } from "../../api/objects.ts";
import { urlOf } from "../../core/cluster/names.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isKubeError } from "../../kube/errors.ts";
import { flinkClusters } from "../../kube/resources.ts";
import { GatewayError } from "../gateway-error.ts";
import type { ClusterRef, Clusters, ClusterTarget } from "../ports.ts";
import { storeError } from "./store-error.ts";

interface Cache {
  get(key: string): FlinkCluster | undefined;
}

/** The FlinkClusters that the API server knows: out of the cache, and directly where that has not heard of one yet. */
export class KnownClusters implements Clusters {
  readonly #cache: Cache;
  readonly #kube: Pick<KubeClient, "get">;
  readonly #namespaces: readonly string[];

  /** `namespaces`: those that are served; none: all. */
  constructor(cache: Cache, kube: Pick<KubeClient, "get">, namespaces: readonly string[] = []) {
    this.#cache = cache;
    this.#kube = kube;
    this.#namespaces = namespaces;
  }

  async resolve({ namespace, name }: ClusterRef): Promise<ClusterTarget> {
    const isServed = this.#namespaces.length === 0 || this.#namespaces.includes(namespace);
    if (!isServed || !isName(namespace) || !isName(name)) throw unknown(namespace, name);
    const known = this.#cache.get(`${namespace}/${name}`) ?? (await this.#get(namespace, name));
    if (known.spec.perJob !== undefined) throw template(namespace, name);
    return { namespace, name, url: urlOf(known), uid: known.metadata.uid ?? "" };
  }

  async #get(namespace: string, name: string): Promise<FlinkCluster> {
    try {
      return await this.#kube.get(flinkClusters, { namespace, name });
    } catch (error) {
      if (isKubeError(error, "NotFound")) throw unknown(namespace, name);
      throw storeError(error);
    }
  }
}

/** What no Kubernetes object is called is asked for nowhere. */
function isName(text: string): boolean {
  return text.length <= 253 && /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(text);
}

function template(namespace: string, name: string): GatewayError {
  const message = `The FlinkCluster ${namespace}/${name} is a template and answers nowhere: Flink's own client sends jobs for clusters made of it to /per-job/${namespace}/${name}`;
  return new GatewayError("UnknownCluster", message);
}

function unknown(namespace: string, name: string): GatewayError {
  const shown = `${namespace.slice(0, 253)}/${name.slice(0, 253)}`;
  return new GatewayError("UnknownCluster", `There is no FlinkCluster ${shown}`);
}
