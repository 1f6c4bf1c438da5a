import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { RunAsyncClient } from "../../src/flink/clients/run-async-client.ts";
import { jarSumOf, submissionJob } from "../../src/gateway/run-async/submission-job.ts";
import { flinkJobs } from "../../src/kube/resources.ts";
import { allow, serviceAccount } from "../support/edge-stage.ts";
import { eventually } from "../support/eventually.ts";
import { type FakeFlink, startFakeFlink } from "../support/fake-flink/index.ts";
import type { Operator } from "../support/operator.ts";
import { Schemathesis } from "../support/schemathesis.ts";
import { World } from "../support/world.ts";

// The gateway as a process before a real API server, with tokens. No operator: what is submitted stays as it is.

interface Document {
  paths: Record<string, { get: { parameters?: { name: string }[] } }>;
}

let world: World;
let flink: FakeFlink;
let gateway: Operator;
let url: string;
let token: string;
const count = 10_000;
/** Submissions enough for many pages, created while the other tests run. */
let creating: Promise<unknown>;
/** What each of them was answered: they are at it while the other tests run. */
let slowClients: Promise<string>[];

beforeAll(async () => {
  world = await World.open("gateway-contract");
  const args = ["--no-insecure-loopback", "--client-rate", "100000", "--client-burst", "100000"];
  gateway = await world.operatorWith({ program: "src/gateway-main.ts", args });
  url = gateway.told("Serving the gateway", "address");
  flink = await startFakeFlink();
  world.onClose(() => flink.close());
  await world.createCluster("main", { url: flink.url });
  // Where nothing answers: nobody is to be asked.
  await world.createCluster("many", { url: "http://127.0.0.1:9" });
  token = await serviceAccount(world, "robot");
  await allow(world, "robot", "get,list,create,delete");
  let next = 0;
  const create = async () => {
    while (next < count) {
      const wish = { cluster: cluster("many"), user: "", jar: { id: "x.jar" }, run: { args: [] } };
      await world.kube.create(flinkJobs, submissionJob({ ...wish, triggerId: `many-${next++}` }));
    }
  };
  creating = Promise.all(Array.from({ length: 64 }, create));
  slowClients = slowBeginnings().map(([beginning, each]) => slowClient(beginning, each));
});
afterAll(() => world.close());

const cluster = (name: string) => ({ namespace: world.namespace, name });

test("it does what its OpenAPI document says, and refuses what that does not allow", async () => {
  const schemathesis = await Schemathesis.install();
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as Document;
  for (const [path, { get }] of Object.entries(document.paths)) {
    // This gateway has no default cluster.
    if (!path.startsWith("/clusters/")) delete document.paths[path];
    // It cannot make the token of a next page.
    if (get.parameters) get.parameters = get.parameters.filter(({ name }) => name !== "continue");
  }
  const { passed, report } = await schemathesis.test({
    ...{ folder: world.dir, document, url, token },
    parameters: { "path.namespace": world.namespace, "path.name": "main" },
    args: ["--max-examples", "20", "--seed", "1"],
  });
  expect(passed, report.slice(0, 20_000)).toBe(true);
  expect(report).toMatch(/Tested: 4/);
  // Of all the JARs that it sent with requests, those of the submissions that are left, and no others.
  await eventually(async () => {
    const { items } = await world.kube.list(flinkJobs, { namespace: world.namespace });
    const recorded = items.filter((job) => jarSumOf(job) !== undefined).map(({ spec }) => spec.jar?.id);
    const { files } = (await (await fetch(`${flink.url}/jars`)).json()) as { files: { id: string }[] };
    expect(recorded.length).toBeGreaterThan(0);
    expect(files.map(({ id }) => id).sort()).toEqual(recorded.sort());
  }, 30_000);
}, 300_000);

test("10,000 submissions are listed in pages, each once, while others come and go", async () => {
  await creating;
  await using client = new RunAsyncClient({ url, token, cluster: cluster("many") });
  await eventually(async () => (await ids(client)).length === count, 30_000, 500);
  const coming = (async () => {
    for (let i = 0; i < 50; i++) await client.submit({ triggerId: `late-${i}`, jarId: "x.jar" });
    for (let i = 0; i < 50; i++) await client.delete(`late-${i}`);
  })();
  const seen = (await ids(client)).filter((id) => id.startsWith("many-"));
  await coming;
  expect(seen).toHaveLength(count);
  expect(new Set(seen).size).toBe(count);
  expect(await ids(client, "running")).toEqual([]);
}, 120_000);

test("clients that send byte by byte are not waited for, and everybody else is served meanwhile", async () => {
  const answers = await Promise.all(slowClients);
  expect(answers[0]).toMatch(/^HTTP\/1\.1 408 /);
  expect(answers[1]).toMatch(/^HTTP\/1\.1 408 [\s\S]*The body did not come in time/);
  expect(answers[2]).toMatch(/^HTTP\/1\.1 408 [\s\S]*The form did not come in time/);
}, 60_000);

/** Sends the beginning, then the same bytes again and again; what is answered by the end. */
function slowClient(beginning: string, each: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let answer = "";
  socket.setEncoding("utf8").on("data", (text) => {
    answer += text;
    resolve(answer);
  });
  socket.write(beginning);
  const drip = setInterval(() => socket.write(each), 500);
  const late = setTimeout(() => reject(new Error(`Still waited for: ${beginning}`)), 55_000);
  socket.once("close", () => resolve(answer)).on("error", () => resolve(answer));
  return promise.finally(() => {
    clearInterval(drip);
    clearTimeout(late);
    socket.destroy();
  });
}

function slowBeginnings(): [beginning: string, each: string][] {
  const path = `/clusters/${world.namespace}/main/run-async`;
  const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n`;
  const form = "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 100000\r\n\r\n--b\r\n";
  return [
    [head, "X-More: 1\r\n"],
    [`${head}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{`, " "],
    [head + form, "X"],
  ];
}

async function ids(client: RunAsyncClient, state?: "running"): Promise<string[]> {
  const found: string[] = [];
  for await (const { triggerId } of client.listAll(state ? { state } : {})) found.push(triggerId);
  return found;
}
