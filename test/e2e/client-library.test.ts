import { execFile } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { scenarioClass } from "../../dev/flink/jobs.ts";
import { flinkTargets } from "../support/flink-target.ts";

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

it("brings no other package along, and knows no Kubernetes", async () => {
  const installed = await readdir(join(home, "node_modules"));
  expect(installed.filter((name) => !name.startsWith("."))).toEqual(["flinkjob"]);
  const library = await readFile(join(home, "node_modules/flinkjob/dist/library.mjs"), "utf8");
  expect(library).not.toMatch(/@kubernetes|kubeconfig/i);
  const names = `import * as it from "flinkjob"; console.log(Object.keys(it).sort().join(" "))`;
  const exported = await run(process.execPath, ["--input-type=module", "-e", names], home);
  expect(exported.trim()).toBe(
    "ClusterClient ClusterDescriptor Destinations FlinkError JobClient JobError RunAsyncClient isFlinkError isJobError newJobId newTriggerId newestId savepointAfter",
  );
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
  const complaint = await run(bin("tsc"), ["-p", "."], home).catch((error: Error) => error.message);
  expect(complaint.match(/\S+: error .*/g)).toEqual([
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
