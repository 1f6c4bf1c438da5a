import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { scenarioClass } from "../../dev/flink/jobs.ts";
import type { LocalNode } from "../../dev/node/node.ts";
import { eventually } from "../support/eventually.ts";
import { type Pod, Pods } from "./pods.ts";
import { jarId, sessionCluster } from "./session-cluster.ts";

const jobId = "0123456789abcdef".repeat(2);

// What every managed cluster will stand on: a real Flink in real pods, whose leader Kubernetes elects.
describe.each(["1.20", "2.3"])("a session cluster of Flink %s in pods", (version) => {
  const name = `session-${version.replace(".", "-")}`;
  let pods: Pods;
  let node: LocalNode;
  let rest: string;

  beforeAll(async () => {
    pods = await Pods.open(name);
    node = pods.node;
    const image = inject("images")[version]!;
    const storage = await node.sharedDirectory(name);
    await pods.apply(sessionCluster({ name, namespace: name, image, storage }));
    rest = `http://${await pods.serviceAddress(`${name}-jobmanager`)}:8081`;
  });
  afterAll(() => pods.close());

  test("runs a job, whose JAR nobody uploaded", async () => {
    await eventually(async () => (await get(rest, "/jars")).status === 200, 60_000);
    expect(await (await get(rest, "/jars")).json()).toMatchObject({ files: [{ id: jarId }] });
    const answer = await fetch(`${rest}/jars/${jarId}/run`, {
      method: "POST",
      body: JSON.stringify({ entryClass: scenarioClass, programArgsList: ["stream"], jobId }),
    });
    expect([answer.status, await answer.json()]).toMatchObject([200, { jobid: jobId }]);
    await eventually(() => tasksRun(rest), 60_000);
  });

  test("runs it on after its JobManager was killed, in the same pod", async () => {
    const before = await jobManager();
    await node.containers.kill(before.containerId);
    await eventually(async () => (await jobManager()).restarts === 1, 20_000);
    await eventually(() => tasksRun(rest), 60_000);
    expect(await jobManager()).toMatchObject({ name: before.name, address: before.address });
  });

  test("runs it on in another pod after that of its JobManager was deleted", async () => {
    const before = await jobManager();
    await pods.kubectl(["delete", "pod", before.name, "--force", "--grace-period=0"]);
    // The old one may still answer by the Service's address.
    const own = await eventually(async () => {
      const { name, address } = await jobManager();
      return name !== before.name && address !== undefined && `http://${address}:8081`;
    }, 20_000);
    await eventually(() => tasksRun(own), 60_000);
    // The JAR is there under the same name, although the pod's own directory is a new one.
    expect(await (await get(own, "/jars")).json()).toMatchObject({ files: [{ id: jarId }] });
    await eventually(() => tasksRun(rest), 20_000);
  });

  async function jobManager(): Promise<Pod> {
    const [pod] = await pods.list({ role: "jobmanager" });
    if (pod === undefined) throw new Error("There is no JobManager's pod");
    return pod;
  }

  function get(url: string, path: string): Promise<Response> {
    return fetch(url + path, { signal: AbortSignal.timeout(1_000) });
  }

  async function tasksRun(url: string): Promise<boolean> {
    const { jobs } = (await (await get(url, "/jobs/overview")).json()) as {
      jobs: { jid: string; state: string; tasks: { running: number; total: number } }[];
    };
    const job = jobs.find(({ jid }) => jid === jobId);
    return job?.state === "RUNNING" && job.tasks.total > 0 && job.tasks.running === job.tasks.total;
  }
});
