import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FlinkJobSpecInput } from "../../src/api/flinkjob.ts";
import type { FlinkJob } from "../../src/api/objects.ts";
import { eventually } from "../support/eventually.ts";
import { FlinkGate } from "../support/flink-gate.ts";
import { flinkTargets } from "../support/flink-target.ts";
import { JarServer } from "../support/jar-server.ts";
import { scenario, World } from "../support/world.ts";

interface Wrong {
  spec: (jars: JarServer) => Omit<FlinkJobSpecInput, "cluster">;
  reason: string;
  /** In the message, for a person. */
  says: RegExp;
  /** How often Flink is asked to run it, and the JAR is fetched. */
  runs: number;
}

const zeros = "0".repeat(64);
const wrong: Record<string, Wrong> = {
  "jar-404": {
    spec: (jars) => scenario(["stream"], { uri: jars.uri("jar-404", { kind: "status", status: 404 }) }),
    reason: "JarNotFound",
    says: /jar-404\.jar.*404/,
    runs: 0,
  },
  "jar-403": {
    spec: (jars) => scenario(["stream"], { uri: jars.uri("jar-403", { kind: "status", status: 403 }) }),
    reason: "JarForbidden",
    says: /jar-403\.jar.*403/,
    runs: 0,
  },
  "wrong-sha256": {
    spec: (jars) => scenario(["stream"], { uri: jars.uri("wrong-sha256"), sha256: zeros }),
    reason: "JarChecksumMismatch",
    says: /0000.*[0-9a-f]{64}|[0-9a-f]{64}.*0000/,
    runs: 0,
  },
  "not-a-jar": {
    spec: (jars) => {
      const bytes = Buffer.from("<html>Please log in.</html>");
      return scenario(["stream"], { uri: jars.uri("not-a-jar", { kind: "bytes", bytes }) });
    },
    reason: "NotAJar",
    says: /not-a-jar\.jar/,
    runs: 0,
  },
  "unknown-jarid": {
    spec: () => scenario(["stream"], { id: "b0b0_nobody-uploaded-this.jar" }),
    reason: "JarNotFound",
    says: /nobody-uploaded-this\.jar/,
    runs: 1,
  },
  "wrong-class": {
    spec: (jars) => ({
      ...scenario(["stream"], { uri: jars.uri("wrong-class") }),
      entryClass: "com.acme.Nowhere",
    }),
    reason: "EntryClassNotFound",
    says: /com\.acme\.Nowhere/,
    runs: 1,
  },
  "main-throws": {
    spec: (jars) => scenario(["throw", "--message", "no such topic"], { uri: jars.uri("main-throws") }),
    reason: "MainFailed",
    says: /IllegalStateException: no such topic$/,
    runs: 1,
  },
  "no-execute": {
    spec: (jars) => scenario(["noexecute"], { uri: jars.uri("no-execute") }),
    reason: "NoJobInMain",
    says: /./,
    runs: 1,
  },
  "task-throws": {
    spec: (jars) => scenario(["fail", "--message", "bad record"], { uri: jars.uri("task-throws") }),
    reason: "JobFailed",
    says: /IllegalStateException: bad record/,
    runs: 1,
  },
};

