import { expect, test } from "vitest";
import { API_VERSION } from "../../api/group.ts";
import type { FlinkCluster } from "../../api/objects.ts";
import { KubeError } from "../../kube/errors.ts";
import { KnownClusters } from "./known-clusters.ts";

const main: FlinkCluster = {
  apiVersion: API_VERSION,
  kind: "FlinkCluster",
  metadata: { namespace: "team", name: "main", uid: "u" },
  spec: { url: "http://flink:8081" },
};

/** The cache is empty; the API server answers with this. */
function scene(answer: () => Promise<unknown>, namespaces?: string[]) {
  const asked: string[] = [];
  const kube = {
    get: async (_: unknown, { namespace, name }: { namespace?: string; name: string }) => {
      asked.push(`${namespace}/${name}`);
      return await answer();
    },
  };
  const clusters = new KnownClusters({ get: () => undefined }, kube as never, namespaces);
  return { clusters, asked };
}

test("a FlinkCluster that the cache has not heard of yet is asked for", async () => {
  const { clusters } = scene(async () => main);
  expect(await clusters.resolve({ namespace: "team", name: "main" })).toEqual({
    ...{ namespace: "team", name: "main" },
    ...{ url: "http://flink:8081", uid: "u" },
  });
});

test.each([
  ["no such FlinkCluster", new KubeError("NotFound", "no"), "UnknownCluster", "never"],
  ["an API server that is down", new KubeError("Unreachable", "no"), "StoreUnavailable", "backoff"],
  ["rights that the gateway lacks", new KubeError("Forbidden", "no"), "StoreUnavailable", "backoff"],
])("%s", async (_, error, code, retry) => {
  const { clusters } = scene(() => Promise.reject(error));
  await expect(clusters.resolve({ namespace: "team", name: "main" })).rejects.toMatchObject({ code, retry });
});

test.each([
  ["../secrets", "main"],
  ["team", "a/b"],
  ["team", ""],
  ["Team", "main"],
  ["team", "a".repeat(254)],
])("what no FlinkCluster is called is asked for nowhere: %j/%.10j", async (namespace, name) => {
  const { clusters, asked } = scene(async () => main);
  await expect(clusters.resolve({ namespace, name })).rejects.toMatchObject({ code: "UnknownCluster" });
  expect(asked).toEqual([]);
});

test("a namespace that is not served has no FlinkClusters, whatever the gateway may read", async () => {
  const { clusters, asked } = scene(async () => main, ["other"]);
  await expect(clusters.resolve({ namespace: "team", name: "main" })).rejects.toMatchObject({
    code: "UnknownCluster",
  });
  expect(asked).toEqual([]);
});

test("a template of per-job clusters answers nowhere: the way to it is named", async () => {
  const { clusters } = scene(async () => ({ ...main, spec: { managed: {}, perJob: {} } }));
  await expect(clusters.resolve({ namespace: "team", name: "main" })).rejects.toMatchObject({
    code: "UnknownCluster",
    message: expect.stringContaining("/per-job/team/main"),
  });
});
