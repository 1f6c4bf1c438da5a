import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { API_VERSION, JOB_ID_LABEL, JOB_UID_LABEL } from "../../src/api/group.ts";
import type { FlinkCluster, FlinkJob } from "../../src/api/objects.ts";
import type { FlinkJobStatus, TriggerStatus } from "../../src/api/status.ts";
import { planJobName } from "../../src/core/per-job/naming.ts";
import { Destinations } from "../../src/flink/rest/destinations.ts";
import { unreadBodies } from "../../src/gateway/limits/unread-bodies.ts";
import { perJob } from "../../src/gateway/per-job/routes.ts";
import { Planning, type PlanningOptions } from "../../src/gateway/plans/planning.ts";
import type { Access } from "../../src/gateway/ports.ts";
import { JobManagers } from "../../src/gateway/proxy/job-managers.ts";
import type { PassedOn } from "../../src/gateway/proxy/passage.ts";
import { SELECTOR } from "../../src/gateway/run-async/submission-job.ts";
import { createGateway } from "../../src/gateway/server.ts";
import { trimmed } from "../../src/gateway/store/listing.ts";
import { planIndexers } from "../../src/gateway/store/plan-jobs.ts";
import { templateIndexers } from "../../src/gateway/store/templates.ts";
import { KubeClient } from "../../src/kube/client.ts";
import { systemClock } from "../../src/kube/clock.ts";
import { Followed } from "../../src/kube/followed.ts";
import { Informer } from "../../src/kube/informer.ts";
import { flinkClusters, flinkJobs } from "../../src/kube/resources.ts";
import { Transport } from "../../src/kube/transport.ts";
import { eventually } from "./eventually.ts";
import { FakeApiServer } from "./fake-apiserver/server.ts";
import { PlanManager } from "./plan-manager.ts";

export const everybody: Access = { authorize: async () => ({ user: "jane" }) };

/** A JobID as a client makes one, and what it calls its plan. */
export function planOf(jobId: string, digits = "123", kind: "jobgraph" | "executionPlan" = "executionPlan") {
  return { jobId, file: `flink-${kind}-${jobId}${digits}.bin`, kind };
}

export const BOUNDARY = "6d15a1c5ecd53ed3";

/** The body of a `POST /jobs`, as Flink's client writes it. */
export function planBody({ file, kind }: ReturnType<typeof planOf>, jar = "PK-a-jar"): Buffer {
  const name = kind === "jobgraph" ? "jobGraphFileName" : "executionPlanFileName";
  const request = JSON.stringify({ [name]: file, jobJarFileNames: ["cli.jar"], jobArtifactFileNames: [] });
  const part = (head: string, type: string, content: string) =>
    `--${BOUNDARY}\r\ncontent-disposition: form-data; ${head}\r\ncontent-length: ${Buffer.byteLength(content)}\r\n` +
    `content-type: ${type}\r\n\r\n${content}\r\n`;
  return Buffer.from(
    part('name="request"', "text/plain; charset=UTF-8", request) +
      part(`name="file_0"; filename="${file}"`, "application/octet-stream", "a Java stream") +
      part('name="file_1"; filename="cli.jar"', "application/java-archive", jar) +
      `--${BOUNDARY}--\r\n`,
  );
}

interface StageOptions extends Partial<PlanningOptions> {
  readonly access?: Access;
  /** The gateway is the test's to start, as a process. */
  readonly withoutGateway?: boolean;
}

/** A gateway that takes plans, between a fake API server and the JobManager of every job's own cluster; the test is the operator. */
export class PlanStage {
  readonly api: FakeApiServer;
  readonly manager: PlanManager;
  readonly kube: KubeClient;
  readonly directory: string;
  readonly passed: PassedOn[] = [];
  /** What became of hand-overs: name, result, why. */
  readonly handed: string[] = [];
  planning!: Planning;
  gateway!: FastifyInstance;
  /** Where it listens. */
  url = "";
  readonly #options: StageOptions;
  #stops: (() => Promise<void>)[] = [];

  private constructor(
    api: FakeApiServer,
    manager: PlanManager,
    kube: KubeClient,
    directory: string,
    options: StageOptions,
  ) {
    this.api = api;
    this.manager = manager;
    this.kube = kube;
    this.directory = directory;
    this.#options = options;
  }

  static async open(options: StageOptions = {}): Promise<PlanStage> {
    const api = await new FakeApiServer().start();
    const kube = new KubeClient(new Transport(api.access));
    const directory = await mkdtemp(join(tmpdir(), "flinkjob-plans-"));
    const manager = await PlanManager.start();
    const stage = new PlanStage(api, manager, kube, directory, options);
    await stage.template("orders");
    if (options.withoutGateway !== true) await stage.start();
    return stage;
  }

  /** A FlinkCluster whose copies plans get. */
  template(name: string, perJobFields: object = {}, flinkVersion = "2.3"): Promise<FlinkCluster> {
    const managed = { flinkVersion, image: `flink:${flinkVersion}`, storage: { uri: "s3://bucket/flink" } };
    const spec = { managed, perJob: perJobFields } as unknown as FlinkCluster["spec"];
    const object = {
      apiVersion: API_VERSION,
      kind: "FlinkCluster",
      metadata: { namespace: "team", name },
      spec,
    } as const;
    return this.kube.create(flinkClusters, object);
  }

