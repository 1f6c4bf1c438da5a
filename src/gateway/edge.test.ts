import { expect, test } from "vitest";
import { Destinations } from "../flink/rest/destinations.ts";
import { FakeClock } from "../kube/fake-clock.ts";
import { createEdge, type EdgeOptions } from "./edge.ts";

const edge = (some: Pick<EdgeOptions, "host" | "insecureLoopback">) =>
  createEdge({
    kube: { create: () => Promise.reject(new Error("not asked")) },
    clock: new FakeClock(),
    clusters: { resolve: () => Promise.reject(new Error("not asked")) },
    destinations: new Destinations(),
    tokenAudiences: [],
    accessHoldsMs: 1,
    share: { perSecond: 1, burst: 1, concurrent: 1 },
    maxConnections: 1,
    stallMs: 1,
    ...some,
  });

test.each([undefined, "", "0.0.0.0", "::", "10.0.0.1", "localhost"])(
  "without tokens, %s is not served",
  (host) => {
    expect(() => edge({ host, insecureLoopback: true })).toThrow(
      expect.objectContaining({
        code: "FLINKJOB_INSECURE_ADDRESS",
        message: `without tokens only a loopback address is served, such as 127.0.0.1:8090, not ${host || "all addresses"}`,
      }),
    );
    expect(edge({ host, insecureLoopback: false }).access.constructor.name).toBe("KubeAccess");
  },
);

test.each(["127.0.0.1", "::1"])("without tokens, %s is served", (host) => {
  expect(edge({ host, insecureLoopback: true }).access.constructor.name).toBe("LocalAccess");
});
