import { execFile } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { scenarioClass } from "../../dev/flink/jobs.ts";
import { flinkTargets } from "../support/flink-target.ts";
import { World } from "../support/world.ts";

// The library as its users get it: built, packed, installed where nothing else is, and used by name.

const root = fileURLToPath(new URL("../..", import.meta.url));
const bin = (name: string) => join(root, "node_modules/.bin", name);
let home: string;

async function run(command: string, args: string[], cwd: string): Promise<string> {
  const { stdout } = await promisify(execFile)(command, args, { cwd }).catch(
    (error: { stdout: string; stderr: string }) => {
      throw new Error(`${command} ${args.join(" ")}\n${error.stdout}${error.stderr}`);
    },
  );
  return stdout;
}

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "flinkjob-library-"));
  await run(process.execPath, ["dev/build.ts"], root);
  const packed = await run("npm", ["pack", "--silent", "--pack-destination", home], root);
  await writeFile(join(home, "package.json"), JSON.stringify({ type: "module", private: true }));
  await run("npm", ["install", "--offline", "--no-audit", "--no-fund", `./${packed.trim()}`], home);
  await cp(join(root, "examples"), home, { recursive: true });
});

afterAll(() => rm(home, { recursive: true, force: true }));

/** What a program prints that imports by name. */
const printed = (program: string) => run(process.execPath, ["--input-type=module", "-e", program], home);

it("brings no other package along, and knows no Kubernetes", async () => {
  const installed = await readdir(join(home, "node_modules"));
  expect(installed.filter((name) => !name.startsWith("."))).toEqual(["flinkjob"]);
  const library = await readFile(join(home, "node_modules/flinkjob/dist/library.mjs"), "utf8");
  expect(library).not.toMatch(/@kubernetes|kubeconfig/i);
  const names = (entry: string) =>
    printed(`import * as it from "${entry}"; console.log(Object.keys(it).sort().join(" "))`);
  expect((await names("flinkjob")).trim()).toBe(
    "ClusterClient ClusterDescriptor Destinations FlinkError JobClient JobError RunAsyncClient isFlinkError isJobError newJobId newTriggerId newestId savepointAfter",
  );
  expect((await names("flinkjob/kubernetes")).trim()).toBe(
    "DeploymentError KubernetesClusterDescriptor isDeploymentError",
  );
});

it("has a second entry that speaks with Kubernetes, and has the first one's classes", async () => {
  const world = await World.open("library");
  try {
    const output = await printed(`
import { isFlinkError } from "flinkjob";
import { isDeploymentError, KubernetesClusterDescriptor } from "flinkjob/kubernetes";
const descriptor = await KubernetesClusterDescriptor.open(${JSON.stringify({
      kubeconfig: world.kubeconfig,
      namespace: world.namespace,
    })});
const spec = { flinkVersion: "2.3", image: "flink:2.3", storage: { claimName: "flink" } };
const told = async (call) => {
  const error = await call.catch((error) => error);
  console.log(isFlinkError(error), isDeploymentError(error), error?.code, error?.reason, ...(error?.differences ?? []));
};
await told(descriptor.deploySession("orders", spec, { timeoutMs: 2_000 }));
await told(descriptor.deploySession("orders", { ...spec, jobManager: { replicas: 1 } }, { timeoutMs: 2_000 }));
await told(descriptor.deploySession("orders", { ...spec, image: "flink:2.2" }));
await told(descriptor.deploySession("Orders", spec));
await told(descriptor.retrieve({ job: "orders" }));
await told(descriptor.kill({ cluster: "orders" }));
await told(descriptor.retrieve({ cluster: "orders" }));
`);
    expect(output.trim().split("\n")).toEqual([
      // No operator looks after this namespace.
      "true false Timeout undefined",
      "true false Timeout undefined",
      "false true SpecDiffers undefined spec.managed.image",
      "false true RequestRefused Invalid",
      "false true NotFound undefined",
      "false false undefined undefined",
      "false true NotFound undefined",
    ]);
  } finally {
    await world.close();
  }
});

