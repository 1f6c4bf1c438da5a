import { Agent } from "node:http";
import { KubeClient } from "../../src/kube/client.ts";
import { Transport } from "../../src/kube/transport.ts";
import { FakeApiServer } from "../support/fake-apiserver/server.ts";
import type { Lanes } from "./lanes.ts";

/** A fake API server for each lane. */
export async function openFakeLanes(count: number): Promise<Lanes> {
  const opened = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = await new FakeApiServer().start();
      const kube = new KubeClient(new Transport(server.access), { fieldManager: "test" });
      const agent = new Agent({ keepAlive: true });
      const tidy = () => {
        server.requests.length = 0;
        server.storage.compact();
      };
      const place = { server: server.access.server, apiServer: server, namespace: "crash" };
      const lane = { kube, ...place, agent, headers: {}, tidy };
      const close = async () => {
        await kube.transport.close();
        agent.destroy();
        await server.stop();
      };
      return { lane, close };
    }),
  );
  return {
    all: opened.map(({ lane }) => lane),
    close: async () => void (await Promise.all(opened.map(({ close }) => close()))),
  };
}
