import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { type FlinkInstance, type StartFlinkOptions, startFlink } from "../../dev/flink/cluster.ts";
import { scenarioClass } from "../../dev/flink/jobs.ts";
import type { FlinkClusterSpecInput } from "../../src/api/flinkcluster.ts";
import type { FlinkJobSpecInput } from "../../src/api/flinkjob.ts";
import type { FlinkSavepointSpecInput } from "../../src/api/flinksavepoint.ts";
import { API_VERSION } from "../../src/api/group.ts";
import type { FlinkCluster, FlinkJob, FlinkSavepoint } from "../../src/api/objects.ts";
import { KubeClient } from "../../src/kube/client.ts";
import { loadClusterAccess } from "../../src/kube/config.ts";
import { isKubeError } from "../../src/kube/errors.ts";
import { flinkClusters, flinkJobs, flinkSavepoints } from "../../src/kube/resources.ts";
import { Transport } from "../../src/kube/transport.ts";
import type { KubeObject, Resource } from "../../src/kube/types.ts";
import { eventually } from "./eventually.ts";
import { ground } from "./ground.ts";
import { KubeGate } from "./kube-gate.ts";
import { kubectl, type Printed } from "./kubectl.ts";
import { Operator, type OperatorOptions } from "./operator.ts";
import { Recording } from "./recording.ts";
import { Trace } from "./trace.ts";

const namespaces: Resource<KubeObject> = {
  group: "",
  version: "v1",
  kind: "Namespace",
  plural: "namespaces",
  namespaced: false,
};
interface KubeEvent extends KubeObject {
  type: string;
  reason: string;
  note: string;
  regarding: { kind: string; name: string; uid: string };
}
const kubeEvents: Resource<KubeEvent> = {
  group: "events.k8s.io",
  version: "v1",
  kind: "Event",
  plural: "events",
  namespaced: true,
};

/** The administrator's kubeconfig of this test run. */
export function testKubeconfig(): string {
  const provided = ground()?.kubeconfig ?? process.env.FLINKJOB_TEST_KUBECONFIG;
  if (!provided)
    throw new Error("No API server: set FLINKJOB_TEST_KUBECONFIG, or run the tests through npm test");
  return provided;
}

/** Scenario, run with these words. */
export function scenario(
  args: readonly string[],
  jar: FlinkJobSpecInput["jar"],
): Omit<FlinkJobSpecInput, "cluster"> {
  return { jar, entryClass: scenarioClass, args: [...args] };
}

/**
 * Namespaces of one test's own, with everything that happens to their FlinkJobs recorded: each version of each status
 * must conform to what kstatus expects (checked in close()).
 */
export class World {
  readonly kubeconfig: string;
  readonly kube: KubeClient;
  /** Of the test's own files; gone after close(). */
  readonly dir: string;
  readonly namespace: string;
  /** What happened to their FlinkJobs. */
  readonly recording: Recording;
  readonly #namespaces: string[];
  readonly #operators: Operator[] = [];
  readonly #undo: (() => Promise<unknown>)[] = [];

  private constructor(kubeconfig: string, kube: KubeClient, dir: string, names: string[]) {
    this.kubeconfig = kubeconfig;
    this.kube = kube;
    this.dir = dir;
    this.#namespaces = names;
    this.recording = new Recording(kube);
    this.namespace = names[0]!;
  }

  /** `count` namespaces; further ones are in `namespaces`. */
  static async open(story: string, options: { count?: number; kubeconfig?: string } = {}): Promise<World> {
    const { count = 1, kubeconfig = testKubeconfig() } = options;
    const kube = new KubeClient(new Transport(await loadClusterAccess({ kubeconfig })), {
      fieldManager: "test",
    });
    const dir = await mkdtemp(join(tmpdir(), `flinkjob-${story}-`));
    const run = randomBytes(3).toString("hex");
    const names = Array.from({ length: count }, (_, i) => `${story}-${run}${i === 0 ? "" : `-${i + 1}`}`);
    const world = new World(kubeconfig, kube, dir, names);
    try {
      for (const name of names) {
        await kube.create(namespaces, { metadata: { name } });
        await world.recording.follow(name);
      }
    } catch (error) {
      await rm(dir, { recursive: true });
      throw error;
    }
    return world;
  }

  get namespaces(): readonly string[] {
    return this.#namespaces;
  }