it("has types of its own, that a strict compiler takes", async () => {
  const compilerOptions = {
    strict: true,
    noEmit: true,
    module: "nodenext",
    target: "es2024",
    skipLibCheck: false,
    types: ["node"],
    typeRoots: [join(root, "node_modules/@types")],
    lib: ["es2024", "esnext.disposable"],
  };
  await writeFile(join(home, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
  await writeFile(
    join(home, "wrong.ts"),
    `import { ClusterDescriptor } from "flinkjob";
const cluster = await new ClusterDescriptor().retrieve({ url: "http://x" });
const path: string = await cluster.jobClient("a").stop({ advanceToEndOfEventTime: "yes" });
`,
  );
  await writeFile(
    join(home, "wrong-spec.ts"),
    `import type { ClusterClient, JobClient } from "flinkjob";
import { KubernetesClusterDescriptor } from "flinkjob/kubernetes";
const descriptor = await KubernetesClusterDescriptor.open();
const cluster = { flinkVersion: "2.3", image: "flink", storage: { uri: "s3://b" } } as const;
const session: ClusterClient = await descriptor.deploySession("a", { ...cluster, taskManager: { slots: 2 } });
const jar = { local: "/opt/flink/usrlib/a.jar" };
const job: JobClient = await descriptor.deployPerJob("b", { cluster: { perJob: { ...cluster, mode: "session" } }, jar });
const same: JobClient = await descriptor.retrieve({ job: "b" }, { timeoutMs: 10 });
await descriptor.deployPerJob("c", { cluster: { name: "a" }, jar });
await descriptor.deploySession("d", { ...cluster, flinkVersion: "1.19" });
`,
  );
  const complaint = await run(bin("tsc"), ["-p", "."], home).catch((error: Error) => error.message);
  expect(complaint.match(/\S+: error .*/g)).toEqual([
    expect.stringMatching(/^wrong-spec\.ts\(9,\d+\): error TS2353: .*'name' does not exist in type/),
    expect.stringMatching(/^wrong-spec\.ts\(10,\d+\): error TS2322: Type '"1\.19"' is not assignable/),
    expect.stringMatching(/^wrong\.ts\(3,\d+\): error TS2322: Type 'string' is not assignable/),
  ]);
});

it.each(flinkTargets())("moves a job with its state on Flink $version", async ({ url, jobsJar, version }) => {
  const counter = "dev.flinkjob.examples.Counter";
  const output = await run(process.execPath, ["move-a-job.ts", url, jobsJar, counter], home);
  const uri = "file:\\S+/savepoint-[0-9a-f]{6}-[0-9a-f]{12}";
  const lines = [
    `^Flink ${version}\\.\\d+, JobManagerLifetime$`,
    "^[0-9a-f]{32} is RUNNING$",
    `^savepoint: ${uri}$`,
    `^stopped after \\d+ ms, with its state in (${uri})$`,
    `^[0-9a-f]{32} goes on from (${uri})$`,
  ];
  for (const line of lines) expect(output).toMatch(new RegExp(line, "m"));
  const [, stopped] = /with its state in (\S+)/.exec(output) ?? [];
  expect(output).toContain(`goes on from ${stopped}`);
});

it("an example that nobody answers says so in one line", async () => {
  const failed = run(process.execPath, ["move-a-job.ts", "http://127.0.0.1:1", "x.jar", scenarioClass], home);
  await expect(failed).rejects.toThrow(/^ConnectionRefused \(retry: backoff\): GET \/config: .*$/m);
});

it("an example that finds no Kubernetes says so in one line", async () => {
  await writeFile(join(home, "cluster.json"), "{}");
  const program = ["--env-file=nowhere.env", "deploy-a-session.ts", "orders", "cluster.json"];
  await writeFile(join(home, "nowhere.env"), "KUBECONFIG=/nowhere/config");
  await expect(run(process.execPath, program, home)).rejects.toThrow(
    /^RequestRefused \(retry: never\): .*$/m,
  );
});
