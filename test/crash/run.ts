// `npm run test:crash`: kills the operator at every call, and breaks every call in every way. See usage below.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fakeJar } from "../support/fake-flink/index.ts";
import { JarServer } from "../support/jar-server.ts";
import { type Fault, type FaultMode, faultModes } from "../support/lifeline.ts";
import { type Lane, play, type RunResult } from "./crash-run.ts";
import { startInProcess } from "./in-process-operator.ts";
import { openLanes } from "./lanes.ts";
import { type Case, caseName, casesOf, faultsOf, inLanes, sampled, seeded } from "./matrix.ts";
import { fakeKinds, openFakeSite } from "./site.ts";
import { faultText, story } from "./story.ts";

const usage = `npm run test:crash -- [options]
  (none)          every call killed before and after, and some of the other faults, chosen by a seed
  --all           every call, every fault
  --seed N        the seed of the choice (printed with each run)
  --only CASE     scenarios and Flinks whose name contains this, such as slow-main/2.3.0-ha
  --fault FAULT   this fault alone, such as "POST /jars/JAR/run#1: 500"
  --lanes N       runs at once (default 24)
  --list          the golden runs and their calls, no faults`;

const { values } = parseArgs({
  options: {
    all: { type: "boolean", default: false },
    seed: { type: "string", default: String(Math.floor(Math.random() * 1e6)) },
    only: { type: "string", default: "" },
    fault: { type: "string" },
    lanes: { type: "string", default: "24" },
    list: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
const OTHERS_IN_CI = 1;

interface Task extends Case {
  readonly golden: RunResult;
  readonly fault: Fault;
}

async function main(): Promise<number> {
  const begin = performance.now();
  const cases = casesOf(fakeKinds, values.only);
  const dir = await mkdtemp(join(tmpdir(), "flinkjob-crash-jar-"));
  await writeFile(join(dir, "jobs.jar"), fakeJar());
  const jars = await JarServer.start(join(dir, "jobs.jar"));
  const lanes = await openLanes(Number(values.lanes), (line) => process.stderr.write(`${line}\n`));
  const failed: string[] = [];
  const report = (text: string) => {
    failed.push(text);
    process.stdout.write(`${text}\n\n`);
  };
  const count = { runs: 0, unreached: 0, points: 0 };
  try {
    const tasks: Task[] = [];
    const random = seeded(Number(values.seed));
    await inLanes(lanes.all, cases, async (one, lane) => {
      const golden = await playOn(one, lane, jars);
      if (golden.problems.length > 0) {
        report(story(caseName(one), undefined, golden, replayOf(one)));
        return;
      }
      const faults = faultsOf(golden);
      count.points += new Set(faults.map(({ name, occurrence }) => `${name}#${occurrence}`)).size;
      if (values.list) process.stdout.write(`${listing(one, golden)}\n`);
      else tasks.push(...chosen(faults, random).map((fault) => ({ ...one, golden, fault })));
    });
    process.stdout.write(
      `${cases.length} cases, ${count.points} calls, ${tasks.length} runs with a fault (seed ${values.seed})\n`,
    );
    await inLanes(lanes.all, tasks, async (task, lane) => {
      const result = await playOn(task, lane, jars, task);
      count.runs++;
      if (!result.struck) count.unreached++;
      if (result.problems.length === 0) return;
      report(story(caseName(task), task.fault, result, replayOf(task, task.fault)));
    });
  } finally {
    await lanes.close();
    await jars.close();
    await rm(dir, { recursive: true });
  }
  const seconds = ((performance.now() - begin) / 1_000).toFixed(0);
  const unreached =
    count.unreached > 0 ? `, ${count.unreached} of them without the call that should fail` : "";
  process.stdout.write(`${count.runs} runs with a fault in ${seconds} s${unreached}\n`);
  process.stdout.write(`${count.runs + cases.length - failed.length} passed, ${failed.length} failed\n`);
  return failed.length === 0 ? 0 : 1;
}

async function playOn(
  { scenario, kind }: Case,
  lane: Lane,
  jars: JarServer,
  task?: Task,
): Promise<RunResult> {
  const site = await openFakeSite(kind, jars);
  try {
    const compared = task ? { golden: task.golden.end, fault: task.fault } : {};
    return await play({ scenario, lane, site, start: startInProcess, ...compared });
  } finally {
    await site.close();
  }
}

function chosen(faults: readonly Fault[], random: () => number): Fault[] {
  if (values.fault !== undefined) return [parsedFault(values.fault)];
  return values.all ? [...faults] : sampled(faults, OTHERS_IN_CI, random);
}

function parsedFault(text: string): Fault {
  const [, name = "", occurrence = "1", mode = ""] = /^(.*?) ?#(\d+): (.*)$/.exec(text) ?? [];
  if (!faultModes.includes(mode as FaultMode)) throw new Error(`No such fault: ${text}`);
  return { name, occurrence: Number(occurrence), mode: mode as FaultMode };
}

function replayOf(one: Case, fault?: Fault): string {
  const which = fault ? ` --fault '${faultText(fault)}'` : " --list";
  return `npm run test:crash -- --only ${caseName(one)}${which}`;
}

function listing(one: Case, golden: RunResult): string {
  const { calls, from, end } = golden;
  const lines = calls.slice(from).map(({ name, status }, i) => `  ${i + 1}. ${name} -> ${status ?? "open"}`);
  return [caseName(one), ...lines, JSON.stringify(end, undefined, 1)].join("\n");
}

if (values.help) process.stdout.write(`${usage}\n`);
else process.exitCode = await main();
