// `npm run test:conformance`: what we know about Flink, asked of real ones. See usage below.
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { runToEnd } from "../../dev/demo/ground.ts";
import { startFlink } from "../../dev/flink/cluster.ts";
import { buildJobsJar } from "../../dev/flink/jobs.ts";
import { isAtLeast, pinnedReleases, releaseOf } from "../../dev/flink/release.ts";
import { startKube } from "../../dev/kube/cluster.ts";
import { type Finding, findingsOf, type Report, versionTable } from "./version-table.ts";

const usage = `npm run test:conformance -- [--all | VERSION...]
  VERSION   a minor version such as 1.17; default 1.20 and 2.3
  --all     every minor version from 1.17 on, and the table docs/flink-versions.md is written anew (about 20 minutes)
Each version's Flink is assembled from Maven Central at its first use. The last line is "N passed, N failed".`;

const root = fileURLToPath(new URL("../..", import.meta.url));
const { values, positionals } = parseArgs({
  options: { all: { type: "boolean", default: false }, help: { type: "boolean", default: false } },
  allowPositionals: true,
});
const progress = (line: string) => void process.stderr.write(`${line}\n`);

async function main(): Promise<number> {
  const minors = Object.keys(pinnedReleases).sort((a, b) => (isAtLeast(releaseOf(a), b) ? 1 : -1));
  const chosen = values.all ? minors : positionals.length > 0 ? positionals : ["1.20", "2.3"];
  for (const minor of chosen) releaseOf(minor);
  const dir = await mkdtemp(join(tmpdir(), "flinkjob-conformance-"));
  const kube = await startKube({ dir: join(dir, "kube"), ownerPid: process.pid, progress });
  try {
    const [command = "kubectl", ...first] = kube.kubectl;
    const crds = join(root, "crds");
    await runToEnd(command, [...first, "apply", "-k", crds], { KUBECONFIG: kube.kubeconfig });
    const findings: Finding[] = [];
    let broken = 0;
    for (const minor of chosen) {
      const asked = await ask(minor, join(dir, minor), kube.kubeconfig);
      if (asked === undefined) broken++;
      else findings.push(...asked);
    }
    const failed = findings.filter(({ holds }) => !holds);
    for (const { version, about, fact } of failed) {
      process.stdout.write(`✗ ${version}: ${about.join(", ")}: ${fact}\n`);
    }
    if (values.all && broken === 0) {
      const releases = minors.map((minor) => [minor, releaseOf(minor)] as const);
      await writeFile(join(root, "docs", "flink-versions.md"), versionTable(findings, releases));
    }
    const passed = findings.length - failed.length;
    process.stdout.write(`${passed} passed, ${failed.length + broken} failed\n`);
    return failed.length + broken === 0 ? 0 : 1;
  } finally {
    await kube.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

/** What a real Flink of this version answers. Undefined when it could not be asked. */
async function ask(minor: string, dir: string, kubeconfig: string): Promise<Finding[] | undefined> {
  const flink = await startFlink({ dir, version: minor, slots: 16, ownerPid: process.pid, progress });
  try {
    const jobsJar = await buildJobsJar(flink.version, progress);
    const report = join(dir, "report.json");
    const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
    const config = ["run", "--config", "test/conformance/vitest.config.ts", "--testNamePattern", "^real"];
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
    const target = JSON.stringify({ [minor]: { url: flink.url, jobsJar } });
    const env = { ...process.env, FLINKJOB_TEST_FLINK: target, FLINKJOB_TEST_KUBECONFIG: kubeconfig };
    const child = spawn(process.execPath, [vitest, ...config, ...reporters], {
      cwd: root,
      stdio: "inherit",
      env,
    });
    await new Promise((go) => child.once("close", go));
    const findings = findingsOf(JSON.parse(await readFile(report, "utf8")) as Report);
    return findings.length > 0 ? findings : undefined;
  } finally {
    await flink.stop();
  }
}

if (values.help) process.stdout.write(`${usage}\n`);
else process.exitCode = await main();
