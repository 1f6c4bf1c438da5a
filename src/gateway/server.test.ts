import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { rawHttp } from "../../test/support/raw-http.ts";
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

const nobody: Access = {
  authorize: async () => {
    throw new GatewayError("Unauthenticated", "No token");
  },
};

test.each([
  ["DELETE", "/clusters/team/main/run-async/nightly", "application/json", 401],
  ["GET", "/clusters/team/main/run-async/nightly", "application/json", 401],
  ["POST", "/clusters/team/main/run-async", "application/json", 401],
  ["POST", "/clusters/team/main/run-async", "multipart/form-data; boundary=b", 401],
  ["POST", "/clusters/team/main/run-async", "text/plain", 401],
  ["PUT", "/clusters/team/main/run-async", "application/json", 405],
  ["POST", "/nothing", "application/json", 404],
  ["POST", "/nothing", "text/plain", 404],
  ["POST", "/openapi.json", "application/json", 404],
])(
  "whoever has no right is answered before their body comes: %s %s %s",
  async (method, path, type, status) => {
    const gateway = await createGateway({ access: nobody, clusters: nowhere, runAsync });
    try {
      await gateway.listen({ host: "127.0.0.1", port: 0 });
      const { port } = gateway.server.address() as AddressInfo;
      const head = `${method} ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: ${type}\r\nContent-Length: 1000`;
      const answer = await rawHttp(port, `${head}\r\n\r\n{`);
      expect(answer.status).toBe(status);
    } finally {
      gateway.server.closeAllConnections();
      await gateway.close();
    }
  },
);
