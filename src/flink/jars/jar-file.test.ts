import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { Destinations } from "../rest/destinations.ts";
import { fetchJar } from "./jar-file.ts";
import { JarSource } from "./jar-source.ts";

const jar = Buffer.concat([Buffer.from("PK\x03\x04", "latin1"), Buffer.alloc(300_000, "x")]);
const sha256 = createHash("sha256").update(jar).digest("hex");
const program = fileURLToPath(new URL("../../fetch-jar-main.ts", import.meta.url));

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "jar-file-"));
  cleanups.push(() => rm(path, { recursive: true }));
  return path;
}

async function serving(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/a/lab.jar?token=secret`;
}

const content: RequestListener = (_, response) => void response.end(jar);

async function fetching(listener: RequestListener, rules: { sha256?: string; longest?: number } = {}) {
  const source = new JarSource({ destinations: new Destinations({ loopback: true }) });
  cleanups.push(() => source.close());
  const path = await folder();
  const uri = await serving(listener);
  const fetched = fetchJar(source, join(path, "job.jar"), { uri, ...rules });
  return { path, fetched };
}

test("a JAR is there as a whole, under its name only", async () => {
  const { path, fetched } = await fetching(content, { sha256 });
  expect(await fetched).toEqual({ sha256, size: jar.length });
  expect(await readFile(join(path, "job.jar"))).toEqual(jar);
  expect(await readdir(path)).toEqual(["job.jar"]);
});

test.each<[string, RequestListener, { sha256?: string; longest?: number }, string]>([
  ["with another sum", content, { sha256: "0".repeat(64) }, "JarChecksumMismatch"],
  ["that is too large", content, { longest: 1000 }, "JarTooLarge"],
  ["that is a page", (_, response) => void response.end("<html>"), {}, "NotAJar"],
  ["that is not there", (_, response) => void response.writeHead(404).end(), {}, "JarNotFound"],
  [
    "that breaks off",
    (_, response) => {
      response.writeHead(200, { "content-length": jar.length });
      response.write(jar.subarray(0, 100_000), () => response.destroy());
    },
    {},
    "JarFetchFailed",
  ],
])("a JAR %s is not there", async (_, listener, rules, code) => {
  const { path, fetched } = await fetching(listener, rules);
  await expect(fetched).rejects.toMatchObject({ name: "JarError", code });
  expect(await readdir(path)).not.toContain("job.jar");
});

test("a folder that takes no file is told as it is", async () => {
  const source = new JarSource({ destinations: new Destinations({ loopback: true }) });
  cleanups.push(() => source.close());
  const fetched = fetchJar(source, join(await folder(), "no/job.jar"), { uri: await serving(content) });
  await expect(fetched).rejects.toThrow("ENOENT");
});

async function step(listener: RequestListener, sum: string) {
  const path = await folder();
  const files = { jar: join(path, "job.jar"), log: join(path, "log") };
  const args = [`--uri=${await serving(listener)}`, `--sha256=${sum}`, `--to=${files.jar}`];
  const running = spawn(process.execPath, [program, ...args, `--termination-log=${files.log}`], {
    env: { ...process.env, KUBERNETES_SERVICE_HOST: "" },
  });
  const [code] = (await once(running, "close")) as [number];
  return { code, ...files };
}

test("the step before a JobManager ends well with the JAR", async () => {
  const { code, jar: file } = await step(content, sha256);
  expect(code).toBe(0);
  expect(await readFile(file)).toEqual(jar);
});

test("the step before a JobManager leaves the reason where the kubelet looks, without what may be secret", async () => {
  const { code, log } = await step(content, "0".repeat(64));
  expect(code).toBe(1);
  expect(await readFile(log, "utf8")).toMatch(
    new RegExp(
      `^JarChecksumMismatch: http://127\\.0\\.0\\.1:\\d+/a/lab\\.jar: has SHA-256 ${sha256}, not 0{64}$`,
    ),
  );
});
