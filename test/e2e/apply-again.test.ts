import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FlinkJob } from "../../src/api/objects.ts";
import { flinkJobs } from "../../src/kube/resources.ts";
import { eventually } from "../support/eventually.ts";
import { FlinkGate } from "../support/flink-gate.ts";
import { flinkTargets } from "../support/flink-target.ts";
import { JarServer } from "../support/jar-server.ts";
import type { Operator } from "../support/operator.ts";
import type { Trace } from "../support/trace.ts";
import { scenario, World } from "../support/world.ts";

const { url, jobsJar } = flinkTargets()[0]!;
let world: World;
let gate: FlinkGate;
let operator: Operator;
let trace: Trace;
let manifest: object;
let first: FlinkJob;

beforeAll(async () => {
  world = await World.open("again");
  const jars = await JarServer.start(jobsJar);
  gate = await new FlinkGate(url).open();
  world.onClose(() => jars.close());
  world.onClose(() => gate.close());
  operator = await world.operator();
  trace = world.trace("orders");
  const spec = {
    cluster: { url: gate.url },
    ...scenario(["stream", "--trace", trace.file], { uri: jars.uri() }),
    submission: { timeout: "2h" },
    flinkConfiguration: { "restart-strategy.type": "fixed-delay", "pipeline.object-reuse": true },
  };
  manifest = { apiVersion: "flinkjob.dev/v1alpha1", kind: "FlinkJob", metadata: { name: "orders" }, spec };
  await world.apply([manifest]);
  await world.untilReason("orders", "TasksRunning");
  await calm();
  first = await world.job("orders");
});
afterAll(() => world.close());

describe("the same again: nothing is written, no second job", () => {
  test("kubectl apply", async () => {
    expect((await world.apply([manifest])).stdout).toBe("flinkjob.flinkjob.dev/orders unchanged\n");
    await nothingHappens();
    expect((await world.job("orders")).metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  });

  test("another client, server-side, from another field manager", async () => {
    const applied = await world.apply(
      [manifest],
      "--server-side",
      "--field-manager=argocd",
      "--force-conflicts",
    );
    expect(applied).toMatchObject({ code: 0 });
    const shared = await world.job("orders");
    // The API server notes the second owner; that is its write, and the only one.
    await nothingHappens();
    const now = await world.job("orders");
    expect(now.metadata).toMatchObject({ generation: 1, resourceVersion: shared.metadata.resourceVersion });
    const ref = { namespace: world.namespace, name: "orders" };
    const again = { type: "apply", body: manifest, force: true } as const;
    await world.kube.patch(flinkJobs, ref, again, { fieldManager: "argocd" });
    expect((await world.job("orders")).metadata.resourceVersion).toBe(shared.metadata.resourceVersion);
  });

  test("a restarted operator", async () => {
    const { resourceVersion } = (await world.job("orders")).metadata;
    await operator.restart("SIGTERM");
    await nothingHappens();
    expect((await world.job("orders")).metadata.resourceVersion).toBe(resourceVersion);
  });

  test("what is no part of the job: a label, a TTL", async () => {
    await world.kubectl(["label", "fj", "orders", "team=blue"]);
    await world.editJob("orders", { ttlSecondsAfterFinished: 3600 });
    const acknowledged = await world.until("orders", ({ status }) => status?.observedGeneration === 2);
    expect(acknowledged.status).toMatchObject({ trigger: { id: "g1", state: "running", generation: 1 } });
    await nothingHappens();
  });
});

/** Steady polling, nothing else. */
async function calm(): Promise<void> {
  await eventually(() => {
    const [before, last] = gate.requests.slice(-2);
    const polls = [before, last].every((request) => request?.path.startsWith("/jobs/overview"));
    return polls && last!.at - before!.at > 900;
  });
}

async function nothingHappens(): Promise<void> {
  const polls = gate.requests.length;
  await eventually(() => gate.requests.length >= polls + 2);
  await calm();
  expect(gate.runs).toHaveLength(1);
  expect(await trace.mains()).toBe(1);
  const { uid } = first.metadata;
  const { jobId } = first.status!.trigger!;
  const { jobs } = (await (await fetch(`${url}/jobs/overview`)).json()) as {
    jobs: { jid: string; state: string }[];
  };
  const own = jobs.filter(({ jid }) => jid.startsWith(jobId.slice(0, 16)));
  expect(own).toMatchObject([{ jid: jobId, state: "RUNNING" }]);
  expect((await world.job("orders")).metadata.uid).toBe(uid);
}