describe.each(flinkTargets())("what is wrong is said, on Flink $version", ({ url, jobsJar }) => {
  let world: World;
  let jars: JarServer;
  let gate: FlinkGate;

  beforeAll(async () => {
    world = await World.open("wrong");
    jars = await JarServer.start(jobsJar);
    gate = await new FlinkGate(url).open();
    world.onClose(() => jars.close());
    world.onClose(() => gate.close());
    await world.operator("--submission-backoff", "1s");
    await world.createCluster("local", { url: gate.url });
    // All at once: each must come to its own end beside the others.
    for (const [name, { spec }] of Object.entries(wrong))
      await world.createJob(name, { cluster: { name: "local" }, ...spec(jars) });
  });
  afterAll(() => world.close());

  test.each(Object.entries(wrong))("%s", async (name, { reason, says, runs }) => {
    const failed = await world.until(name, ({ status }) => status?.trigger?.state === "failed", 30_000);
    expect(failed.status).toMatchObject({
      observedGeneration: 1,
      state: "Failed",
      trigger: {
        reason,
        failure: { reason, message: expect.stringMatching(says), retryable: false },
        sends: runs,
        finishedAt: expect.any(String),
      },
    });
    const message = failed.status!.trigger!.failure!.message;
    expect(message.length).toBeLessThanOrEqual(1_024);
    expect(message).not.toMatch(/\n\s*at /);
    expect(conditions(failed)).toMatchObject({
      Ready: "False",
      Reconciling: "False",
      Stalled: "True",
      Succeeded: "False",
    });
    const event = await world.untilEvent(name, reason);
    expect(event).toMatchObject({ type: "Warning", note: expect.stringMatching(says) });
  });

  test("a corrected spec runs", async () => {
    await world.editJob("main-throws", { args: ["batch"] });
    const finished = await world.until("main-throws", ({ status }) => status?.trigger?.state === "finished");
    expect(finished.status).toMatchObject({
      trigger: { id: "g2", attempt: 1 },
      history: [{ id: "g1", state: "failed", failure: { reason: "MainFailed" } }],
    });
  });

  test("a cluster that is not there yet: pending, and recovering by itself", async () => {
    await world.createJob("early", {
      cluster: { name: "later" },
      ...scenario(["batch"], { uri: jars.uri() }),
    });
    const waiting = await world.untilReason("early", "ClusterNotFound");
    expect(waiting.status?.trigger).toMatchObject({
      state: "pending",
      message: expect.stringContaining('"later"'),
    });
    expect(conditions(waiting)).toMatchObject({ Ready: "False", Reconciling: "True", Stalled: "False" });
    await world.untilEvent("early", "ClusterNotFound");
    await world.createCluster("later", { url: gate.url });
    await world.until("early", ({ status }) => status?.trigger?.state === "finished");
  });

  test("an address where nothing listens: pending, and recovering by itself", async () => {
    const down = await new FlinkGate(url).open();
    world.onClose(() => down.close());
    await down.close();
    await world.createJob("lonely", {
      cluster: { url: down.url },
      ...scenario(["batch"], { uri: jars.uri() }),
    });
    const waiting = await world.untilReason("lonely", "ClusterUnreachable");
    expect(waiting.status?.trigger).toMatchObject({ state: "pending", sends: 0, tries: 0 });
    expect(conditions(waiting)).toMatchObject({ Ready: "False", Reconciling: "True", Stalled: "False" });
    await world.untilEvent("lonely", "ClusterUnreachable");
    await down.open();
    const finished = await world.until("lonely", ({ status }) => status?.trigger?.state === "finished");
    expect(finished.status?.trigger).toMatchObject({ id: "g1", attempt: 1, sends: 1 });
    expect(down.runs).toHaveLength(1);
  });

  test("a JAR server that is busy for a moment delays the run and nothing else", async () => {
    const uri = jars.uri("busy", { kind: "busyFirst", times: 1 });
    await world.createJob("busy", { cluster: { name: "local" }, ...scenario(["batch"], { uri }) });
    await world.until("busy", ({ status }) => status?.trigger?.state === "finished");
    expect(jars.requests("busy")).toBe(2);
  });

  // Last: by now the first backoff is over.
  test("nothing of it is tried over and over", async () => {
    await eventually(async () => {
      const [first, second, third] = gate.requests.slice(-3);
      const calm = [first, second, third].every((request) => request?.path.startsWith("/jobs/overview"));
      return calm && second!.at - first!.at > 900 && third!.at - second!.at > 900;
    });
    const expected = Object.values(wrong).reduce((sum, { runs }) => sum + runs, 0);
    // The corrected one, the early one and the one of the busy server.
    expect(gate.runs).toHaveLength(expected + 3);
    for (const name of Object.keys(wrong))
      expect(jars.requests(name), name).toBeLessThanOrEqual(name === "main-throws" ? 2 : 1);
    for (const name of Object.keys(wrong))
      expect((await world.events(name)).length, name).toBeLessThanOrEqual(6);
  });
});

describe("what cannot be right is refused by the API server", () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open("refused");
  });
  afterAll(() => world.close());

  const jar = { uri: "http://127.0.0.1:1/a.jar" };
  test.each([
    [
      "two clusters",
      { cluster: { name: "a", url: "http://b:8081" }, jar },
      "spec.cluster needs exactly one of name, url and perJob",
    ],
    ["no cluster", { cluster: {}, jar }, "spec.cluster needs exactly one of name, url and perJob"],
    [
      "two JARs",
      { cluster: { name: "a" }, jar: { ...jar, id: "b.jar" } },
      "spec.jar needs exactly one of id, uri and local",
    ],
    [
      "an unparsable duration",
      { cluster: { name: "a" }, jar, submission: { timeout: "soon" } },
      'spec.submission.timeout: Invalid value: "soon"',
    ],
    ["a parallelism of 0", { cluster: { name: "a" }, jar, parallelism: 0 }, "spec.parallelism"],
    [
      "an unknown policy",
      { cluster: { name: "a" }, jar, deletionPolicy: "Explode" },
      'Unsupported value: "Explode"',
    ],
    ["an unknown field", { cluster: { name: "a" }, jar, paralelism: 1 }, 'unknown field "paralelism"'],
  ])("%s", async (_, spec, message) => {
    const job = { apiVersion: "flinkjob.dev/v1alpha1", kind: "FlinkJob", metadata: { name: "wrong" }, spec };
    const { code, stderr } = await world.apply([job]);
    expect(code).toBe(1);
    expect(stderr).toContain(message);
    expect(stderr.length).toBeLessThan(600);
    expect(await world.exists("wrong")).toBe(false);
  });
});

function conditions({ status }: FlinkJob): Record<string, string> {
  return Object.fromEntries((status?.conditions ?? []).map(({ type, status }) => [type, status]));
}
