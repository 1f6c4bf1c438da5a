import { randomBytes } from "node:crypto";
import { openAsBlob } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { jdkTool, runTool } from "../../dev/flink/java.ts";
import { scenarioClass } from "../../dev/flink/jobs.ts";
import { KeyPairFiles } from "../../src/gateway/tls/key-pair-files.ts";
import { systemClock } from "../../src/kube/clock.ts";
import { allow, EdgeStage, type ServedEdge, serviceAccount } from "../support/edge-stage.ts";
import { eventually } from "../support/eventually.ts";
import { FlinkCli } from "../support/flink-cli.ts";
import { flinkTargets } from "../support/flink-target.ts";
import { selfSigned } from "../support/self-signed.ts";
import { World } from "../support/world.ts";

describe.each(flinkTargets())("Flink $version behind the gateway", ({ version, url, jobsJar }) => {
  let world: World;
  let edge: ServedEdge;
  let token = "";
  let prefix = "";
  let securePort = 0;
  let truststore = "";

  beforeAll(async () => {
    world = await World.open("gateway-proxy");
    await world.createCluster("main", { url });
    const stage = await EdgeStage.open(world);
    edge = await stage.serve();
    const { cert, key } = selfSigned("gateway");
    const [certFile, keyFile] = [join(world.dir, "tls.crt"), join(world.dir, "tls.key")];
    await writeFile(certFile, cert);
    await writeFile(keyFile, key);
    const keyPair = await KeyPairFiles.open({ certFile, keyFile, clock: systemClock });
    securePort = (await stage.serve({ keyPair })).port;
    truststore = join(world.dir, "truststore");
    const place = ["-file", certFile, "-keystore", truststore, "-storepass", "changeit"];
    await runTool("Making a truststore", jdkTool("keytool"), ["-importcert", "-noprompt", ...place]);
    token = await serviceAccount(world, "pipeline");
    await allow(world, "pipeline", "get,create,patch,delete");
    prefix = `/clusters/${world.namespace}/main`;
  });
  afterAll(() => world.close());

  /** As a user sets it up who was given a token. */
  const commandLine = (name: string, whose: string) =>
    FlinkCli.install({
      version,
      dir: join(world.dir, name),
      configuration: {
        "execution.target": "remote",
        "rest.address": "127.0.0.1",
        "rest.port": securePort,
        "rest.path": prefix,
        "security.ssl.rest.enabled": "true",
        // By itself it offers suites for RSA certificates only.
        "security.ssl.algorithms": "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        "security.ssl.rest.truststore": truststore,
        "security.ssl.rest.truststore-password": "changeit",
      },
      environment: { FLINK_REST_CLIENT_HEADERS: `Authorization:Bearer ${whose}` },
    });

  const statusOf = async (jobId: string) => {
    const answer = await fetch(`${url}/jobs/${jobId}`);
    return ((await answer.json()) as { state?: string }).state;
  };

  test("the web UI and all that it loads are as they are without a gateway", async () => {
    const same = async (path: string): Promise<string> => {
      // One after the other: Flink unpacks a file at the first request for it, and serves a second one what is there so far.
      const direct = await fetch(`${url}/${path}`);
      const want = await direct.arrayBuffer();
      const passed = await edge.ask(token, `${prefix}/${path}`);
      expect([path, passed.status]).toEqual([path, 200]);
      expect(passed.headers.get("content-type")).toBe(direct.headers.get("content-type"));
      const got = await passed.arrayBuffer();
      expect(Buffer.from(got).equals(Buffer.from(want)), `${path} has another content`).toBe(true);
      return Buffer.from(got).toString();
    };
    const index = await same("");
    const assets = [...index.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, path]) => path ?? "");
    expect(assets.some((path) => path.endsWith(".js"))).toBe(true);
    // What a browser resolves against the prefix: nothing may begin at the root of the address.
    expect(assets.filter((path) => /^(\/|[a-z]+:)/.test(path))).toEqual([]);
    for (const path of assets.filter((each) => each !== "./")) await same(path);
    for (const path of ["config", "jobmanager/config", "jars"]) await same(path);
    for (const path of ["overview", "v1/jobs/overview", "taskmanagers", "jobmanager/logs"])
      expect([path, (await edge.ask(token, `${prefix}/${path}`)).status]).toEqual([path, 200]);
    const unknown = `jobs/${"0".repeat(32)}`;
    const [direct, passed] = [
      await fetch(`${url}/${unknown}`),
      await edge.ask(token, `${prefix}/${unknown}`),
    ];
    expect(passed.status).toBe(direct.status);
    // Without its stack: how Flink's threads come to read a request is not the same twice.
    const first = async (answer: Response) =>
      ((await answer.json()) as { errors: string[] }).errors[0]?.split("\n", 1)[0];
    expect(await first(passed)).toBe(await first(direct));
  });

  test("a JAR is uploaded, run and deleted", async () => {
    const form = new FormData();
    form.set("jarfile", await openAsBlob(jobsJar), "jobs.jar");
    const upload = await edge.ask(token, `${prefix}/v1/jars/upload`, { method: "POST", body: form });
    expect(upload.status).toBe(200);
    const jarId = ((await upload.json()) as { filename: string }).filename.split("/").at(-1);
    const jobId = randomBytes(16).toString("hex");
    const run = await edge.ask(token, `${prefix}/v1/jars/${jarId}/run`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ entryClass: scenarioClass, programArgsList: ["stream"], jobId }),
    });
    expect([run.status, await run.json()]).toMatchObject([200, { jobid: jobId }]);
    const cancel = await edge.ask(token, `${prefix}/jobs/${jobId}?mode=cancel`, { method: "PATCH" });
    expect(cancel.status).toBe(202);
    const gone = await edge.ask(token, `${prefix}/jars/${jarId}`, { method: "DELETE" });
    expect(gone.status).toBe(200);
    await eventually(async () => (await statusOf(jobId)) === "CANCELED");
  });

  test("Flink's own command line works unchanged, over TLS: run, list, cancel", async () => {
    const cli = await commandLine("cli", token);
    const name = `cli-${randomBytes(4).toString("hex")}`;
    const attached = await cli.run(
      "run",
      "-c",
      scenarioClass,
      jobsJar,
      "batch",
      "--name",
      `${name}-attached`,
    );
    expect(attached).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/JobID [0-9a-f]{32} has finished/i),
    });
    const detached = await cli.run("run", "-d", "-c", scenarioClass, jobsJar, "stream", "--name", name);
    expect(detached.code, detached.stderr).toBe(0);
    const jobId = /JobID ([0-9a-f]{32})/.exec(detached.stdout)?.[1] ?? "";
    const listed = await cli.run("list", "-r");
    expect(listed).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`${jobId} : ${name} (RUNNING)`),
    });
    expect(await cli.run("cancel", jobId)).toMatchObject({ code: 0 });
    await eventually(async () => (await statusOf(jobId)) === "CANCELED");
  });

  test("the command line says why it is refused", async () => {
    const stranger = await serviceAccount(world, "stranger");
    const cli = await commandLine("cli-stranger", stranger);
    const refused = await cli.run("run", "-d", "-c", scenarioClass, jobsJar, "batch");
    expect(refused.code).toBe(1);
    expect(refused.stdout + refused.stderr).toContain(
      "may not create flinkjobs.flinkjob.dev in the namespace",
    );
  });
});

test("a JobManager that is killed and comes back is found again, without a restart of the gateway", async () => {
  const world = await World.open("gateway-failover");
  try {
    const flink = await world.flink({ version: "2.3", slots: 1 });
    await world.createCluster("main", { url: flink.url });
    const edge = await (await EdgeStage.open(world)).serve();
    const token = await serviceAccount(world, "pipeline");
    await allow(world, "pipeline", "get");
    const ask = () => edge.ask(token, `/clusters/${world.namespace}/main/overview`);
    const code = async () => (await ask()).headers.get("x-flinkjob-code") ?? "passed";
    expect(await code()).toBe("passed");
    await flink.killJobManager();
    expect(await code()).toBe("ClusterUnreachable");
    await flink.startJobManager("process");
    await eventually(async () => (await ask()).status === 200, 30_000, 100);
  } finally {
    await world.close();
  }
});
