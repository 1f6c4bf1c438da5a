import { randomBytes } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { buildJobsJar, scenarioClass } from "../../dev/flink/jobs.ts";
import { jobsJarPath } from "../../dev/image/flink.ts";
import { smallCluster } from "../../dev/node/small-cluster.ts";
import type { ManagedClusterInput } from "../../src/api/managed-cluster.ts";
import { eventually } from "../support/eventually.ts";
import { JarServer } from "../support/jar-server.ts";
import { ManagedSubject } from "../support/managed-cluster.ts";
import type { Operator } from "../support/operator.ts";
import { World } from "../support/world.ts";
import { Pods } from "./pods.ts";

type Application = NonNullable<ManagedClusterInput["application"]>;
interface Row {
  jid: string;
  state: string;
  tasks: { total: number; running: number };
}

interface Details {
  name: string;
  vertices: { parallelism: number }[];
  timestamps: Record<string, number>;
}

/** Who loses the lease because the machine is slow becomes the leader again with an empty list of jobs. */
const unhurriedLease = {
  "high-availability.kubernetes.leader-election.lease-duration": "15 s",
  "high-availability.kubernetes.leader-election.renew-deadline": "12 s",
};

/** Several JVMs start beside each other here, and beside the tests of others. */
const LIMIT_MS = 200_000;

