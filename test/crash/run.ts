// `npm run test:crash`: kills the operator at every call, and breaks every call in every way. See usage below.
import { parseArgs } from "node:util";
import { type Fault, type FaultMode, faultModes } from "../support/lifeline.ts";
import { type Lane, play, type RunResult } from "./crash-run.ts";
import { openLanes } from "./lanes.ts";
import { type Case, caseName, casesOf, faultsOf, inLanes, sampled, seeded, some } from "./matrix.ts";
import { fakeStage, realStage, type Stage } from "./stage.ts";
import { faultText, listing, story, tally } from "./story.ts";

const usage = `npm run test:crash -- [options]
  (none)          fake Flinks: every call killed before and after, and one of the other faults, which the seed chooses
  --all           every call, every fault
  --real          real Flinks, the operator as a process, kill -9; ${"`--sample`"} runs with a fault, or --all
  --sample N      how many (default 40)
  --seed N        the seed of the choice (printed with each run)
  --only CASE     scenarios and Flinks whose name contains this, such as slow-main/2.3.0-ha
  --fault FAULT   this fault alone, such as "POST /jars/JAR/run #1: 500"
  --lanes N       runs at once (default 20, with --real 4)
  --list          the golden runs and their calls, no faults
Needs an API server with the CRDs as $FLINKJOB_TEST_KUBECONFIG, or starts one.`;

const { values } = parseArgs({
  options: {
    all: { type: "boolean", default: false },
    real: { type: "boolean", default: false },
    sample: { type: "string", default: "40" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 1e6)) },
    only: { type: "string", default: "" },
    fault: { type: "string" },
    lanes: { type: "string" },
    list: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
/** Besides the kills, so many other faults of each call. */
const OTHERS = 1;
const print = (text: string) => void process.stdout.write(`${text}\n`);
const progress = (line: string) => void process.stderr.write(`${line}\n`);

interface Task extends Case {
  readonly golden: RunResult;
  readonly fault: Fault;
}

async function main(): Promise<number> {
  const begin = performance.now();
  const stage = values.real ? await realStage(values.all, progress) : await fakeStage();
  try {
    const lanes = await openLanes(Number(values.lanes ?? stage.lanes), progress);
    try {
      return await matrix(stage, lanes.all, begin);
    } finally {
      await lanes.close();
    }
  } finally {
    await stage.close();
  }
}

async function matrix(stage: Stage, lanes: readonly Lane[], begin: number): Promise<number> {
  const cases = casesOf(stage.kinds, values.only);
  let failed = 0;
  const judge = (one: Case, fault: Fault | undefined, result: RunResult) => {
    if (result.problems.length === 0) return;
    failed++;
    print(`${story(caseName(one), fault, result, replayOf(one, fault))}\n`);
  };
  const random = seeded(Number(values.seed));
  const all: Task[] = [];
  await inLanes(lanes, cases, async (one, lane) => {
    const golden = await playOn(stage, one, lane);
    judge(one, undefined, golden);
    if (golden.problems.length > 0) return;
    if (values.list) print(listing(caseName(one), golden));
    else all.push(...faultsOf(golden).map((fault) => ({ ...one, golden, fault })));
  });
  const calls = new Set(all.map((task) => `${caseName(task)} ${task.fault.name} ${task.fault.occurrence}`));
  // The order in which golden runs end is chance; the seed's choice must not be.
  all.sort((a, b) => caseName(a).localeCompare(caseName(b)));
  const tasks = chosen(all, random);
  print(
    `${cases.length} cases, ${calls.size} calls; ${tasks.length} runs with a fault (seed ${values.seed})`,
  );
  const unreached: string[] = [];
  await inLanes(lanes, tasks, async (task, lane) => {
    const result = await playOn(stage, task, lane, task);
    if (!result.struck) unreached.push(`${task.fault.name} #${task.fault.occurrence}`);
    judge(task, task.fault, result);
  });
  if (unreached.length > 0) {
    print(`In ${unreached.length} runs the call that should fail never came: ${tally(unreached)}`);
  }
  print(`${((performance.now() - begin) / 1_000).toFixed(0)} s`);
  print(`${cases.length + tasks.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

async function playOn(stage: Stage, { scenario, kind }: Case, lane: Lane, task?: Task): Promise<RunResult> {
  const site = await stage.site(kind);
  const compared = task ? { golden: task.golden.end, fault: task.fault } : {};
  return play({ scenario, lane, site, start: stage.start, ...compared });
}

function chosen(all: readonly Task[], random: () => number): Task[] {
  if (values.fault !== undefined) {
    const fault = parsedFault(values.fault);
    return [...new Map(all.map((task) => [caseName(task), { ...task, fault }])).values()];
  }
  if (values.all) return [...all];
  if (values.real) return some(all, Number(values.sample), random);
  const byCase = Map.groupBy(all, (task) => caseName(task));
  return [...byCase.values()].flatMap((ofCase) => {
    const wanted = new Set(
      sampled(
        ofCase.map(({ fault }) => fault),
        OTHERS,
        random,
      ),
    );
    return ofCase.filter(({ fault }) => wanted.has(fault));
  });
}

function parsedFault(text: string): Fault {
  const [, name = "", occurrence = "1", mode = ""] = /^(.*?) ?#(\d+): (.*)$/.exec(text) ?? [];
  if (!faultModes.includes(mode as FaultMode)) throw new Error(`No such fault: ${text}`);
  return { name, occurrence: Number(occurrence), mode: mode as FaultMode };
}

function replayOf(one: Case, fault: Fault | undefined): string {
  const which = fault ? ` --fault '${faultText(fault)}'` : " --list";
  return `npm run test:crash --${values.real ? " --real" : ""} --only ${caseName(one)}${which}`;
}

if (values.help) print(usage);
else process.exitCode = await main();
