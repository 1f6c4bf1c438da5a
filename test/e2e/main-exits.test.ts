import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FlinkInstance } from "../../dev/flink/cluster.ts";
import { identify } from "../../dev/machine/process.ts";
import { flinkTargets } from "../support/flink-target.ts";
import { JarServer } from "../support/jar-server.ts";
import { scenario, World } from "../support/world.ts";

const MAX_ATTEMPTS = 2;
const targets = flinkTargets();

/** What a Deployment does for a JobManager: starts it again whenever it is down. Counts how often. */
class Supervisor {
  restarts = 0;
  readonly #flink: FlinkInstance;
  readonly #stop = new AbortController();
  readonly #loop: Promise<void>;

  constructor(flink: FlinkInstance) {
    this.#flink = flink;
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      if (identify(this.#flink.pids.jobManager) === undefined) {
        this.restarts++;
        await this.#flink.startJobManager("process");
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

describe("a main() that calls System.exit takes the JobManager down", () => {
  let world: World;
  let jars: JarServer;
  const supervisors = new Map<string, Supervisor>();

  beforeAll(async () => {
    world = await World.open("exits");
    jars = await JarServer.start(targets[0]!.jobsJar);
    world.onClose(() => jars.close());
    const starting = targets.map(async ({ version }) => {
      const flink = await world.flink({ version, slots: 1 });
      const supervisor = new Supervisor(flink);
      supervisors.set(version, supervisor);
      world.onClose(() => supervisor.stop());
      await world.createCluster(label(version), { url: flink.url });
    });
    await Promise.all(starting);
    await world.operator("--submission-backoff", "2s");
  });
  afterAll(() => world.close());

  test("once, and what became of it is said (lostPolicy: Fail)", async () => {
    for (const { version } of targets) await create(version, "fail", "Fail");
    for (const { version } of targets) {
      const name = `${label(version)}-fail`;
      const { status } = await world.until(name, ({ status }) => status?.trigger?.state === "failed", 40_000);
      expect(["OutcomeLost", "JobLost"]).toContain(status?.trigger?.reason);
      expect(status?.trigger?.failure?.message).toMatch(/JobManager .*gone/);
      expect(status?.conditions).toContainEqual(expect.objectContaining({ type: "Stalled", status: "True" }));
      await world.untilEvent(name, status!.trigger!.reason!);
      expect(supervisors.get(version)?.restarts).toBe(1);
    }
  });

  test("as often as submission.maxAttempts says (lostPolicy: Resubmit)", async () => {
    for (const { version } of targets) await create(version, "again", "Resubmit");
    for (const { version } of targets) {
      const name = `${label(version)}-again`;
      const { status } = await world.untilReason(name, "AttemptsExhausted", 90_000);
      expect(status?.trigger).toMatchObject({ state: "failed", tries: MAX_ATTEMPTS });
      expect(await world.trace(name).mains()).toBe(MAX_ATTEMPTS);
      const begun = (await world.trace(name).events("main")).map(({ at }) => at);
      // The first backoff lies between them.
      expect(begun[1]! - begun[0]!).toBeGreaterThan(1_900);
    }
  });

  test("and leaves a cluster that works", async () => {
    for (const { version } of targets) {
      // Needs no TaskManager: those come back much later.
      const spec = scenario(["noexecute"], { uri: jars.uri() });
      const name = `${label(version)}-after`;
      await world.createJob(name, { cluster: { name: label(version) }, ...spec });
      await world.untilReason(name, "NoJobInMain", 40_000);
      expect(supervisors.get(version)?.restarts).toBe(1 + MAX_ATTEMPTS);
      expect(await world.trace(`${label(version)}-fail`).mains()).toBe(1);
      expect(await world.trace(`${label(version)}-again`).mains()).toBe(MAX_ATTEMPTS);
    }
  });

  function create(version: string, what: string, lostPolicy: "Fail" | "Resubmit") {
    const name = `${label(version)}-${what}`;
    return world.createJob(name, {
      cluster: { name: label(version) },
      ...scenario(["exit", "--trace", world.trace(name).file], { uri: jars.uri() }),
      lostPolicy,
      submission: { maxAttempts: MAX_ATTEMPTS },
    });
  }
});

const label = (version: string) => `v${version.replace(".", "-")}`;
