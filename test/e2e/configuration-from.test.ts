import { mkdtemp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FlinkJobSpecInput } from "../../src/api/flinkjob.ts";
import { eventually } from "../support/eventually.ts";
import { flinkTargets } from "../support/flink-target.ts";
import { JarServer } from "../support/jar-server.ts";
import type { Operator } from "../support/operator.ts";
import { operatorKubeconfig } from "../support/operator-account.ts";
import { World } from "../support/world.ts";

// Values out of Secrets and ConfigMaps, by an operator with the rights of the manifests and no more.

const labels = { "flinkjob.dev/configuration": "true" };
const parameter = (name: string) => `pipeline.global-job-parameters.${name}`;

describe.each(flinkTargets())("flinkConfigurationFrom on Flink $version", ({ url, jobsJar }) => {
  let world: World;
  let jars: JarServer;
  let operator: Operator;

  beforeAll(async () => {
    world = await World.open("from");
    jars = await JarServer.start(jobsJar);
    world.onClose(() => jars.close());
    operator = await world.operatorWith({ kubeconfig: await operatorKubeconfig(world) });
  });
  afterAll(() => world.close());

  async function apply(
    name: string,
    flinkConfigurationFrom: FlinkJobSpecInput["flinkConfigurationFrom"],
    spec: Partial<FlinkJobSpecInput> = {},
  ) {
    const out = await mkdtemp(join(world.dir, `${name}-`));
    await world.createJob(name, {
      cluster: { url },
      jar: { uri: jars.uri(name) },
      entryClass: "dev.flinkjob.testing.EffectiveConfiguration",
      args: ["--out", out],
      flinkConfigurationFrom,
      ...spec,
    });
    return out;
  }

  const secret = (name: string, stringData: Record<string, string>, metadata = {}) => ({
    ...{ apiVersion: "v1", kind: "Secret", metadata: { name, ...metadata }, stringData },
  });
  const make = async (...objects: object[]) => expect(await world.apply(objects)).toMatchObject({ code: 0 });
  /** Runs the commands of a message as they stand there. */
  async function obey(message = ""): Promise<void> {
    const commands = message.slice(message.indexOf("kubectl ")).split(" && ");
    for (const command of commands) {
      const [kubectl, , namespace, ...args] = command.split(" ");
      expect([kubectl, namespace]).toEqual(["kubectl", world.namespace]);
      expect(await world.kubectl(args)).toMatchObject({ code: 0 });
    }
  }
  const grant = async (name: string) => {
    const subject = `${world.namespace}:flinkjob-operator`;
    await obey(
      `kubectl -n ${world.namespace} create role ${name} --verb=get --resource=secrets --resource-name=${name} && ` +
        `kubectl -n ${world.namespace} create rolebinding ${name} --role=${name} --serviceaccount=${subject}`,
    );
  };
  const running = (name: string) => world.until(name, ({ status }) => status?.trigger?.state === "running");
  /** The job's configuration as its first task saw it. */
  const task = (out: string) =>
    eventually(async () => {
      const text = await readFile(join(out, "task.properties"), "utf8");
      return Object.fromEntries(text.split("\n").map((line) => line.replaceAll("\\", "").split(/=(.*)/s, 2)));
    }, 20_000);
  /** Everything that anybody could read of it without reading the Secret. */
  async function told(name: string): Promise<string> {
    const shown = await Promise.all([
      world.kubectl(["get", "flinkjob", name, "-o", "yaml"]),
      world.kubectl(["get", "events", "-o", "yaml"]),
      world.kubectl(["get", "events.v1.events.k8s.io", "-o", "yaml"]),
      world.kubectl(["describe", "flinkjob", name]),
    ]);
    expect(shown.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    const versions = JSON.stringify(world.recording.versions);
    return [
      ...shown.map(({ stdout }) => stdout),
      versions,
      JSON.stringify(operator.log),
      ...operator.noise,
    ].join("\n");
  }

  test("what is missing is named with the commands that grant it; they are obeyed, and the values arrive untold", async () => {
    await make(
      secret("orders", { topic: "t0p-secret", password: "hunter2-password" }),
      secret("more", { "shop.key": "k3y-of-the-shop", "pipeline.name": "n0t-for-all" }, { labels }),
      {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "defaults", labels },
        data: {
          "pipeline.object-reuse": "true",
          "execution.checkpointing.interval": "55 s",
          "jobmanager.rpc.port": "1",
        },
      },
    );
    const out = await apply(
      "granted",
      [
        { configMapRef: { name: "defaults" } },
        { secretRef: { name: "more" } },
        { secretRef: { name: "none", optional: true } },
        { option: parameter("topic"), valueFrom: { secretKeyRef: { name: "orders", key: "topic" } } },
        { option: parameter("password"), valueFrom: { secretKeyRef: { name: "orders", key: "password" } } },
      ],
      { flinkConfiguration: { "execution.checkpointing.interval": "66 s" } },
    );
    // In the order of the list: each refusal names one object, and its commands are for that one alone.
    for (const name of ["defaults", "more", "none", "orders"]) {
      const { status } = await world.until("granted", (job) => {
        const { reason, message = "" } = job.status?.trigger ?? {};
        return reason === "ConfigurationSourceForbidden" && message.includes(`"${name}"`);
      });
      expect(status?.trigger).toMatchObject({ state: "pending", sends: 0, tries: 0 });
      await obey(status?.trigger?.message);
    }
    const unlabelled = await world.untilReason("granted", "ConfigurationSourceNotLabelled");
    await obey(unlabelled.status?.trigger?.message);

    const { status } = await running("granted");
    expect(status?.trigger).toMatchObject({ sends: 1, tries: 1 });
    expect(status?.configuration).toEqual({
      ignored: [
        { key: "jobmanager.rpc.port", reason: "ClusterOption" },
        { key: "pipeline.name", reason: "ShownOption" },
        { key: "shop.key", reason: "UnknownOption" },
      ],
      overridden: [{ key: "execution.checkpointing.interval", by: "spec.flinkConfiguration" }],
    });
    expect(await task(out)).toMatchObject({
      "shop.key": "k3y-of-the-shop",
      "pipeline.object-reuse": "true",
      "execution.checkpointing.interval": "66 s",
    });
    const jobId = status?.trigger?.jobId;
    const get = async (path: string) => (await (await fetch(url + path)).json()) as Record<string, object>;
    // Flink itself hides what looks like a password, and shows the rest to whoever may ask it.
    await eventually(async () => {
      expect((await get(`/jobs/${jobId}/config`))["execution-config"]).toMatchObject({
        "object-reuse-mode": true,
        "user-config": { topic: "t0p-secret", password: "******" },
      });
    });
    expect(await get(`/jobs/${jobId}/checkpoints/config`)).toMatchObject({ interval: 66_000 });
    expect(await told("granted")).not.toMatch(/t0p-secret|hunter2|k3y-of-the-shop|n0t-for-all/);
    const rights = await world.kubectl([
      "auth",
      "can-i",
      "list",
      "secrets",
      "--as",
      `system:serviceaccount:${world.namespace}:flinkjob-operator`,
    ]);
    expect(rights.stdout.trim()).toBe("no");
  });

  test("a value that comes back in an error of Flink is taken out of it", async () => {
    await make(secret("listener", { class: "hunter2.pass.W0rd" }, { labels }));
    await grant("listener");
    const from = { secretKeyRef: { name: "listener", key: "class" } };
    await apply("echo", [{ option: "execution.job-listeners", valueFrom: from }]);
    const { status } = await world.until("echo", ({ status }) => status?.trigger?.state === "failed");
    expect(status?.trigger).toMatchObject({
      sends: 1,
      failure: { message: expect.stringContaining("[hidden]") },
    });
    expect(await told("echo")).not.toMatch(/hunter2|W0rd/);
  });

  test("a value that Flink could not read is not sent, and not shown", async () => {
    await make(secret("interval", { value: "sixty-s3conds" }, { labels }));
    await grant("interval");
    const from = { secretKeyRef: { name: "interval", key: "value" } };
    await apply("unreadable", [{ option: "execution.checkpointing.interval", valueFrom: from }]);
    const { status } = await world.until("unreadable", ({ status }) => status?.trigger?.state === "failed");
    expect(status?.trigger).toMatchObject({
      sends: 0,
      failure: {
        reason: "InvalidConfiguration",
        message: expect.stringContaining("execution.checkpointing.interval: its value must be a duration"),
      },
    });
    expect(await told("unreadable")).not.toContain("sixty-s3conds");
  });

  test("another value is for the next run, which an edit that names something missing does not begin", async () => {
    await make(secret("rotated", { value: "first-v4lue" }, { labels }));
    await grant("rotated");
    const from = { secretKeyRef: { name: "rotated", key: "value" } };
    const out = await apply("rotating", [{ option: "shop.value", valueFrom: from }]);
    const { status: first } = await running("rotating");
    expect((await task(out))["shop.value"]).toBe("first-v4lue");
    await make(secret("rotated", { value: "second-v4lue" }, { labels }));

    const missing = { option: "shop.other", valueFrom: { secretKeyRef: { name: "rotated", key: "other" } } };
    const then = await mkdtemp(join(world.dir, "rotating-"));
    await world.editJob("rotating", {
      args: ["--out", then],
      flinkConfigurationFrom: [{ option: "shop.value", valueFrom: from }, missing],
    });
    const held = await world.until("rotating", ({ status }) =>
      Boolean(status?.conditions?.some(({ type, status }) => type === "Stalled" && status === "True")),
    );
    expect(held.status?.trigger).toMatchObject({ id: "g1", state: "running", jobId: first?.trigger?.jobId });
    expect(held.status?.conditions?.find(({ type }) => type === "Stalled")?.message).toBe(
      'Secret "rotated" has no key "other" (spec.flinkConfigurationFrom[1]).',
    );
    await make(secret("rotated", { value: "second-v4lue", other: "an0ther" }, { labels }));
    const next = await world.until("rotating", ({ status }) => {
      const { id, state } = status?.trigger ?? {};
      return id === "g2" && state === "running";
    });
    expect(next.status?.history).toMatchObject([{ id: "g1", state: "canceled" }]);
    expect(await task(then)).toMatchObject({ "shop.value": "second-v4lue", "shop.other": "an0ther" });
    expect(await told("rotating")).not.toMatch(/first-v4lue|second-v4lue|an0ther/);
  });
});
