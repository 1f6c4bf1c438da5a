import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { Destinations } from "../rest/destinations.ts";
import { ClusterDescriptor } from "./cluster-descriptor.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** Answers with what is given for a path, and notes what it was asked; anything else is a 404. */
async function answering(answers: Record<string, unknown>): Promise<{ port: number; seen: string[] }> {
  const seen: string[] = [];
  const server = createServer(({ method, url = "" }, response) => {
    seen.push(`${method} ${url}`);
    const body = answers[`${method} ${url}`];
    response.writeHead(body === undefined ? 404 : 200).end(JSON.stringify(body ?? {}));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { port: (server.address() as AddressInfo).port, seen };
}

const jobManager = {
  "GET /config": { "flink-version": "2.3.0", features: { "web-submit": true } },
  "GET /jobmanager/config": [],
};

describe("retrieve", () => {
  test("by configuration", async () => {
    const { port } = await answering(jobManager);
    const configuration = { "rest.address": "127.0.0.1", "rest.port": port, "rest.bind-port": "1-2" };
    const cluster = await new ClusterDescriptor().retrieve({ configuration });
    expect(cluster.getWebInterfaceUrl()).toBe(`http://127.0.0.1:${port}`);
    expect(await cluster.describe()).toMatchObject({ flinkVersion: "2.3.0" });
    await cluster.close();
  });

  test.each([
    [{ "jobmanager.rpc.address": "127.0.0.1", "rest.port": 1 }, /^GET \/config: .*ECONNREFUSED/],
    [{ "rest.address": "::1", "rest.port": "1" }, /^GET \/config/],
    [{ "rest.port": 8081 }, /no rest\.address/],
  ])("what cannot be had: %j", async (configuration, message) => {
    const retrieved = new ClusterDescriptor().retrieve({ configuration });
    await expect(retrieved).rejects.toMatchObject({ name: "FlinkError" });
    await expect(retrieved).rejects.toThrow(message);
  });

  test("over TLS, if the configuration says so", async () => {
    const { port, seen } = await answering(jobManager);
    const configuration = {
      "rest.address": "127.0.0.1",
      "rest.port": port,
      "security.ssl.rest.enabled": true,
    };
    await expect(new ClusterDescriptor().retrieve({ configuration })).rejects.toMatchObject({ sent: "no" });
    expect(seen).toEqual([]);
  });

  test("what is no JobManager is not taken for one", async () => {
    const { port } = await answering({ "GET /config": { hello: "world" } });
    const retrieved = new ClusterDescriptor().retrieve({ url: `http://127.0.0.1:${port}` });
    await expect(retrieved).rejects.toMatchObject({ code: "BadReply" });
  });

  test("where the descriptor may not go", async () => {
    const { port, seen } = await answering(jobManager);
    const destinations = new Destinations({ loopback: false });
    const retrieved = new ClusterDescriptor({ destinations }).retrieve({ url: `http://127.0.0.1:${port}` });
    await expect(retrieved).rejects.toMatchObject({ code: "DestinationNotAllowed", sent: "no" });
    expect(seen).toEqual([]);
  });

  test("in the time given", async () => {
    const server = createServer(() => {});
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const retrieved = new ClusterDescriptor().retrieve({ url }, { timeoutMs: 50 });
    await expect(retrieved).rejects.toMatchObject({ code: "Timeout" });
    server.closeAllConnections();
  });
});

describe("a cluster's data sets, and its end", () => {
  // As 2.3.0 answers.
  const answers = {
    ...jobManager,
    "GET /datasets": {
      dataSets: [
        { id: "a".repeat(32), isComplete: true },
        { id: "b".repeat(32), isComplete: false },
      ],
    },
    [`DELETE /datasets/${"a".repeat(32)}`]: { "request-id": "c".repeat(32) },
    [`GET /datasets/delete/${"c".repeat(32)}`]: { status: { id: "COMPLETED" }, operation: {} },
    "DELETE /cluster": {},
  };

  test("are asked for by Flink's own routes", async () => {
    const { port, seen } = await answering(answers);
    const cluster = await new ClusterDescriptor().retrieve({ url: `http://127.0.0.1:${port}` });
    expect(await cluster.listCompletedClusterDatasetIds()).toEqual(["a".repeat(32)]);
    await cluster.invalidateClusterDataset("a".repeat(32));
    await cluster.shutDownCluster();
    await cluster.close();
    expect(seen.slice(2)).toEqual([
      "GET /datasets",
      `DELETE /datasets/${"a".repeat(32)}`,
      `GET /datasets/delete/${"c".repeat(32)}`,
      "DELETE /cluster",
    ]);
  });
});