  /** Another gateway, on the same volume; from now on `gateway`, `planning` and `url` are its own. */
  async start(): Promise<void> {
    const { api, directory, manager } = this;
    const transport = new Transport(api.access);
    const kube = new KubeClient(transport);
    const watching = new AbortController();
    const jobs = new Followed([
      new Informer<FlinkJob>({
        ...{ client: kube, resource: flinkJobs, selection: { labelSelector: SELECTOR } },
        ...{ indexers: planIndexers, trim: trimmed },
      }),
    ]);
    const clusters = new Followed([
      new Informer<FlinkCluster>({ client: kube, resource: flinkClusters, indexers: templateIndexers }),
    ]);
    const watched = [jobs.run(watching.signal), clusters.run(watching.signal)];
    await eventually(() => jobs.hasSynced() && clusters.hasSynced());
    const destinations = new Destinations({ loopback: true });
    const real = new JobManagers({ destinations });
    // Names of Services lead nowhere here: all JobManagers are one.
    const jobManagers = {
      send: (request: Parameters<JobManagers["send"]>[0]) =>
        real.send({ ...request, base: new URL(manager.url) }),
      close: () => real.close(),
    };
    const { access = everybody, withoutGateway: _, ...options } = this.#options;
    this.planning = await Planning.open({
      ...{ directory, space: 1024 ** 2, kube, jobs, clusters, destinations, jobManagers, clock: systemClock },
      ...{
        longest: 1024 ** 2,
        deadlineMs: 10_000,
        stallMs: 5_000,
        concurrency: 2,
        timeoutMs: 600_000,
        retentionMs: 3_600_000,
      },
      onHanded: ({ metadata }, result, why) =>
        void this.handed.push([metadata.name, result, why].filter((word) => word !== undefined).join(" ")),
      ...options,
    });
    const onPassed = (passed: PassedOn) => this.passed.push(passed);
    const part = perJob({ access, parts: this.planning.parts, stallMs: 5_000, onPassed });
    this.gateway = await createGateway({
      access,
      clusters: { resolve: () => Promise.reject() },
      parts: [unreadBodies, part],
    });
    this.url = await this.gateway.listen({ host: "127.0.0.1", port: 0 });
    this.planning.start();
    const { gateway, planning } = this;
    this.#stops.push(async () => {
      gateway.server.closeAllConnections();
      await gateway.close();
      await planning.stop();
      watching.abort();
      await Promise.all(watched);
      await transport.close();
    });
  }

  /** The gateways end. */
  async stop(): Promise<void> {
    await Promise.all(this.#stops.splice(0).map((stop) => stop()));
  }

  async close(): Promise<void> {
    await this.stop();
    await this.kube.transport.close();
    await this.manager.close();
    await this.api.stop();
    await rm(this.directory, { recursive: true });
  }

  /** `POST /jobs` of Flink's client. */
  async post(plan: ReturnType<typeof planOf>, path = "/per-job/team/orders/v1/jobs", body = planBody(plan)) {
    const headers = { "content-type": `multipart/form-data; boundary=${BOUNDARY}` };
    const answer = await fetch(`${this.url}${path}`, { method: "POST", headers, body });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  }

  /** Below the template's address, unless it is a whole path. */
  async ask(what: string, init: { method?: "GET" | "POST" | "PATCH"; body?: string } = {}) {
    const { method = "GET", body = "{}" } = init;
    const headers = { "content-type": "application/json; charset=UTF-8" };
    const path = what.startsWith("/per-job") ? what : `/per-job/team/orders/v1${what}`;
    const answer = await fetch(`${this.url}${path}`, {
      method,
      ...(method === "GET" ? {} : { headers, body }),
    });
    const text = await answer.text();
    return { status: answer.status, body: JSON.parse(text), text };
  }

  job({ jobId }: { jobId: string }, template = "orders"): Promise<FlinkJob> {
    return this.kube.get(flinkJobs, { namespace: "team", name: planJobName(template, jobId) });
  }

  jobs(): Promise<FlinkJob[]> {
    return this.kube.list(flinkJobs, { namespace: "team" }).then(({ items }) => items);
  }

  /** What the operator would write. */
  async write(
    plan: { jobId: string; template?: string },
    trigger: Partial<TriggerStatus>,
    more: Partial<FlinkJobStatus> = {},
  ): Promise<void> {
    const job = await this.job(plan, plan.template);
    const whole: TriggerStatus = {
      ...{
        id: "g1",
        state: "pending",
        jobId: plan.jobId,
        attempt: 1,
        generation: 1,
        runHash: "0".repeat(16),
      },
      ...{ sends: 0, tries: 0, requestedAt: new Date().toISOString() },
      ...job.status?.trigger,
      ...trigger,
    };
    await this.kube.replaceStatus(flinkJobs, {
      ...job,
      status: { observedGeneration: 1, ...job.status, trigger: whole, ...more },
    });
    if (this.#options.withoutGateway === true) return;
    const seen = () => this.planning.parts.jobs.known(`team/${job.metadata.name}`)?.status?.trigger;
    await eventually(() => seen()?.state === whole.state && seen()?.reason === whole.reason);
  }

  /** The plan's cluster is there, and waits. */
  async await(plan: { jobId: string }, labels: Record<string, string> = {}): Promise<void> {
    const { metadata, spec } = await this.job(plan);
    const { perJob: made } = spec.cluster;
    const name = `own-${plan.jobId.slice(0, 8)}`;
    const { mode: _, keepClusterFor: __, ...managed } = made!;
    const own = { [JOB_ID_LABEL]: plan.jobId, [JOB_UID_LABEL]: metadata.uid ?? "", ...labels };
    const object = {
      apiVersion: API_VERSION,
      kind: "FlinkCluster",
      metadata: { namespace: "team", name, labels: own },
    } as const;
    await this.kube.create(flinkClusters, { ...object, spec: { managed } as FlinkCluster["spec"] });
    await this.write(plan, { state: "pending", reason: "PlanAwaited", cluster: { name, mode: "session" } });
  }
}
