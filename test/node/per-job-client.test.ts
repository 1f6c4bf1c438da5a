import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { buildJobsJar, scenarioClass } from "../../dev/flink/jobs.ts";
import { freePorts } from "../../dev/machine/ports.ts";
import { smallCluster } from "../../dev/node/small-cluster.ts";
import type { FlinkJob } from "../../src/api/objects.ts";
import { flinkClusters, flinkJobs } from "../../src/kube/resources.ts";
import { eventually } from "../support/eventually.ts";
import { FlinkCli, type RunningCli } from "../support/flink-cli.ts";
import { ManagedSubject } from "../support/managed-cluster.ts";
import type { Operator } from "../support/operator.ts";
import { World } from "../support/world.ts";
import { Pods } from "./pods.ts";

// Flink's own command line, as it is, before a gateway that gives each execute() a cluster of its own, on a real kubelet. What each step does
// when it is cut is told with fakes, in test/e2e/gateway-plans-killed.test.ts.

const names = fileURLToPath(new URL("../support/service-names.ts", import.meta.url));
const LIMIT_MS = 900_000;
/** For one cluster to come and go. */
const CLUSTER_MS = 300_000;

/** What a user has: a template, the gateway's address, a client. */
class Place {
  readonly world: World;
  readonly gateway: Operator;
  readonly port: number;
  readonly plans: string;
  readonly jar: string;
  readonly #clis: RunningCli[] = [];
  readonly #version: string;

  private constructor(parts: Pick<Place, "world" | "gateway" | "port" | "plans" | "jar">, version: string) {
    this.world = parts.world;
    this.gateway = parts.gateway;
    this.port = parts.port;
    this.plans = parts.plans;
    this.jar = parts.jar;
    this.#version = version;
  }