// A FlinkCluster of one job, applied by hand: no FlinkJob has anything to do with it.
describe.each(["1.20", "2.3"] as const)("a cluster of one job, Flink %s", { timeout: 400_000 }, (version) => {
  let world: World;
  let pods: Pods;
  let jars: JarServer;
  let hostPath: string;
  let operator: Operator;

  beforeAll(async () => {
    world = await World.open(`application-${version.replace(".", "-")}`);
    pods = await Pods.open(world.namespace);
    jars = await JarServer.start(await buildJobsJar(version), pods.node.addresses.host);
    world.onClose(() => jars.close());
    hostPath = await pods.node.sharedDirectory(world.namespace);
    operator = await world.operator("--operator-image", inject("images").operator!);
  });
  afterAll(() => world.close());

  async function created(name: string, application: Partial<Application>, replicas = 1) {
    const managed = smallCluster(version, inject("images")[version]!, hostPath);
    const jobId = randomBytes(16).toString("hex");
    await world.createCluster(name, {
      managed: {
        ...managed,
        flinkConfiguration: { ...managed.flinkConfiguration, ...unhurriedLease },
        taskManager: { ...managed.taskManager, replicas },
        application: {
          jobId,
          jar: { local: jobsJarPath },
          entryClass: scenarioClass,
          ...application,
        },
      },
    });
    const subject = new ManagedSubject(world, name);
    const get = async (path: string, init: RequestInit = {}): Promise<Response> => {
      const url = `http://${await pods.serviceAddress(`${name}-rest`)}:8081${path}`;
      return fetch(url, { signal: AbortSignal.timeout(2_000), ...init });
    };
    const rows = async () => ((await (await get("/jobs/overview")).json()) as { jobs: Row[] }).jobs;
    /** Waits for the one job to be in a state, with all of its tasks where it runs; any number of refused calls before that. */
    const until = (state: string) =>
      eventually(async () => {
        const [job, ...others] = await rows();
        if (job === undefined || job.state !== state) return false;
        expect([job.jid, others]).toEqual([jobId, []]);
        return state !== "RUNNING" || (job.tasks.total > 0 && job.tasks.running === job.tasks.total);
      }, LIMIT_MS);
    const job = async () => (await (await get(`/jobs/${jobId}`)).json()) as Details;
    const kill = async (role: string) => {
      const labels = { "flinkjob.dev/cluster": name, "app.kubernetes.io/component": role };
      const [pod] = await pods.list(labels);
      await pods.node.containers.kill(pod!.containerId);
    };
    const killJobManager = async () => {
      const { incarnation } = (await subject.untilReason("Reachable", LIMIT_MS)).status ?? {};
      await kill("jobmanager");
      await eventually(
        async () => {
          const { status } = await subject.cluster;
          return status?.incarnation !== incarnation && status?.conditions?.[0]?.status === "True";
        },
        LIMIT_MS,
        100,
      );
    };
    const gone = () => world.kubectl(["delete", "fc", name, "--timeout=120s"]);
    return { jobId, subject, get, rows, job, until, kill, killJobManager, gone };
  }

  test.concurrent("runs a fetched JAR under its JobID, takes no other job, and goes on when its JobManager is killed", async () => {
    const cluster = await created("endless", {
      jar: { uri: jars.uri(), sha256: jars.sha256 },
      args: ["stream", "--name", "$(POD_IP) $$ -D"],
      parallelism: 2,
    });
    // Of all that are here the pods are starting now.
    await operator.restart();
    await cluster.until("RUNNING");
    await cluster.subject.untilReason("Reachable", LIMIT_MS);
    expect((await cluster.subject.cluster).status).toMatchObject({ protection: "Durable" });
    const job = await cluster.job();
    expect(job.name).toBe("$(POD_IP) $$ -D");
    expect(job.vertices[0]?.parallelism).toBe(2);
    for (const path of ["/jars/upload", "/jars/x.jar/run", "/jars/x.jar/run-application", "/jobs"]) {
      await eventually(async () => {
        const { status } = await cluster.get(path, { method: "POST", body: "{}" });
        expect([path, status]).toEqual([path, 404]);
        return true;
      }, LIMIT_MS);
    }
    const fetches = jars.requests();
    await cluster.kill("taskmanager");
    await eventually(async () => {
      const { timestamps } = await cluster.job();
      return (timestamps.RESTARTING ?? 0) > 0;
    }, LIMIT_MS);
    await cluster.until("RUNNING");
    await cluster.killJobManager();
    await cluster.until("RUNNING");
    // The container alone was replaced: its pod has the JAR already.
    expect(jars.requests()).toBe(fetches);
    await cluster.gone();
  });

  test.concurrent("shows the end of its job, which is not run again by a JobManager that restarts after it", async () => {
    const trace = join(hostPath, `trace-${version}`);
    const marks = async (kind: string) =>
      (await readFile(trace, "utf8")).split("\n").filter((line) => line.startsWith(`${kind} `)).length;
    const cluster = await created("finite", {
      args: ["batch", "--trace", `/flink/storage/trace-${version}`],
    });
    await cluster.until("FINISHED");
    // Killed while it writes this, Flink leaves an empty file, over which every later JobManager ends.
    const recorded = version === "1.20" ? [cluster.jobId] : ["0".repeat(32), cluster.jobId];
    await eventually(async () => {
      const files = await readdir(join(hostPath, world.namespace, "finite/ha", cluster.jobId), {
        recursive: true,
      });
      const results = files.map((file) => basename(file)).filter((file) => file.endsWith(".json"));
      expect(results.sort()).toEqual(recorded.map((id) => `${id}.json`).sort());
      return true;
    }, LIMIT_MS);
    const [mains, tasks] = [await marks("main"), await marks("task")];
    expect(tasks).toBeGreaterThanOrEqual(1);
    await cluster.killJobManager();
    await eventually(async () => {
      expect(await cluster.rows()).toEqual([]);
      return true;
    }, LIMIT_MS);
    // Flink 1.20 runs main() to have its job refused; 2.3 remembers that there is nothing left to do.
    if (version === "1.20") await eventually(async () => (await marks("main")) > mains, LIMIT_MS);
    else expect(await marks("main")).toBe(mains);
    expect(await marks("task")).toBe(tasks);
    await cluster.gone();
  });

  test.concurrent("shows what main() threw", async () => {
    const cluster = await created("failing", { args: ["throw", "--message", "no orders today"] }, 0);
    await cluster.until("FAILED");
    const reply = await cluster.get(`/jobs/${cluster.jobId}/exceptions`);
    expect(await reply.text()).toContain("no orders today");
    await cluster.gone();
  });

  test.concurrent("says which sum the JAR has, where it is another", async () => {
    const cluster = await created(
      "other-jar",
      { jar: { uri: jars.uri("other"), sha256: "0".repeat(64) } },
      0,
    );
    const { status } = await cluster.subject.untilReason("JarChecksumMismatch", LIMIT_MS);
    const [ready, , stalled] = status?.conditions ?? [];
    expect([ready?.status, stalled?.status]).toEqual(["False", "True"]);
    expect(ready?.message).toMatch(
      new RegExp(
        `^other-jar-jobmanager-\\S+: http://\\S+/other\\.jar: has SHA-256 ${jars.sha256}, not 0{64}$`,
      ),
    );
    await cluster.gone();
  });
});
