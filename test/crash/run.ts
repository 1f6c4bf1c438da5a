// `npm run test:crash`: kills the operator at every call, and breaks every call in every way. See usage below.
import { parseArgs } from "node:util";
import { openApiServer, openLanesOn } from "./lanes.ts";
import { type Case, casesOf, seeded } from "./matrix.ts";
import { type Plan, parsedFault } from "./plan.ts";
import { Player, type Score } from "./player.ts";
import { realKinds, realKindsWithHa } from "./real-sites.ts";
import { playableOnReal } from "./scenarios.ts";
import { fakeKinds } from "./site.ts";
import { realStage } from "./stage.ts";
import { tally } from "./story.ts";
import { playOnThreads } from "./workers.ts";

const usage = `npm run test:crash -- [options]
  (none)          fake Flinks: every call, every fault
  --real          real Flinks, the operator as a process, kill -9: \`--sample\` runs with a fault, or --all (also with HA)
  --sample N      with --real, so many runs (default 40); else so many faults of each case
  --own-sample N  so many faults of each case with a cluster of its own, instead of all
  --seed N        the seed of the choice (printed with each run)
  --only CASE     scenarios and Flinks whose name contains this, such as slow-main/2.3.0-ha
  --fault FAULT   this fault alone, such as "POST /jars/JAR/run #1: 500"
  --api-server real   with fake Flinks, a real API server instead of fake ones (slower by half)
  --lanes N       runs at once in each thread (default 112, with --real 4)
  --threads N     (default 2, with --real 1)
  --list          the golden runs and their calls, no faults
A real API server is $FLINKJOB_TEST_KUBECONFIG, with the CRDs, or one that is started.
The last line is "N passed, N failed, N skipped"; skipped are runs whose call never came, or that Flink kept from their end.`;

const { values } = parseArgs({
  options: {
    all: { type: "boolean", default: false },
    real: { type: "boolean", default: false },
    sample: { type: "string" },
    "own-sample": { type: "string" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 1e6)) },
    only: { type: "string", default: "" },
    fault: { type: "string" },
    "api-server": { type: "string", default: "fake" },
    lanes: { type: "string" },
    threads: { type: "string", default: "2" },
    list: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
const print = (text: string) => void process.stdout.write(`${text}\n`);
const progress = (line: string) => void process.stderr.write(`${line}\n`);

async function main(): Promise<number> {
  const begin = performance.now();
  const plan: Plan = {
    seed: Number(values.seed),
    faults: values.sample !== undefined && !values.real ? Number(values.sample) : "every",
    ownFaults: values["own-sample"] === undefined ? "every" : Number(values["own-sample"]),
    listing: values.list,
    real: values.real,
    ...(values.fault !== undefined && { only: parsedFault(values.fault) }),
  };
  const { cases, score } = values.real ? await onReal(plan) : await onFakes(plan);
  const { passed, failed, calls, unreached, stuck } = score;
  const skipped = unreached.length + stuck.length;
  const runs = passed + failed + skipped;
  const seconds = ((performance.now() - begin) / 1_000).toFixed(0);
  const { user, system } = process.cpuUsage();
  const cpu = ((user + system) / 1e6).toFixed(0);
  print(
    `${cases.length} cases, ${calls} calls, ${runs} runs in ${seconds} s, ${cpu} s of CPU (seed ${plan.seed})`,
  );
  if (unreached.length > 0) print(`The call that should fail never came: ${tally(unreached)}`);
  if (stuck.length > 0) print(`Flink kept the application from its end each time: ${tally(stuck)}`);
  print(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

interface Played {
  readonly cases: readonly Case[];
  readonly score: Score;
}

async function onFakes(plan: Plan): Promise<Played> {
  const onRealApi = values["api-server"] === "real";
  const cases = casesOf(fakeKinds, values.only).filter(
    ({ scenario }) => !onRealApi || scenario.ownCluster === undefined,
  );
  const apiServer = onRealApi ? await openApiServer(progress) : undefined;
  try {
    const task = { plan, kubeconfig: apiServer?.kubeconfig, lanes: Number(values.lanes ?? 112) };
    return { cases, score: await playOnThreads(cases, Number(values.threads), task, print) };
  } finally {
    await apiServer?.close();
  }
}

async function onReal(plan: Plan): Promise<Played> {
  const kinds = values.all ? realKindsWithHa : realKinds;
  const all = casesOf(kinds, values.only).filter(({ scenario }) => playableOnReal(scenario));
  const random = seeded(plan.seed);
  // Each draw is a case and one fault of it; with --all every case is drawn once, for all of its faults.
  const whole = values.all || plan.listing || plan.only !== undefined;
  const draws = Array.from(
    { length: Number(values.sample ?? 40) },
    () => all[Math.floor(random() * all.length)]!,
  );
  const counts = Map.groupBy(whole ? all : draws, (one) => one);
  const left = [...counts].map(([one, { length }]) => ({ one, faults: whole ? plan.faults : length }));
  const cases = left.map(({ one }) => one);
  const apiServer = await openApiServer(progress);
  const stage = await realStage(values.all, progress);
  const lanes = await openLanesOn(apiServer.kubeconfig, Number(values.lanes ?? stage.lanes));
  try {
    const sizes = new Map(left.map(({ one, faults }) => [one, faults]));
    const player = new Player({ stage, plan, sizes, nextCase: async () => left.shift()?.one, print });
    return { cases, score: await player.run(lanes.all) };
  } finally {
    await lanes.close();
    await stage.close();
    await apiServer.close();
  }
}

// Operators that outlived it would go on polling ports that others are given.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
if (values.help) print(usage);
else process.exitCode = await main();
