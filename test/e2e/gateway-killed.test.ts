import { createReadStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import { Agent } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { scenarioClass } from "../../dev/flink/jobs.ts";
import { freePorts } from "../../dev/machine/ports.ts";
import type { FlinkCluster } from "../../src/api/objects.ts";
import { RunAsyncClient } from "../../src/flink/clients/run-async-client.ts";
import type { RunAsyncRequest } from "../../src/flink/clients/run-async-facts.ts";
import { flinkJobName } from "../../src/gateway/run-async/naming.ts";
import { flinkCallName, flinkRefusal, kubeCallName, kubeRefusal } from "../crash/calls.ts";
import { eventually } from "../support/eventually.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { flinkTargets } from "../support/flink-target.ts";
import { KubeGate } from "../support/kube-gate.ts";
import { type Fault, type FaultMode, Lifeline } from "../support/lifeline.ts";
import type { Operator } from "../support/operator.ts";
import { uploaded } from "../support/uploaded-jar.ts";
import { World } from "../support/world.ts";

// Each call that the gateway makes: the gateway dies (SIGKILL) before it, while it is carried out, or before its answer.
// The client asks again, as a client does. Whatever was answered 202 runs, everything runs once, and no JAR stays.

const [{ url, jobsJar } = { url: "", jobsJar: "" }] = flinkTargets();
/** A read changes nothing: to die after it is to die before the next call. What takes its time can be cut in the middle. */
function killsOf(call: string): readonly FaultMode[] {
  if (call.startsWith("GET ")) return ["killed before send"];
  const during: FaultMode[] = call === "POST /jars/upload" ? ["killed while it was carried out"] : [];
  return ["killed before send", ...during, "killed after commit, before the reply"];
}

let world: World;
let gateway: Operator;
let client: RunAsyncClient;
let operator: Operator;
const line = new Lifeline();
/** The gateway's deaths; each is followed by a new start. */
let deaths: Promise<unknown> = Promise.resolve();
let jarId: string;

beforeAll(async () => {
  world = await World.open("gateway-killed");
  operator = await world.operator("--orphaned-jar-age", "3s");
  await world.createCluster("main", { url });
  const agent = new Agent({ keepAlive: true });
  const kubeGate = await KubeGate.open(world.kubeconfig);
  const kube = await FaultProxy.open({
    ...{ lifeline: line, target: "API server", url: kubeGate.url, agent },
    ...{ nameOf: kubeCallName, refusal: kubeRefusal },
  });
  const flink = await FaultProxy.open({
    ...{ lifeline: line, target: "Flink", url, agent },
    ...{ nameOf: flinkCallName, refusal: flinkRefusal },
  });
  // To the gateway alone, the cluster is behind the proxy.
  kubeGate.tamper = (event) => {
    if (event.object.kind !== "FlinkCluster") return [event];
    const cluster = event.object as FlinkCluster;
    return [{ ...event, object: { ...cluster, spec: { ...cluster.spec, url: flink.url } } as FlinkCluster }];
  };
  const kubeconfig = join(world.dir, "killed.yaml");
  const name = "proxy";
  await writeFile(
    kubeconfig,
    JSON.stringify({
      ...{ apiVersion: "v1", kind: "Config", "current-context": name },
      clusters: [{ name, cluster: { server: kube.url } }],
      users: [{ name, user: {} }],
      contexts: [{ name, context: { cluster: name, user: name } }],
    }),
  );
  const [port = 0] = await freePorts(1);
  const args = ["--address", `127.0.0.1:${port}`];
  gateway = await world.operatorWith({ program: "src/gateway-main.ts", kubeconfig, args });
  line.onCut(() => {
    deaths = deaths.then(async () => {
      await gateway.kill("SIGKILL");
      line.restore();
      await gateway.start();
    });
  });
  client = new RunAsyncClient({
    url: `http://127.0.0.1:${port}`,
    cluster: { namespace: world.namespace, name: "main" },
  });
  jarId = await uploaded(url, jobsJar);
  world.onClose(async () => {
    await client.close();
    await kube.close();
    await flink.close();
    await kubeGate.close();
    agent.destroy();
    await fetch(`${url}/jars/${encodeURIComponent(jarId)}`, { method: "DELETE" });
  });
}, 60_000);
afterAll(() => world.close());

const runOf = (triggerId: string, ...more: string[]): RunAsyncRequest => ({
  triggerId,
  entryClass: scenarioClass,
  programArgsList: ["batch", "--trace", world.trace(triggerId).file, ...more],
});
const withJar = () => ({ jar: { content: () => createReadStream(jobsJar) }, timeoutMs: 60_000 });

interface Act {
  /** What was there before. */
  readonly before?: (triggerId: string) => Promise<unknown>;
  readonly act: (triggerId: string) => Promise<unknown>;
  /** Times that main() has run in the end. */
  readonly mains: number;
  readonly isTracked: boolean;
}

const outcome = (triggerId: string) => client.outcome(triggerId, { timeoutMs: 60_000 });
const acts: Readonly<Record<string, Act>> = {
  "by-id": {
    act: (triggerId) => client.submit({ ...runOf(triggerId), jarId }, { timeoutMs: 60_000 }),
    mains: 1,
    isTracked: true,
  },
  jar: { act: (triggerId) => client.submit(runOf(triggerId), withJar()), mains: 1, isTracked: true },
  again: {
    before: async (triggerId) => {
      await client.submit(runOf(triggerId), withJar());
      await outcome(triggerId);
    },
    act: (triggerId) => client.submit(runOf(triggerId), withJar()),
    mains: 1,
    isTracked: true,
  },
  forget: {
    before: async (triggerId) => {
      await client.submit({ ...runOf(triggerId), jarId });
      await outcome(triggerId);
    },
    act: deleted,
    mains: 1,
    isTracked: false,
  },
  halt: {
    before: async (triggerId) => {
      await client.submit(runOf(triggerId, "--sleep", "3000"), withJar());
      await eventually(async () => (await world.trace(triggerId).mains()) === 1, 20_000);
    },
    act: deleted,
    mains: 1,
    isTracked: false,
  },
};

/** As a client deletes whose answers get lost. */
async function deleted(triggerId: string): Promise<void> {
  await eventually(() => client.delete(triggerId).then(() => true), 30_000, 50);
}

test.each(Object.keys(acts))(
  "%s",
  async (name) => {
    const { before, act, mains, isTracked } = acts[name] as Act;
    const began = line.calls.length;
    await before?.(`${name}-golden`);
    const first = line.calls.length;
    line.arm(undefined);
    await act(`${name}-golden`);
    const calls = line.calls.slice(first).filter(({ name: call }) => !call.includes("watch"));
    const faults = calls.flatMap(({ name: call, occurrence }): Fault[] =>
      killsOf(call).map((mode) => ({ name: call, occurrence, mode })),
    );
    expect(faults.length, JSON.stringify(line.calls.slice(began))).toBeGreaterThanOrEqual(2);
    const played = [`${name}-golden`];
    for (const [number, fault] of faults.entries()) {
      const triggerId = `${name}-${number}`;
      played.push(triggerId);
      await before?.(triggerId);
      const { instance } = line;
      line.arm(fault);
      await act(triggerId);
      // Called again after a conflict: whether the operator writes between two calls is not the same each time.
      if (fault.occurrence > 1 && line.instance === instance) {
        line.arm(undefined);
        continue;
      }
      // "While it was carried out" may fall after the answer.
      await eventually(() => line.instance === instance + 1, 10_000);
      await deaths;
    }
    for (const triggerId of played) {
      if (isTracked) await outcome(triggerId);
      else await world.untilGone(flinkJobName("main", triggerId), 30_000);
      expect(await world.trace(triggerId).mains(), triggerId).toBe(mains);
    }
  },
  120_000,
);

test("and no JAR that came with a request stays", async () => {
  // The operator looks after what it finds at its start, and every ten minutes.
  await operator.restart();
  await eventually(
    async () => {
      const { files } = (await (await fetch(`${url}/jars`)).json()) as { files: { name: string }[] };
      const ours = Object.keys(acts).map((name) => `-main-${name}-`);
      expect(files.map(({ name }) => name).filter((name) => ours.some((one) => name.includes(one)))).toEqual(
        [],
      );
    },
    30_000,
    200,
  );
}, 60_000);
