import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { Destinations } from "../rest/destinations.ts";
import { FlinkRest } from "../rest/flink-rest.ts";
import { JarError } from "./jar-errors.ts";
import { JarSource, type JarSourceOptions, jarUrl } from "./jar-source.ts";
import { type JarTransferRequest, transferJar } from "./jar-transfer.ts";

const jar = Buffer.concat([Buffer.from("PK\x03\x04", "latin1"), Buffer.alloc(300_000, "x")]);
const sha256 = createHash("sha256").update(jar).digest("hex");
const loopback = new Destinations({ loopback: true });

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function listen(listener: RequestListener): Promise<string> {
  const server: Server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanups.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** As Flink does (see multipart.ts): a form without its end has no file. */
async function flink() {
  const forms: Buffer[] = [];
  const url = await listen(async (request: IncomingMessage, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const form = Buffer.concat(chunks);
    forms.push(form);
    const boundary = /boundary=(.*)/.exec(request.headers["content-type"] ?? "")?.[1];
    const whole = form.toString("latin1").endsWith(`\r\n--${boundary}--\r\n`);
    const answer = whole
      ? { filename: "/upload/flink-web-upload/0-0_lab.jar", status: "success" }
      : {
          errors: [
            "org.apache.flink.runtime.rest.handler.RestHandlerException: Exactly 1 file must be sent, received 0.",
          ],
        };
    response.writeHead(whole ? 200 : 400).end(JSON.stringify(answer));
  });
  const rest = new FlinkRest({ url, destinations: loopback });
  cleanups.push(() => rest.close());
  return { rest, forms, whole: () => forms.filter((form) => /--\r\n$/.test(form.toString("latin1"))).length };
}

async function transfer(
  listener: RequestListener,
  request: Partial<JarTransferRequest> = {},
  options: Partial<JarSourceOptions> = {},
) {
  const cluster = await flink();
  const url = await listen(listener);
  const source = new JarSource({ destinations: loopback, ...options });
  cleanups.push(() => source.close());
  const outcome = await transferJar(source, cluster.rest, {
    uri: `${url}/a/lab.jar?token=secret`,
    ...request,
  }).then(
    (value) => ({ value, error: undefined }),
    (error: unknown) => ({ value: undefined, error }),
  );
  return { ...outcome, ...cluster };
}

const serve =
  (content: Buffer, headers: Record<string, string> = {}): RequestListener =>
  (_request, response) => {
    response.writeHead(200, headers).end(content);
  };
const status =
  (code: number, headers: Record<string, string> = {}): RequestListener =>
  (_request, response) => {
    response.writeHead(code, headers).end("no");
  };

describe("a JAR arrives", () => {
  test.each([
    ["with length", { "content-length": String(jar.length) }],
    ["chunked", { "transfer-encoding": "chunked" }],
  ])("%s", async (_name, headers: Record<string, string>) => {
    const { value, forms, whole } = await transfer(serve(jar, headers), { sha256: sha256.toUpperCase() });
    expect(value).toEqual({ jarId: "0-0_lab.jar", sha256, size: jar.length });
    expect(whole()).toBe(1);
    const form = forms[0] ?? Buffer.alloc(0);
    expect(form.includes(jar)).toBe(true);
    expect(form.toString("latin1")).toContain('name="jarfile"; filename="lab.jar"');
  });

  test("after redirects", async () => {
    const { value } = await transfer((request, response) => {
      const step = Number(/step=(\d)/.exec(request.url ?? "")?.[1] ?? 0);
      if (step < 5) response.writeHead(302, { location: `/other.jar?step=${step + 1}` }).end("elsewhere");
      else serve(jar)(request, response);
    });
    expect(value?.sha256).toBe(sha256);
  });
});

describe("Flink gets no whole file", () => {
  const shown = (error: unknown) => (error instanceof JarError ? error : new Error(`no JarError: ${error}`));
  test.each<[string, RequestListener, Partial<JarTransferRequest>, string, string]>([
    ["other content", serve(jar), { sha256: "0".repeat(64) }, "JarChecksumMismatch", "never"],
    ["no ZIP", serve(Buffer.from("<html>log in</html>")), {}, "NotAJar", "never"],
    ["nearly a ZIP", serve(Buffer.from("PK\x03", "latin1")), {}, "NotAJar", "never"],
    ["nothing", serve(Buffer.alloc(0)), {}, "NotAJar", "never"],
    [
      "too large, and says so",
      serve(jar, { "content-length": String(jar.length) }),
      { longest: 1000 },
      "JarTooLarge",
      "never",
    ],
    [
      "too large, chunked",
      serve(jar, { "transfer-encoding": "chunked" }),
      { longest: 100_000 },
      "JarTooLarge",
      "never",
    ],
    ["404", status(404), {}, "JarNotFound", "never"],
    ["410", status(410), {}, "JarNotFound", "never"],
    ["401", status(401), {}, "JarForbidden", "never"],
    ["403", status(403), {}, "JarForbidden", "never"],
    ["503", status(503), {}, "JarFetchFailed", "backoff"],
    ["429", status(429), {}, "JarFetchFailed", "backoff"],
    ["204", status(204), {}, "JarFetchFailed", "never"],
    ["endless redirects", status(302, { location: "/again" }), {}, "JarFetchFailed", "never"],
    ["redirect to a file", status(302, { location: "file:///etc/passwd" }), {}, "JarFetchFailed", "never"],
    ["redirect to nowhere", status(302), {}, "JarFetchFailed", "never"],
    [
      "redirect to metadata",
      status(302, { location: "http://169.254.169.254/" }),
      {},
      "DestinationNotAllowed",
      "backoff",
    ],
    [
      "broken off",
      (_request, response) => {
        response.writeHead(200, { "content-length": String(jar.length) });
        response.write(jar.subarray(0, 200_000), () => response.destroy());
      },
      {},
      "JarFetchFailed",
      "backoff",
    ],
    [
      "too slow in all",
      (_request, response) => {
        response.writeHead(200).write(jar);
      },
      { deadlineMs: 200 },
      "JarFetchTimeout",
      "backoff",
    ],
    ["no answer", () => {}, { deadlineMs: 200 }, "JarFetchTimeout", "backoff"],
  ])("%s", async (_name, listener, request, code, retry) => {
    const { error, whole } = await transfer(listener, request);
    expect(shown(error)).toMatchObject({ code, retry });
    expect(shown(error).message).not.toContain("secret");
    expect(whole()).toBe(0);
  });

  test("an announced length that is too large ends it before the first byte", async () => {
    const { error, forms } = await transfer(serve(jar, { "content-length": String(jar.length) }), {
      longest: jar.length - 1,
    });
    expect(shown(error)).toMatchObject({ code: "JarTooLarge" });
    expect(forms.some((form) => form.includes("PK"))).toBe(false);
  });

  test("silence of the source is bounded", async () => {
    const { error, whole } = await transfer(
      (_request, response) => {
        response.writeHead(200).write(jar.subarray(0, 10_000));
      },
      {},
      { idleMs: 300 },
    );
    expect(shown(error)).toMatchObject({ code: "JarFetchTimeout" });
    expect(whole()).toBe(0);
  });

  test("nobody listens", async () => {
    const { error } = await transfer(status(200), { uri: "http://127.0.0.1:1/x.jar" });
    expect(shown(error)).toMatchObject({ code: "JarFetchFailed", retry: "backoff" });
  });

  test.each(["ftp://host/x.jar", "x.jar", "http://user:secret@host/x.jar"])("bad address %s", async (uri) => {
    const { error } = await transfer(status(200), { uri });
    expect(shown(error)).toMatchObject({ code: "JarFetchFailed", retry: "never" });
    expect(shown(error).message).not.toContain("secret");
  });
});

test("https never leads to http", () => {
  const from = new URL("https://host/x.jar");
  expect(() => jarUrl("http://host/x.jar", from)).toThrow(
    /https:\/\/host\/x\.jar redirects to http, from https/,
  );
  expect(jarUrl("/y.jar", from).href).toBe("https://host/y.jar");
  expect(jarUrl("https://other/y.jar", new URL("http://host/x.jar")).href).toBe("https://other/y.jar");
});

test("headers go to the first origin only, and are gone for good after the first redirect to another", async () => {
  const seen: [string, string | undefined][] = [];
  const note = (name: string, request: IncomingMessage) => seen.push([name, request.headers.authorization]);
  let home = "";
  const abroad = await listen((request, response) => {
    note("abroad", request);
    response.writeHead(307, { location: `${home}/back.jar` }).end();
  });
  const { value } = await transfer(
    (request, response) => {
      note("home", request);
      home = `http://${request.headers.host}`;
      if (request.url?.startsWith("/a/")) response.writeHead(302, { location: "/b" }).end();
      else if (request.url === "/b") response.writeHead(302, { location: `${abroad}/x.jar` }).end();
      else serve(jar)(request, response);
    },
    { headers: { authorization: "Bearer secret" } },
  );
  expect(value?.sha256).toBe(sha256);
  expect(seen).toEqual([
    ["home", "Bearer secret"],
    ["home", "Bearer secret"],
    ["abroad", undefined],
    ["home", undefined],
  ]);
});
