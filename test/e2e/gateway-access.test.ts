import { once } from "node:events";
import { mkdtemp, readdir, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import { request } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { planJobName } from "../../src/core/per-job/naming.ts";
import { USER_ANNOTATION } from "../../src/gateway/run-async/submission-job.ts";
import { loadClusterAccess } from "../../src/kube/config.ts";
import { allow, EdgeStage, type ServedEdge, serviceAccount, tokenFor } from "../support/edge-stage.ts";
import { eventually } from "../support/eventually.ts";
import { BOUNDARY, planBody, planOf } from "../support/plan-stage.ts";
import { rawHttp } from "../support/raw-http.ts";
import { selfSigned } from "../support/self-signed.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";
import { World } from "../support/world.ts";

let world: World;
let stage: EdgeStage;
let edge: ServedEdge;
/** Requests that came to the JobManager: method and whether there was a token. */
const passed: string[] = [];

beforeAll(async () => {
  world = await World.open("gateway-access", { count: 2 });
  const jobManager = createServer(({ method, headers }, response) => {
    passed.push(`${method} ${headers.authorization ?? "no token"}`);
    response.end("{}");
  });
  jobManager.listen(0, "127.0.0.1");
  await once(jobManager, "listening");
  world.onClose(async () => jobManager.close());
  const url = `http://127.0.0.1:${(jobManager.address() as AddressInfo).port}`;
  for (const namespace of world.namespaces) await world.createCluster("main", { url }, namespace);
  stage = await EdgeStage.open(world);
  edge = await stage.serve();
});
afterAll(() => world.close());

const at = (namespace = world.namespace, cluster = "main") => `/clusters/${namespace}/${cluster}/jobs`;
const errorsOf = async (answer: Response) => ((await answer.json()) as { errors: string[] }).errors;

test("a ServiceAccount may what its Roles allow, there and nowhere else", async () => {
  const token = await serviceAccount(world, "reader");
  await allow(world, "reader", "get");
  expect((await edge.ask(token, at())).status).toBe(200);
  expect(passed).toEqual(["GET no token"]);
  const refused = await edge.ask(token, at(), { method: "POST" });
  expect(refused.status).toBe(403);
  const user = `system:serviceaccount:${world.namespace}:reader`;
  const [what, how] = await errorsOf(refused);
  expect(what).toBe(
    `User "${user}" may not create flinkjobs.flinkjob.dev in the namespace "${world.namespace}"`,
  );
  // The command that it names says the same.
  const command = /see: kubectl (.*)$/.exec(how ?? "")?.[1]?.split(" ") ?? [];
  expect(command.slice(0, 3)).toEqual(["auth", "can-i", "create"]);
  expect(await world.kubectl(command)).toMatchObject({ code: 1, stdout: "no\n" });
  expect(await world.kubectl(command.with(2, "get"))).toMatchObject({ code: 0, stdout: "yes\n" });
  // What is in another namespace is not told, not even whether it is there.
  const [, other = ""] = world.namespaces;
  const elsewhere = [await edge.ask(token, at(other)), await edge.ask(token, at(other, "nothing"))];
  expect(elsewhere.map(({ status }) => status)).toEqual([403, 403]);
  expect(await errorsOf(elsewhere[0]!)).toEqual(await errorsOf(elsewhere[1]!));
  expect((await edge.ask(token, at(world.namespace, "nothing"))).status).toBe(404);
  expect(passed).toEqual(["GET no token"]);
});

test("no token, no service: none, one that is made up, one that was changed", async () => {
  const token = await serviceAccount(world, "forged");
  await allow(world, "forged", "*");
  expect((await edge.ask(token, at())).status).toBe(200);
  const none = await edge.ask("", at());
  expect([none.status, none.headers.get("www-authenticate")]).toEqual([401, 'Bearer realm="flinkjob"']);
  // Nor is a client that asks first told to send its body.
  const asking = `POST ${at()} HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n`;
  const unasked = await rawHttp(edge.port, `${asking}\r\n`);
  expect(unasked).toMatchObject({ status: 401, answers: 1, closed: true });
  expect((await rawHttp(edge.port, `${asking}Authorization: Bearer ${token}\r\n\r\n`)).status).toBe(100);
  const [head = "", claims = "", signature = ""] = token.split(".");
  const theirs = JSON.parse(Buffer.from(claims, "base64url").toString()) as { sub: string };
  const claimed = Buffer.from(
    JSON.stringify({ ...theirs, sub: "system:serviceaccount:kube-system:admin" }),
  ).toString("base64url");
  const unsigned = Buffer.from(JSON.stringify({ alg: "none" })).toString("base64url");
  for (const bad of [
    "made-up",
    `${head}.${claimed}.${signature}`,
    `${unsigned}.${claims}.`.replace(/\.$/, ""),
  ]) {
    const answer = await edge.ask(bad, at());
    expect(answer.status).toBe(401);
    const errors = await errorsOf(answer);
    expect(errors).toEqual([expect.stringMatching(/^The API server refuses your token: /)]);
    expect(errors[0]).not.toContain(bad);
  }
});

test("a right begins and ends with its Role, a token ends with its ServiceAccount", async () => {
  const leaving = await serviceAccount(world, "leaving");
  await allow(world, "leaving", "get");
  expect((await edge.ask(leaving, at())).status).toBe(200);
  expect(await world.kubectl(["delete", "serviceaccount", "leaving"])).toMatchObject({ code: 0 });

  const token = await serviceAccount(world, "changing");
  const status = async () => (await edge.ask(token, at())).status;
  expect(await status()).toBe(403);
  await allow(world, "changing", "get");
  await eventually(async () => (await status()) === 200, 10_000, 100);
  expect(await world.kubectl(["delete", "rolebinding", "changing"])).toMatchObject({ code: 0 });
  await eventually(async () => (await status()) === 403, 10_000, 100);

  // The API server itself remembers a good token for 10 s.
  await eventually(async () => (await edge.ask(leaving, at())).status === 401, 30_000, 100);
});

test("a token is for whom it was made for", async () => {
  const forFlinkjob = await serviceAccount(world, "narrow", "--audience=flinkjob");
  await allow(world, "narrow", "get");
  const forTheApiServer = await tokenFor(world, "narrow");
  expect((await edge.ask(forTheApiServer, at())).status).toBe(200);
  expect((await edge.ask(forFlinkjob, at())).status).toBe(401);
  const strict = await stage.serve({ tokenAudiences: ["flinkjob"] });
  expect((await strict.ask(forFlinkjob, at())).status).toBe(200);
  expect((await strict.ask(forTheApiServer, at())).status).toBe(401);
});

test("an API server that cannot be reached lets nobody in", async () => {
  const token = await serviceAccount(world, "waiting");
  await allow(world, "waiting", "get");
  const { server } = await loadClusterAccess({ kubeconfig: world.kubeconfig });
  const { hostname: host, port } = new URL(server);
  const between = await new TcpProxy({ host, port: Number(port) }).start();
  const apart = await stage.serve({}, `https://127.0.0.1:${between.port}`);
  expect((await apart.ask(token, at())).status).toBe(200);
  await between.stop();
  const answer = await apart.ask(await tokenFor(world, "waiting", "--duration=11m"), at());
  expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "5"]);
});