  /** Of all FlinkJobs that were ever there. */
  get uids(): Set<string> {
    return new Set(this.recording.versions.map(({ metadata }) => metadata.uid ?? ""));
  }

  /** To be undone in close(), the last one first. */
  onClose(undo: () => Promise<unknown>): void {
    this.#undo.push(undo);
  }

  /** An operator for these namespaces. */
  operator(...args: string[]): Promise<Operator> {
    return this.operatorWith({ args });
  }

  async operatorWith(options: Omit<OperatorOptions, "namespaces" | "kubeconfig"> & { kubeconfig?: string }) {
    const { kubeconfig } = this;
    const operator = await Operator.start({ kubeconfig, namespaces: this.#namespaces, ...options });
    this.#operators.push(operator);
    return operator;
  }

  /** Between an operator of this world and the API server. */
  async kubeGate(): Promise<{ gate: KubeGate; kubeconfig: string }> {
    const gate = await KubeGate.open(this.kubeconfig);
    this.onClose(() => gate.close());
    return { gate, kubeconfig: await gate.writeKubeconfig(join(this.dir, "through-gate.yaml")) };
  }

  /** A Flink of this test's own, which may be harmed. */
  async flink(options: Omit<StartFlinkOptions, "dir" | "ownerPid">): Promise<FlinkInstance> {
    const flink = await startFlink({
      dir: await mkdtemp(join(this.dir, "flink-")),
      ownerPid: process.pid,
      ...options,
    });
    this.onClose(() => flink.stop());
    return flink;
  }

  trace(name: string): Trace {
    return new Trace(join(this.dir, `${name}.trace`));
  }

  async createJob(name: string, spec: FlinkJobSpecInput, namespace = this.namespace): Promise<FlinkJob> {
    // The API server fills in the defaults.
    const object = { apiVersion: API_VERSION, kind: "FlinkJob", metadata: { name, namespace }, spec };
    return this.kube.create(flinkJobs, object as FlinkJob);
  }

  async createCluster(
    name: string,
    spec: FlinkClusterSpecInput,
    namespace = this.namespace,
  ): Promise<FlinkCluster> {
    const metadata = { name, namespace };
    // The API server fills in the defaults.
    const object = { apiVersion: API_VERSION, kind: "FlinkCluster", metadata, spec };
    return this.kube.create(flinkClusters, object as FlinkCluster);
  }

  createSavepoint(name: string, spec: FlinkSavepointSpecInput): Promise<FlinkSavepoint> {
    const metadata = { name, namespace: this.namespace };
    const object = { apiVersion: API_VERSION, kind: "FlinkSavepoint", metadata, spec };
    return this.kube.create(flinkSavepoints, object as FlinkSavepoint);
  }

  savepoint(name: string): Promise<FlinkSavepoint> {
    return this.kube.get(flinkSavepoints, { namespace: this.namespace, name });
  }

  async savepoints(): Promise<FlinkSavepoint[]> {
    return (await this.kube.list(flinkSavepoints, { namespace: this.namespace })).items;
  }

  /** Waits for a version of the FlinkSavepoint that `check` is true of. */
  async untilSavepoint(name: string, check: (savepoint: FlinkSavepoint) => boolean, limitMs = 40_000) {
    let last: FlinkSavepoint | undefined;
    try {
      return await eventually(
        async () => {
          last = await this.savepoint(name);
          return check(last) ? last : false;
        },
        limitMs,
        50,
      );
    } catch (error) {
      const shown = JSON.stringify(last?.status ?? (error as Error).cause, undefined, 1);
      throw new Error(`${name}: not within ${limitMs} ms: ${check}\n${shown}`, { cause: error });
    }
  }

  async deleteSavepoint(name: string): Promise<void> {
    const ref = { namespace: this.namespace, name };
    await this.kube.delete(flinkSavepoints, ref);
    await eventually(
      () =>
        this.savepoint(name).then(
          () => false,
          (error: unknown) => isKubeError(error, "NotFound"),
        ),
      20_000,
      50,
    );
  }

  job(name: string, namespace = this.namespace): Promise<FlinkJob> {
    return this.kube.get(flinkJobs, { namespace, name });
  }

  editJob(name: string, spec: Partial<FlinkJobSpecInput>, namespace = this.namespace): Promise<FlinkJob> {
    return this.kube.patch(flinkJobs, { namespace, name }, { type: "merge", body: { spec } });
  }

  async deleteJob(name: string, namespace = this.namespace): Promise<void> {
    await this.kube.delete(flinkJobs, { namespace, name });
  }

  async exists(name: string, namespace = this.namespace): Promise<boolean> {
    try {
      await this.job(name, namespace);
      return true;
    } catch (error) {
      if (isKubeError(error, "NotFound")) return false;
      throw error;
    }
  }

  /** Waits for a version of the object that `check` is true of. */
  async until(name: string, check: (job: FlinkJob) => boolean, limitMs = 20_000, namespace = this.namespace) {
    let last: FlinkJob | undefined;
    let seen = 0;
    try {
      return await eventually(
        async () => {
          seen = this.recording.changes;
          last = await this.job(name, namespace);
          return check(last) ? last : false;
        },
        limitMs,
        () => this.recording.news(seen),
      );
    } catch (error) {
      const shown = JSON.stringify(last?.status ?? (error as Error).cause, undefined, 1);
      throw new Error(`${name}: not within ${limitMs} ms: ${check}\n${shown}`, { cause: error });
    }
  }

  untilReason(name: string, reason: string, limitMs?: number, namespace?: string): Promise<FlinkJob> {
    return this.until(name, ({ status }) => status?.trigger?.reason === reason, limitMs, namespace);
  }

  async untilGone(name: string, limitMs = 20_000, namespace = this.namespace): Promise<void> {
    let seen = 0;
    const gone = async () => {
      seen = this.recording.changes;
      return !(await this.exists(name, namespace));
    };
    await eventually(gone, limitMs, () => this.recording.news(seen));
  }

  async events(name: string, namespace = this.namespace, kind = "FlinkJob"): Promise<KubeEvent[]> {
    const { items } = await this.kube.list(kubeEvents, { namespace });
    return items.filter(({ regarding }) => regarding.kind === kind && regarding.name === name);
  }

  /** Events are written a moment after the status. */
  untilEvent(name: string, reason: string, namespace = this.namespace): Promise<KubeEvent> {
    return eventually(
      async () => (await this.events(name, namespace)).find((event) => event.reason === reason) ?? false,
      5_000,
      100,
    );
  }

  /** kubectl in this world's first namespace. */
  kubectl(args: readonly string[], input?: string): Promise<Printed> {
    const { kubeconfig, namespace } = this;
    return kubectl({ kubeconfig, namespace, args, input });
  }

  /** `kubectl apply -f -` of objects of this world. */
  apply(objects: readonly object[], ...flags: string[]): Promise<Printed> {
    const list = { apiVersion: "v1", kind: "List", items: objects };
    return this.kubectl(["apply", "-f", "-", ...flags], JSON.stringify(list));
  }

  /** Ends everything; the namespaces go in their own time. */
  async close(): Promise<void> {
    await Promise.all(this.#operators.map((operator) => operator.kill()));
    await this.recording.close();
    await this.#cancelJobs();
    for (const undo of this.#undo.splice(0).reverse()) await undo();
    for (const name of this.#namespaces) await this.#discard(name);
    await rm(this.dir, { recursive: true });
    expect(this.recording.conditionFaults()).toEqual([]);
    expect(this.#operators.flatMap(({ noise }) => noise)).toEqual([]);
  }

  /** What these FlinkJobs left on clusters that go on for other tests. */
  async #cancelJobs(): Promise<void> {
    const jobs = new Map<string, string>();
    for (const { status } of this.recording.versions) {
      const { jobId, sentTo } = status?.trigger ?? {};
      if (jobId && sentTo) jobs.set(jobId, sentTo.url);
    }
    await Promise.allSettled(
      [...jobs].map(([jobId, url]) =>
        fetch(`${url}/jobs/${jobId}?mode=cancel`, { method: "PATCH", signal: AbortSignal.timeout(2_000) }),
      ),
    );
  }

  async #discard(namespace: string): Promise<void> {
    try {
      for (const resource of [flinkJobs, flinkSavepoints, flinkClusters] as Resource<KubeObject>[]) {
        for await (const { metadata } of this.kube.listAll(resource, { namespace })) {
          const { name = "", finalizers } = metadata;
          if (!finalizers?.length) continue;
          const body = { metadata: { finalizers: null } };
          await this.kube.patch(resource, { namespace, name }, { type: "merge", body });
        }
      }
      await this.kube.delete(namespaces, { name: namespace });
    } catch (error) {
      if (!isKubeError(error, "NotFound", "Conflict", "Unreachable")) throw error;
    }
  }
}
