import { expect, test } from "vitest";
import { GatewayError } from "./gateway-error.ts";
import type { Access, Clusters } from "./ports.ts";
import type { RunAsyncParts } from "./run-async/routes.ts";
import { createGateway } from "./server.ts";

const everybody: Access = { authorize: async () => ({ user: "" }) };
const nowhere: Clusters = {
  resolve: async ({ namespace, name }) => {
    throw new GatewayError("UnknownCluster", `There is no FlinkCluster ${namespace}/${name}`);
  },
};
/** Nothing gets this far. */
const runAsync = {} as RunAsyncParts;

test("errors have Flink's shape", async () => {
  const gateway = await createGateway({ access: everybody, clusters: nowhere, runAsync });
  const answer = await gateway.inject({ url: "/nothing/here?token=secret" });
  expect(answer.statusCode).toBe(404);
  expect(answer.json()).toEqual({ errors: ["Not found: GET /nothing/here"] });
  expect(answer.headers["x-flinkjob-code"]).toBe("NotFound");
});

test.each(["/clusters/team/main/run-async/abc", "/clusters/team/main/v1/run-async/abc"])(
  "the cluster is in the path: %s",
  async (url) => {
    const gateway = await createGateway({ access: everybody, clusters: nowhere, runAsync });
    const answer = await gateway.inject({ url });
    expect(answer.statusCode).toBe(404);
    expect(answer.json()).toEqual({ errors: ["There is no FlinkCluster team/main"] });
  },
);

test("without a default cluster, the bare path names the way out", async () => {
  const gateway = await createGateway({ access: everybody, clusters: nowhere, runAsync });
  const answer = await gateway.inject({ url: "/v1/run-async/abc" });
  expect(answer.statusCode).toBe(404);
  expect(answer.json().errors).toEqual([
    "This gateway has no default cluster: use /clusters/{namespace}/{name}/run-async",
  ]);
});