test("the gateway's own process: tokens and TLS by its flags, and no token in its log", async () => {
  const token = await serviceAccount(world, "logged");
  await allow(world, "logged", "get,list,patch");
  const { cert, key } = selfSigned("gateway");
  const files = { "tls.crt": cert, "tls.key": key };
  for (const [name, text] of Object.entries(files)) await writeFile(join(world.dir, name), text);
  const tls = ["--tls-cert", join(world.dir, "tls.crt"), "--tls-key", join(world.dir, "tls.key")];
  const plans = await mkdtemp(join(world.dir, "plans-"));
  const args = ["--no-insecure-loopback", "--log-level", "debug", "--plan-directory", plans, ...tls];
  const gateway = await world.operatorWith({ program: "src/gateway-main.ts", args });
  const address = gateway.told("Serving the gateway", "address");
  expect(address).toMatch(/^https:/);
  const statusOf = async (method: string, path: string, headers: Record<string, string>, body?: Buffer) => {
    const sent = request(new URL(path, address), { method, headers, ca: cert });
    sent.end(body);
    const [answer] = (await once(sent, "response")) as [IncomingMessage];
    answer.resume();
    return answer.statusCode;
  };
  const authorization = `Bearer ${token}`;
  const submissions = `/clusters/${world.namespace}/main/run-async`;
  expect(await statusOf("GET", at(), {})).toBe(401);
  expect(await statusOf("GET", submissions, {})).toBe(401);
  expect(await statusOf("GET", at(), { authorization: `Bearer ${token}x` })).toBe(401);
  expect(await statusOf("GET", at(), { authorization })).toBe(200);
  expect(await statusOf("GET", submissions, { authorization })).toBe(200);
  expect(await statusOf("POST", submissions, { authorization })).toBe(403);
  const storage = { uri: "s3://bucket/flink" };
  const template = { flinkVersion: "2.3", image: "flink:2.3", storage } as const;
  await world.createCluster("orders", { managed: template, perJob: {} });
  const perJob = `/per-job/${world.namespace}/orders/v1/jobs`;
  expect(await statusOf("GET", `${perJob}/overview`, {})).toBe(401);
  expect(await statusOf("GET", `${perJob}/overview`, { authorization })).toBe(200);
  const plan = planOf("c".repeat(32));
  const form = { "content-type": `multipart/form-data; boundary=${BOUNDARY}` };
  expect(await statusOf("POST", perJob, { authorization, ...form }, planBody(plan))).toBe(403);
  expect(await readdir(plans)).toEqual([]);
  const sender = await serviceAccount(world, "sender");
  await allow(world, "sender", "create");
  const sent = { authorization: `Bearer ${sender}`, ...form };
  expect(await statusOf("POST", perJob, sent, planBody(plan))).toBe(202);
  expect(await statusOf("POST", perJob, sent, planBody(plan))).toBe(202);
  expect(await readdir(plans)).toEqual([`${world.namespace}.${plan.file}`]);
  const { metadata, spec } = await world.job(planJobName("orders", plan.jobId));
  expect(metadata.annotations).toMatchObject({
    [USER_ANNOTATION]: `system:serviceaccount:${world.namespace}:sender`,
  });
  expect([spec.plan?.file, spec.trigger?.jobId]).toEqual([plan.file, plan.jobId]);
  expect(await statusOf("PATCH", `${at()}/0?mode=cancel&token=${token}`, { authorization })).toBe(200);
  const user = `system:serviceaccount:${world.namespace}:logged`;
  const passedOn = await eventually(
    () => gateway.log.find(({ message }) => message === "Passed on a request") ?? false,
  );
  expect(passedOn).toMatchObject({ user, cluster: "main", method: "PATCH", path: "/jobs/0", status: 200 });
  const log = JSON.stringify(gateway.log) + gateway.noise.join("") + JSON.stringify([metadata, spec]);
  for (const one of [token, sender]) {
    const [, claims = "", signature = ""] = one.split(".");
    expect([log.includes(claims), log.includes(signature)]).toEqual([false, false]);
  }
});
