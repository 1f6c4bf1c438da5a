import type { FlinkJob } from "../../src/api/objects.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import type { Lifeline } from "../support/lifeline.ts";
import { flinkCallName, flinkRefusal, kubeCallName, kubeRefusal } from "./calls.ts";
import type { Claims } from "./claims.ts";
import type { Lane } from "./lanes.ts";
import type { OwnClusters } from "./own-clusters.ts";
import type { Site } from "./site.ts";

/** What stands between the operators of one run and everybody else. */
export interface Proxies {
  /** The API server's address, and the JobManager's, for the operators. */
  readonly kube: string;
  readonly flink: string;
  close(): Promise<void>;
}

/** Every call goes through the lifeline, and is held against what really is so. */
export async function openProxies(
  lifeline: Lifeline,
  lane: Lane,
  site: Site,
  claims: Claims,
): Promise<Proxies> {
  const kube = await FaultProxy.open({
    ...{ lifeline, target: "API server", nameOf: kubeCallName, refusal: kubeRefusal },
    ...{ url: lane.server, agent: lane.agent, headers: lane.headers },
    before: (passing) => claims.toKube(passing),
    after: (passing, status, answer) => {
      const { method, path } = passing;
      if (status !== 200 || method === "GET" || !path.includes("/flinkjobs/")) return;
      claims.written(passing, JSON.parse(answer.toString()) as FlinkJob);
    },
  });
  const flink = await FaultProxy.open({
    ...{ lifeline, target: "Flink", nameOf: flinkCallName, refusal: flinkRefusal },
    ...{ url: site.url, agent: site.agent },
    ...(site.own ? { route: toOwn(site.own) } : {}),
    before: (passing) => claims.toFlink(passing),
  });
  return {
    kube: kube.url,
    flink: flink.url,
    close: async () => void (await Promise.all([kube.close(), flink.close()])),
  };
}

/** `/NAME/path` is a path of the cluster of that name. */
const toOwn = (own: OwnClusters) => (path: string) => {
  const [, name = "", rest = "/"] = /^\/([^/]+)(\/.*)$/.exec(path) ?? [];
  return { url: own.addressOf(name), path: rest };
};
