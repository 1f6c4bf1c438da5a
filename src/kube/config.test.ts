import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadClusterAccess } from "./config.ts";
import { textOf } from "./credentials.ts";
import { FakeClock } from "./fake-clock.ts";

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "kubeconfig-"));
});

afterEach(async () => {
  await rm(dir, { recursive: true });
});

async function file(name: string, content: object | string): Promise<string> {
  const path = join(dir, name);
  await writeFile(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

function kubeconfig(user: object, cluster: object = {}, namespace?: string): object {
  return {
    "current-context": "here",
    clusters: [{ name: "c", cluster: { server: "https://kube.example:6443/", ...cluster } }],
    users: [{ name: "u", user }],
    contexts: [{ name: "here", context: { cluster: "c", user: "u", ...(namespace ? { namespace } : {}) } }],
  };
}

describe("loadClusterAccess", () => {
  test("reads a kubeconfig's server, authority, token and namespace", async () => {
    const ca = Buffer.from("PEM").toString("base64");
    const path = await file(
      "config",
      kubeconfig({ token: "t" }, { "certificate-authority-data": ca }, "team"),
    );
    const access = await loadClusterAccess({ kubeconfig: path });
    expect(access).toMatchObject({ server: "https://kube.example:6443", namespace: "team", ca: "PEM" });
    expect(await access.credentials.current()).toMatchObject({ headers: { authorization: "Bearer t" } });
  });

  test("paths in a kubeconfig are relative to it, and its YAML may be YAML", async () => {
    await file("ca.crt", "CA");
    await file("me.crt", "CERT");
    await file("me.key", "KEY");
    const path = await file(
      "config",
      `current-context: here
clusters: [{name: c, cluster: {server: "https://k", certificate-authority: ca.crt}}]
users:
- name: u
  user: {client-certificate: me.crt, client-key: me.key}
contexts: [{name: here, context: {cluster: c, user: u}}]
`,
    );
    const access = await loadClusterAccess({ kubeconfig: path });
    expect(await textOf(access.ca)).toBe("CA");
    expect(await access.credentials.current()).toEqual({ headers: {}, cert: "CERT", key: "KEY" });
  });

  test("$KUBECONFIG may name several files; the first to name a thing counts", async () => {
    const first = await file("first", { users: [{ name: "u", user: { token: "first" } }] });
    const second = await file("second", kubeconfig({ token: "second" }));
    const access = await loadClusterAccess({ env: { KUBECONFIG: `${first}:${second}` } });
    expect(await access.credentials.current()).toMatchObject({ headers: { authorization: "Bearer first" } });
  });

  test("in a pod, the service account's files are used and read again when they change", async () => {
    await file("token", "one");
    await file("namespace", "team\n");
    await file("ca.crt", "CA");
    const clock = new FakeClock();
    const env = { KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "443" };
    const access = await loadClusterAccess({ env, serviceAccountDir: dir, clock });
    expect(access).toMatchObject({ server: "https://[fd00::1]:443", namespace: "team" });
    expect(await access.credentials.current()).toMatchObject({ headers: { authorization: "Bearer one" } });
    await file("token", "second");
    await clock.advance(5_000);
    expect(await access.credentials.current()).toMatchObject({ headers: { authorization: "Bearer second" } });
    await file("token", "the third");
    expect(await access.credentials.current()).toMatchObject({ headers: { authorization: "Bearer second" } });
    expect(access.credentials.renew()).toBe(true);
    expect(await access.credentials.current()).toMatchObject({
      headers: { authorization: "Bearer the third" },
    });
    // A token that is being replaced is gone for a moment.
    await rm(join(dir, "token"));
    await clock.advance(5_000);
    expect(await access.credentials.current()).toMatchObject({
      headers: { authorization: "Bearer the third" },
    });
  });

  test("$KUBECONFIG comes before the pod, the pod before ~/.kube/config", async () => {
    await file("token", "pod");
    await mkdir(join(dir, ".kube"));
    await file(".kube/config", kubeconfig({ token: "home" }));
    const env = { HOME: dir, KUBERNETES_SERVICE_HOST: "10.0.0.1" };
    const tokenOf = async (env: NodeJS.ProcessEnv) =>
      (await (await loadClusterAccess({ env, serviceAccountDir: dir })).credentials.current()).headers
        .authorization;
    expect(await tokenOf({ ...env, KUBECONFIG: await file("named", kubeconfig({ token: "named" })) })).toBe(
      "Bearer named",
    );
    expect(await tokenOf(env)).toBe("Bearer pod");
    expect(await tokenOf({ HOME: dir })).toBe("Bearer home");
    await expect(tokenOf({ HOME: join(dir, "nobody") })).rejects.toMatchObject({ code: "BadConfig" });
  });

  test.each([
    ["no such context", { ...kubeconfig({}), "current-context": "elsewhere" }, /no context "elsewhere"/],
    ["no such user", { ...kubeconfig({}), users: [] }, /no user "u"/],
    ["no such cluster", { ...kubeconfig({}), clusters: null }, /no cluster "c"/],
    ["no kubeconfig", "just text", /is empty|no context/],
    ["no YAML", "{", /Cannot read/],
  ])("says what is wrong: %s", async (_, content, message) => {
    const path = await file("config", content);
    const loading = loadClusterAccess({ kubeconfig: path });
    await expect(loading).rejects.toThrow(message);
    await expect(loading).rejects.toMatchObject({ code: "BadConfig" });
  });

  test("impersonation adds its headers", async () => {
    const user = { token: "t", as: "jane", "as-groups": ["a", "b"], "as-user-extra": { scope: ["x"] } };
    const access = await loadClusterAccess({ kubeconfig: await file("config", kubeconfig(user)) });
    expect((await access.credentials.current()).headers).toEqual({
      authorization: "Bearer t",
      "impersonate-user": "jane",
      "impersonate-group": ["a", "b"],
      "impersonate-extra-scope": ["x"],
    });
  });
});

describe("a credential plugin", () => {
  async function plugin(script: string): Promise<string> {
    const path = await file("plugin", `#!/bin/sh\necho run >> "${dir}/runs"\n${script}\n`);
    await chmod(path, 0o755);
    const apiVersion = "client.authentication.k8s.io/v1";
    const env = [{ name: "WHO", value: "jane" }];
    return file("config", kubeconfig({ exec: { apiVersion, command: "./plugin", args: ["x"], env } }));
  }

  async function runs(): Promise<number> {
    const { readFile } = await import("node:fs/promises");
    return (await readFile(join(dir, "runs"), "utf8")).trim().split("\n").length;
  }

  test("runs once for many requests, again on expiry and on refusal", async () => {
    const clock = new FakeClock();
    const expires = new Date(clock.now() + 60_000).toISOString();
    const config = await plugin(
      `printf '{"status":{"token":"%s-%s","expirationTimestamp":"${expires}"}}' $WHO $1`,
    );
    const { credentials } = await loadClusterAccess({ kubeconfig: config, clock });
    const many = await Promise.all(Array.from({ length: 20 }, () => credentials.current()));
    expect(many[7]?.headers).toEqual({ authorization: "Bearer jane-x" });
    expect(await runs()).toBe(1);
    await clock.advance(49_000);
    await credentials.current();
    expect(await runs()).toBe(1);
    await clock.advance(2_000);
    await credentials.current();
    expect(await runs()).toBe(2);
  });

  test("is told what the protocol says", async () => {
    const config = await plugin(
      `echo "$KUBERNETES_EXEC_INFO" > "${dir}/info"; echo '{"status":{"token":"t"}}'`,
    );
    await (await loadClusterAccess({ kubeconfig: config })).credentials.current();
    const { readFile } = await import("node:fs/promises");
    expect(JSON.parse(await readFile(join(dir, "info"), "utf8"))).toEqual({
      apiVersion: "client.authentication.k8s.io/v1",
      kind: "ExecCredential",
      spec: { interactive: false },
    });
  });

  test.each([
    ["echo no luck >&2; exit 3", /ended with code 3: no luck/],
    ["echo '{}'", /printed no ExecCredential/],
    ["echo nonsense", /printed no ExecCredential/],
  ])("that fails is an error to try again: %s", async (script, message) => {
    const { credentials } = await loadClusterAccess({ kubeconfig: await plugin(script) });
    await expect(credentials.current()).rejects.toThrow(message);
    await expect(credentials.current()).rejects.toMatchObject({
      code: "BadConfig",
      retry: { kind: "backoff" },
    });
  });
});
