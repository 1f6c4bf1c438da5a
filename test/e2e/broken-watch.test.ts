import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { FlinkGate } from "../support/flink-gate.ts";
import { flinkTargets } from "../support/flink-target.ts";
import { JarServer } from "../support/jar-server.ts";
import type { GateEvent, KubeGate } from "../support/kube-gate.ts";
import { jobsOf, listedJobs, overlaps } from "../support/listed-jobs.ts";
import type { Operator } from "../support/operator.ts";
import { scenario, World } from "../support/world.ts";

const { url, jobsJar } = flinkTargets()[0]!;

/** What the operator believes of its FlinkJobs is wrong or old: its writes, which name what they are based on, tell it so. */
describe("an operator whose watch lies", () => {
  let world: World;
  let gate: KubeGate;
  let flink: FlinkGate;
  let jars: JarServer;
  let operator: Operator;

  beforeAll(async () => {
    world = await World.open("watch");
    flink = await new FlinkGate(url).open();
    jars = await JarServer.start(jobsJar);
    world.onClose(() => flink.close());
    world.onClose(() => jars.close());
    const through = await world.kubeGate();
    gate = through.gate;
    operator = await world.operatorWith({ kubeconfig: through.kubeconfig });
  });
  afterAll(() => world.close());

  test("says nothing any more: what users do meanwhile is done when it is found out", async () => {
    const names = ["edited", "ended", "renewed", "deleted"];
    for (const name of names) await create(name);
    for (const name of names) await world.untilReason(name, "TasksRunning");
    const { jobId } = (await world.job("edited")).status!.trigger!;
    const first = (await world.job("renewed")).metadata.uid;

    gate.silenceWatches();
    await edit("edited");
    await world.deleteJob("deleted");
    await replaceByForce("renewed");
    await create("unheard-of");
    // Flink goes on telling: what happens there would change statuses that have been changed by others.
    await cancel(jobId);
    await cancel((await world.job("ended")).status!.trigger!.jobId);
    const { status } = await world.until("ended", ({ status }) => status?.trigger?.state === "canceled");
    expect(status?.trigger?.reason).toBe("Canceled");
    const sent = flink.runs.length;
    await eventually(() => refusedWrites("edited") > 2);

    gate.endWatches();
    await world.until(
      "edited",
      ({ status }) => status?.trigger?.id === "g2" && status.trigger.reason === "TasksRunning",
    );
    await world.untilGone("deleted");
    for (const name of ["renewed", "unheard-of"]) await world.untilReason(name, "TasksRunning");
    expect(flink.runs).toHaveLength(sent + 3);
    expect((await world.job("renewed")).metadata.uid).not.toBe(first);
  });

  test("tells things twice, late, in the wrong order, or not at all", async () => {
    const random = numbers(2017);
    let late: GateEvent[] = [];
    gate.tamper = (event) => {
      const dice = random();
      const told = [...(dice < 0.25 ? [] : [event]), ...late];
      late = dice < 0.25 || dice > 0.6 ? [event] : [];
      // What was dropped for good, what comes after its successor, what comes twice.
      if (dice < 0.1) late = [];
      return dice > 0.8 ? [...told, event] : told;
    };
    const names = Array.from({ length: 8 }, (_, i) => `told-${i}`);
    for (const [i, name] of names.entries()) {
      await create(name);
      await new Promise((resolve) => setTimeout(resolve, 150));
      if (i % 4 === 1) await edit(name);
      if (i % 4 === 2) await replaceByForce(name);
      if (i % 4 === 3) await world.deleteJob(name);
    }
    gate.tamper = (event) => [event];
    gate.expireWatches();

    for (const [i, name] of names.entries()) {
      if (i % 4 === 3) await world.untilGone(name);
      else {
        // The first run's tasks may still run when the edit is told of.
        const generation = i % 4 === 1 ? 2 : 1;
        await world.until(
          name,
          ({ status }) =>
            status?.trigger?.reason === "TasksRunning" && status.trigger.generation === generation,
          30_000,
        );
      }
    }
    const rows = await listedJobs(url);
    expect(overlaps(rows, world.uids)).toEqual([]);
    for (const name of names.filter((_, i) => i % 4 !== 3)) {
      const { uid = "" } = (await world.job(name)).metadata;
      const live = jobsOf(rows, uid).filter(({ state }) => state === "RUNNING");
      expect(live, name).toHaveLength(1);
    }
  });

  test("begins, after a restart, with what was true a while ago", async () => {
    const lists = `/apis/flinkjob.dev/v1alpha1/namespaces/${world.namespace}/flinkjobs`;
    await operator.kill();
    await create("old-news");
    await create("gone-by-now");
    // The first list of the next operator: nothing has been sent yet.
    const stale = await gate.freezeLists(lists);
    await replaceByForce("gone-by-now");
    // Another operator did all of this in between, and is gone.
    const other = await world.operator();
    for (const name of ["old-news", "gone-by-now"]) await world.untilReason(name, "TasksRunning");
    await other.kill();
    const sent = flink.runs.length;
    const before = await world.job("old-news");

    await operator.start();
    await eventually(() => refusedWrites("old-news") > 2);
    expect(flink.runs).toHaveLength(sent);
    stale.catchUp();
    await edit("old-news");
    await world.until(
      "old-news",
      ({ status }) => status?.trigger?.id === "g2" && status.trigger.reason === "TasksRunning",
    );
    expect(flink.runs).toHaveLength(sent + 1);
    const rows = await listedJobs(url);
    expect(jobsOf(rows, before.metadata.uid ?? "")).toMatchObject([
      { state: "CANCELED" },
      { state: "RUNNING" },
    ]);
    expect(overlaps(rows, world.uids)).toEqual([]);
    const renewed = await world.job("gone-by-now");
    expect(jobsOf(rows, renewed.metadata.uid ?? "")).toMatchObject([{ state: "RUNNING" }]);
  });

  function create(name: string) {
    return world.createJob(name, {
      cluster: { url: flink.url },
      ...scenario(["stream"], { uri: jars.uri() }),
    });
  }

  function edit(name: string) {
    return world.editJob(name, { args: ["stream", "--delay", "21"] });
  }

  /** Deleted without waiting for its job, and created again at once. */
  async function replaceByForce(name: string): Promise<void> {
    await world.deleteJob(name);
    const patch = JSON.stringify({ metadata: { finalizers: null } });
    await world.kubectl(["patch", "fj", name, "--type=merge", "--patch", patch]);
    await world.untilGone(name);
    await create(name);
  }

  async function cancel(jobId: string): Promise<void> {
    await fetch(`${url}/jobs/${jobId}?mode=cancel`, { method: "PATCH" });
  }

  /** Writes that the API server refused because they were based on something old. */
  function refusedWrites(name: string): number {
    return gate.calls.filter(({ path, status }) => status === 409 && path.includes(`/flinkjobs/${name}`))
      .length;
  }
});

/** Numbers of [0, 1), the same for the same seed (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
