import { once } from "node:events";
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import Fastify, { type FastifyInstance } from "fastify";
import { afterEach, beforeEach, expect, test } from "vitest";
import { eventually } from "../../../test/support/eventually.ts";
import { selfSigned } from "../../../test/support/self-signed.ts";
import { FakeClock } from "../../kube/fake-clock.ts";
import { KeyPairFiles } from "./key-pair-files.ts";
import { listener } from "./listener.ts";

let dir = "";
let clock = new FakeClock();
let loaded: string[] = [];
let problems: string[] = [];
let gateway: FastifyInstance | undefined;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "flinkjob-tls-"));
  [clock, loaded, problems] = [new FakeClock(), [], []];
});
afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
  await rm(dir, { recursive: true });
});

let mounts = 0;
/** Replaces both files at once, as the kubelet replaces a Secret. */
async function mount(pair: { cert: string; key: string }): Promise<void> {
  const data = `data-${++mounts}`;
  await mkdir(join(dir, data));
  await writeFile(join(dir, data, "tls.crt"), pair.cert);
  await writeFile(join(dir, data, "tls.key"), pair.key);
  await symlink(data, join(dir, "new"));
  await rename(join(dir, "new"), join(dir, "..data"));
}

const open = () =>
  KeyPairFiles.open({
    certFile: join(dir, "..data", "tls.crt"),
    keyFile: join(dir, "..data", "tls.key"),
    clock,
    onLoaded: ({ subject }) => loaded.push(subject),
    onProblem: ({ message }) => problems.push(message),
  });

async function serve(): Promise<number> {
  gateway = Fastify({
    serverFactory: listener({ maxConnections: 10, keyPair: await open() }),
    forceCloseConnections: true,
  });
  gateway.get("/", async () => "served");
  await gateway.listen({ host: "127.0.0.1", port: 0 });
  return (gateway.server.address() as AddressInfo).port;
}

async function dial(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false, ...options });
  await once(socket, "secureConnect");
  return socket;
}

const whoServes = async (port: number): Promise<unknown> => {
  const socket = await dial(port);
  const { CN } = socket.getPeerCertificate().subject;
  socket.destroy();
  return CN;
};

/** What comes after files were looked at: they are read off the event loop. */
async function look(): Promise<void> {
  await clock.advance(5_000);
  await eventually(() => clock.pending === 1);
}

test("a new pair serves new connections, and those that are there stay", async () => {
  await mount(selfSigned("first"));
  const port = await serve();
  const old = await dial(port);
  expect(old.getPeerCertificate().subject.CN).toBe("first");
  await mount(selfSigned("second"));
  await look();
  expect(await whoServes(port)).toBe("second");
  expect(loaded).toEqual(["CN=first", "CN=second"]);
  old.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const [answer] = (await once(old, "data")) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*served$/);
  old.destroy();
});

test("of a pair that does not fit, one is told once; the one before stays until there is a better one", async () => {
  await mount(selfSigned("first"));
  const port = await serve();
  await mount({ cert: selfSigned("second").cert, key: selfSigned("third").key });
  await look();
  // It may have been caught between the two files.
  expect(problems).toEqual([]);
  for (let index = 0; index < 3; index++) await look();
  expect(problems).toEqual([
    expect.stringMatching(/tls\.crt and .*tls\.key are no certificate with its key: /),
  ]);
  expect(await whoServes(port)).toBe("first");
  await rm(join(dir, "..data"));
  for (let index = 0; index < 3; index++) await look();
  expect(problems.slice(1)).toEqual([expect.stringMatching(/^cannot read .*tls\.crt: ENOENT/)]);
  await mount(selfSigned("fourth"));
  await look();
  expect(await whoServes(port)).toBe("fourth");
});

test("what was never a pair is no pair", async () => {
  await expect(open()).rejects.toMatchObject({ code: "FLINKJOB_TLS_FILES" });
  await mount({ cert: "nonsense", key: selfSigned("first").key });
  await expect(open()).rejects.toThrow("are no certificate with its key");
});

test("nobody speaks less than TLS 1.2, nor without forward secrecy", async () => {
  await mount(selfSigned("first"));
  const port = await serve();
  const old: ConnectionOptions = { minVersion: "TLSv1", ciphers: "DEFAULT:@SECLEVEL=0" };
  await expect(dial(port, { ...old, maxVersion: "TLSv1.1" })).rejects.toMatchObject({
    code: /ALERT|PROTOCOL/,
  });
  const socket = await dial(port, { maxVersion: "TLSv1.2" });
  expect([socket.getProtocol(), socket.getCipher().standardName]).toEqual([
    "TLSv1.2",
    expect.stringMatching(/^TLS_ECDHE_/),
  ]);
  socket.destroy();
  const rsa = { maxVersion: "TLSv1.2", ciphers: "AES128-SHA" } as const;
  await expect(dial(port, rsa)).rejects.toMatchObject({ code: /HANDSHAKE_FAILURE/ });
});

test("plain HTTP is not served beside it", async () => {
  await mount(selfSigned("first"));
  const port = await serve();
  await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
});