  static async open(version: "1.20" | "2.3"): Promise<Place> {
    const world = await World.open(`client-${version.replace(".", "-")}`);
    const pods = await Pods.open(world.namespace);
    const hostPath = await pods.node.sharedDirectory(world.namespace);
    const managed = smallCluster(version, inject("images")[version]!, hostPath);
    await world.createCluster("orders", { managed, perJob: {} });
    const [port = 0] = await freePorts(1);
    const plans = join(world.dir, "plans");
    const [, gateway] = await Promise.all([
      world.operator(),
      mkdir(plans).then(() =>
        world.operatorWith({
          program: "src/gateway-main.ts",
          imports: [`${new URL(`file://${names}`)}?server=${pods.node.addresses.node}`],
          args: ["--address", `127.0.0.1:${port}`, "--plan-directory", plans],
        }),
      ),
    ]);
    const jar = await buildJobsJar(version);
    const place = new Place({ world, gateway, port, plans, jar }, version);
    world.onClose(async () => {
      for (const { kill } of place.#clis) kill("SIGKILL");
    });
    return place;
  }

  /** With a configuration as a user writes it. */
  client(name: string, template: string, more: Readonly<Record<string, string>> = {}): Promise<FlinkCli> {
    return FlinkCli.install({
      version: this.#version,
      dir: join(this.world.dir, name),
      configuration: {
        "execution.target": "remote",
        "rest.address": "127.0.0.1",
        "rest.port": this.port,
        "rest.path": `/per-job/${this.world.namespace}/${template}`,
        ...more,
      },
    });
  }

  async start(cli: FlinkCli, ...words: string[]): Promise<RunningCli> {
    const running = await cli.start(...words);
    this.#clis.push(running);
    return running;
  }

  run(flags: string[], ...scenario: string[]): string[] {
    return ["run", ...flags, "-c", scenarioClass, this.jar, ...scenario];
  }

  /** FlinkJobs of jobs of this name, the oldest first. */
  async jobs(where: (job: FlinkJob) => boolean = () => true): Promise<FlinkJob[]> {
    const { kube, namespace } = this.world;
    const { items } = await kube.list(flinkJobs, { namespace });
    const time = ({ status, metadata }: FlinkJob) =>
      status?.trigger?.requestedAt ?? metadata.creationTimestamp ?? "";
    return items.filter(where).sort((a, b) => (time(a) < time(b) ? -1 : 1));
  }

  /** The FlinkJob of a JobID, once it is as it should be. */
  async until(jobId: string, check: (job: FlinkJob) => boolean, limitMs = CLUSTER_MS): Promise<FlinkJob> {
    const [job] = await eventually(
      async () => {
        const found = await this.jobs((one) => one.spec.trigger?.jobId === jobId && check(one));
        return found.length === 1 ? found : false;
      },
      limitMs,
      100,
    );
    return job!;
  }

  async untilClusterGone({ status }: FlinkJob): Promise<void> {
    await new ManagedSubject(this.world, status?.trigger?.cluster?.name ?? "").untilGone(CLUSTER_MS);
  }
}

const jobIdsIn = (text: string) =>
  [...text.matchAll(/submitted with JobID ([0-9a-f]{32})/g)].map(([, id = ""]) => id);
const running = ({ status }: Pick<FlinkJob, "status">) => status?.trigger?.reason === "TasksRunning";
/** The end is on record first, then what the client asks for. */
const told = ({ status }: Pick<FlinkJob, "status">) => status?.executionResult !== undefined;
const state = (wanted: string) => (job: FlinkJob) => job.status?.trigger?.state === wanted;

describe("Flink 2.3", () => {
  let place: Place;
  beforeAll(async () => {
    place = await Place.open("2.3");
  }, LIMIT_MS);
  afterAll(() => place.world.close());

  test(
    "a main() with executeAndCollect() and two execute(), attached: three clusters, one after the other; the gateway is killed meanwhile",
    async () => {
      const cli = await place.client("attached", "orders");
      // What it collects is too large for a FlinkJob, where main() did not ask for it before its job had ended.
      const collecting = ["result", "--collect", "5000", "--times", "2", "--name", "three"];
      const running = await place.start(cli, ...place.run([], ...collecting));
      await eventually(() => place.gateway.said("Recorded a plan"), CLUSTER_MS);
      // Between the 202 and whatever comes next.
      await place.gateway.kill("SIGKILL");
      const [kept = ""] = await readdir(place.plans);
      const body = await readFile(join(place.plans, kept));
      await place.gateway.start();
      const [, boundary] = /^--(\S+)/.exec(body.toString("latin1")) ?? [];
      const again = await fetch(
        `http://127.0.0.1:${place.port}/per-job/${place.world.namespace}/orders/v1/jobs`,
        {
          method: "POST",
          headers: { "content-type": `multipart/form-data; boundary=${boundary}` },
          body,
        },
      );
      expect(again.status, await again.text()).toBe(202);
      expect(await place.jobs()).toHaveLength(1);
      const { code, stdout, stderr } = await running.ended;
      expect(code, stdout + stderr).toBe(0);
      expect(stderr.match(/(collected|elements): \d+/g)).toEqual([
        "collected: 5000",
        "elements: 100",
        "elements: 100",
      ]);
      const jobs = await place.jobs();
      expect(jobs.map(({ spec }) => spec.trigger?.jobId)).toEqual(jobIdsIn(stdout));
      expect(new Set(jobs.map(({ status }) => status?.trigger?.cluster?.name)).size).toBe(3);
      for (const [at, { spec }] of [...jobs.entries()].reverse()) {
        const job = await place.until(spec.trigger?.jobId ?? "", told);
        const { text, absent } = job.status?.executionResult ?? {};
        if (at === 0) expect(text ?? absent).toMatch(/"id":"COMPLETED"|^It is larger, \d{5} bytes/);
        else expect(JSON.parse(text ?? "{}")).toMatchObject({ status: { id: "COMPLETED" } });
        await place.untilClusterGone(job);
      }
      expect(await readdir(place.plans)).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    "detached, two executeAsync(): listed, a savepoint, cancelled, stopped, by the same client",
    async () => {
      const cli = await place.client("detached", "orders");
      const { code, stdout, stderr } = await (
        await place.start(cli, ...place.run(["-d"], "two-async", "--name", "async"))
      ).ended;
      expect(code, stdout + stderr).toBe(0);
      const [first = "", second = ""] = jobIdsIn(stdout);
      for (const id of [first, second]) await place.until(id, running);
      const listed = await cli.run("list", "-r");
      for (const line of [`${first} : async-1 (RUNNING)`, `${second} : async-2 (RUNNING)`])
        expect(listed.stdout, listed.stderr).toContain(line);
      const [cancelled, saved] = await Promise.all([
        cli.run("cancel", first),
        cli.run("savepoint", second, "file:///flink/storage/savepoints"),
      ]);
      expect(cancelled.code, cancelled.stdout + cancelled.stderr).toBe(0);
      expect(saved, saved.stderr).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/Savepoint completed\. Path: file:\S+savepoint-/),
      });
      const stopped = await cli.run("stop", "-p", "file:///flink/storage/savepoints", second);
      expect(stopped, stopped.stderr).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/Savepoint completed\. Path: file:\S+savepoint-/),
      });
      await place.untilClusterGone(await place.until(first, state("canceled")));
      await place.untilClusterGone(await place.until(second, state("finished")));
    },
    LIMIT_MS,
  );

  test(
    "a client that ends: with -sae and Ctrl-C its job is cancelled, killed it leaves a cluster that ends with its job",
    async () => {
      const attached = await place.client("interrupted", "orders");
      const killed = await place.client("killed", "orders");
      const before = new Set((await place.jobs()).map(({ metadata }) => metadata.name));
      const one = await place.start(attached, ...place.run(["-sae"], "stream", "--name", "interrupted"));
      const other = await place.start(killed, ...place.run([], "batch", "--name", "killed"));
      const ids = await eventually(async () => {
        const found = await place.jobs(({ metadata }) => !before.has(metadata.name));
        return found.length === 2 && found.map(({ spec }) => spec.trigger?.jobId ?? "");
      }, CLUSTER_MS);
      other.kill("SIGKILL");
      const interrupted = await eventually(
        async () => {
          const [found] = await place.jobs(
            ({ status }) => status?.job?.name === "interrupted" && running({ status }),
          );
          return found ?? false;
        },
        CLUSTER_MS,
        100,
      );
      one.kill("SIGINT");
      expect((await one.ended).code).toBe(130);
      const { jobId = "" } = interrupted.spec.trigger ?? {};
      await place.untilClusterGone(await place.until(jobId, state("canceled")));
      const orphan = await place.until(ids.find((id) => id !== jobId) ?? "", state("finished"));
      await place.untilClusterGone(orphan);
    },
    LIMIT_MS,
  );

  test(
    "a cluster that cannot be made: a client that does not wait for its job says why, too, and ends with 1",
    async () => {
      const { world } = place;
      const { spec } = await world.kube.get(flinkClusters, { namespace: world.namespace, name: "orders" });
      const containers = [{ name: "flink-main-container", command: ["sleep"] }];
      const managed = { ...spec.managed!, jobManager: { podTemplate: { spec: { containers } } } };
      await world.createCluster("broken", { managed, perJob: {} });
      const cli = await place.client("unmade", "broken");
      const { code, stdout, stderr } = await cli.run(...place.run(["-d"], "batch"));
      expect(code, stdout + stderr).toBe(1);
      expect(stdout + stderr).toMatch(/JobInitializationException: InvalidPodTemplate: .*command/);
    },
    LIMIT_MS,
  );
});

test(
  "Flink 1.20, whose plans are of another kind: a result, and a cluster that goes",
  async () => {
    const place = await Place.open("1.20");
    try {
      const cli = await place.client("older", "orders");
      const { code, stdout, stderr } = await (await place.start(cli, ...place.run([], "result"))).ended;
      expect(code, stdout + stderr).toBe(0);
      expect(stderr).toContain("elements: 100");
      const [jobId = ""] = jobIdsIn(stdout);
      await place.untilClusterGone(await place.until(jobId, state("finished")));
    } finally {
      await place.world.close();
    }
  },
  LIMIT_MS,
);
