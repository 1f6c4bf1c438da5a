import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePorts } from "../../dev/machine/ports.ts";
import { eventually } from "../support/eventually.ts";
import { Operator } from "../support/operator.ts";
import { BOUNDARY, PlanStage, planBody, planOf } from "../support/plan-stage.ts";

// The gateway as a process that dies (SIGKILL) at each of its steps with a plan, and is started again. The client repeats what
// it got no answer to, as Flink's does. Whatever was answered 202 runs, everything runs once, and nothing stays on the volume.

const serviceNames = fileURLToPath(new URL("../support/service-names.ts", import.meta.url));
let stage: PlanStage;
let gateway: Operator;
let port: number;
let directory: string;
let death: Promise<void> | undefined;

beforeAll(async () => {
  stage = await PlanStage.open({ withoutGateway: true });
  directory = await mkdtemp(join(tmpdir(), "flinkjob-killed-"));
  const kubeconfig = join(directory, "kubeconfig");
  const name = "fake";
  await writeFile(
    kubeconfig,
    JSON.stringify({
      ...{ apiVersion: "v1", kind: "Config", "current-context": name },
      clusters: [{ name, cluster: { server: stage.api.access.server } }],
      users: [{ name, user: {} }],
      contexts: [{ name, context: { cluster: name, user: name } }],
    }),
  );
  [port = 0] = await freePorts(1);
  gateway = await Operator.start({
    program: "src/gateway-main.ts",
    imports: [`file://${serviceNames}?port=${new URL(stage.manager.url).port}`],
    kubeconfig,
    namespaces: ["team"],
    args: ["--address", `127.0.0.1:${port}`, "--plan-directory", stage.directory],
  });
}, 60_000);
afterAll(async () => {
  await gateway.kill();
  await stage.close();
  await rm(directory, { recursive: true });
});

/** The moment of death, once. */
function dies(): void {
  death ??= gateway.kill("SIGKILL");
}

/** One `POST /jobs`; the status, or undefined when the connection broke. `cut`: bytes after which the gateway dies. */
function post(body: Buffer, cut?: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const headers = { "content-type": `multipart/form-data; boundary=${BOUNDARY}` };
    const client = request({
      host: "127.0.0.1",
      port,
      method: "POST",
      path: "/per-job/team/orders/v1/jobs",
      headers,
    });
    client.on("error", () => resolve(undefined));
    client.on("response", (answer) => {
      answer.on("error", () => resolve(undefined)).on("end", () => resolve(answer.statusCode));
      answer.resume();
    });
    if (cut === undefined) client.end(body);
    else
      client.write(body.subarray(0, cut), () => {
        void eventually(async () =>
          (await readdir(stage.directory)).some((name) => name.startsWith("arriving")),
        ).then(dies);
      });
  });
}

type Call = { readonly method: string; readonly path: string };
const creates = ({ method, path }: Call) => method === "POST" && path.endsWith("/flinkjobs");
const looks = ({ method, path }: Call) => method === "GET" && /\/flinkjobs\/orders-/.test(path);

/** The gateway dies at the first call of this kind: before it is carried out, or before it is answered. */
function atCall(call: (seen: Call) => boolean, how: "reset" | "lose-answer"): void {
  let armed = true;
  stage.api.fault = (seen) => {
    if (!armed || !call(seen)) return undefined;
    armed = false;
    dies();
    return how;
  };
}

test.each([
  ["in the middle of the body", undefined],
  ["before it looks whether the plan was recorded", () => atCall(looks, "reset")],
  ["when the plan is kept, before its FlinkJob is there", () => atCall(creates, "reset")],
  ["when the FlinkJob is there, before the 202", () => atCall(creates, "lose-answer")],
  ["after the 202", "answered" as const],
  [
    "before the JobManager hears of it",
    () => {
      stage.manager.mishaps.push("break before");
      stage.manager.onPlan = dies;
    },
  ],
  [
    "when the JobManager has it, before that is known",
    () => {
      stage.manager.mishaps.push("break after");
      stage.manager.onPlan = dies;
    },
  ],
  ["when the operator has seen it run", "running" as const],
])(
  "dies %s",
  async (_when, arm) => {
    const plan = planOf(randomBytes(16).toString("hex"));
    const body = planBody(plan);
    death = undefined;
    stage.manager.onPlan = () => {};
    stage.api.fault = () => undefined;
    if (typeof arm === "function") arm();
    let status = await post(body, arm === undefined ? 300 : undefined);
    if (arm === "answered") dies();
    const ours = async () => (await stage.jobs()).filter(({ spec }) => spec.trigger?.jobId === plan.jobId);
    const restart = async () => {
      await death;
      // A FlinkJob without its plan would have a cluster made in vain.
      const isAwaited = (await ours()).some(({ status: seen }) => seen?.trigger?.state !== "running");
      if (isAwaited) expect(await readdir(stage.directory)).toContain(`team.${plan.file}`);
      await gateway.start();
    };
    if (death !== undefined) await restart();
    // As Flink's client: until there is an answer.
    while (status === undefined || status === 503) status = await post(body);
    expect(status).toBe(202);
    const isHandedOver = death === undefined;
    await stage.await(plan);
    if (isHandedOver && arm !== "running") {
      await eventually(() => death !== undefined);
      await restart();
    }
    await eventually(() => stage.manager.states.has(plan.jobId), 20_000);
    await stage.write(plan, {
      state: "running",
      reason: "TasksRunning",
      acceptedAt: new Date().toISOString(),
    });
    if (arm === "running") {
      dies();
      await restart();
    }
    await eventually(
      async () => (await readdir(stage.directory)).every((name) => name.startsWith("arriving")),
      20_000,
    );
    const taken = stage.manager.taken.filter(({ jobId }) => jobId === plan.jobId);
    expect(taken.map((one) => one.body.equals(body))).toEqual([true]);
    expect(await ours()).toHaveLength(1);
    expect(await post(body)).toBe(202);
    expect(gateway.noise).toEqual([]);
  },
  90_000,
);
