import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Act, Outcome } from "./act.ts";
import { Traffic } from "./traffic.ts";

/** One way in which two jobs come of one wish. */
export interface Scene {
  readonly name: string;
  readonly title: string;
  /** What the agent in it is, at the head of its column. */
  readonly agent: string;
  readonly version: "2.3" | "1.20";
  readonly highAvailability: boolean;
  readonly play: (act: Act) => Promise<Outcome>;
}

/** How long main() of the agent's and of our job takes, in milliseconds. */
const MAIN_MS = 3_000;

export const scenes: readonly Scene[] = [
  {
    name: "failover",
    title: "Flink 2.3 with ZooKeeper, /run-application: the JobManager is killed under a running job",
    agent: "agent: list, then submit",
    version: "2.3",
    highAvailability: true,
    play: failover,
  },
  {
    name: "no-answer",
    title: "Flink 1.20 with ZooKeeper, /run: main() takes longer than the agent's patience, then the same",
    agent: "agent: list, then submit",
    version: "1.20",
    highAvailability: true,
    play: noAnswer,
  },
  {
    name: "forgotten",
    title: "Flink 1.20 without high availability: a job has finished, and the JobManager starts again",
    agent: "agent with its own JobID",
    version: "1.20",
    highAvailability: false,
    play: forgotten,
  },
  {
    name: "in-between",
    title: "Flink 1.20 without high availability: whoever submits is killed before the answer",
    agent: "agent with its own JobID",
    version: "1.20",
    highAvailability: false,
    play: inBetween,
  },
];

/**
 * The letter of 2017, step by step: a new leader, an incomplete list, a second submission, and then the first job is
 * restored. /run-application of Flink 2.3 runs main() again after a failover, and lists no job until it is through.
 */
async function failover(act: Act): Promise<Outcome> {
  const { recorder, ourJob, agentJob, place } = act;
  const gate = join(place.flink.dir, "gate");
  const args = ["stream", "--sleep", String(MAIN_MS), "--wait-for", gate];
  await writeFile(gate, "");
  await act.apply(ourJob, args);
  const agent = await act.agent(agentJob, { args, endpoint: "run-application", patienceMs: 10_000 });
  const traffic = new Traffic(act);
  const bothRun = async () =>
    recorder.alive(agentJob) === 1 && (await act.word(ourJob)) === "running TasksRunning";
  act.claim(await act.until(bothRun), "both jobs run");

  // This time main() takes until its gate opens: as long as the JobManager needs to come back, on any machine.
  await rm(gate);
  await act.killJobManager();
  await place.flink.startJobManager("process");
  const incomplete = () => recorder.answer.kind === "listed" && !recorder.answer.live.includes(ourJob);
  const listedWithout = await act.until(incomplete);
  const fooled = await act.until(() => agent.requests === 2);
  const seen = await act.until(async () => (await act.word(ourJob)) === "running Recovering");
  await writeFile(gate, "");
  const back = async () =>
    recorder.answer.kind === "listed" &&
    recorder.answer.live.includes(ourJob) &&
    (await act.word(ourJob)) === "running TasksRunning";
  const restored = await act.until(back);
  const doubled = await act.until(() => recorder.mostAlive(agentJob) === 2);
  act.claim(
    listedWithout && restored,
    "Flink's list was incomplete for a while, and then the jobs were back",
  );
  act.claim(fooled && doubled, `the agent believed the list: ${jobs(act, agentJob)} now, both alive`);
  claimOne(act, "the operator saw that main() ran again, and sent nothing", seen);
  return act.outcome("failover", traffic);
}

/** The answer that does not come in time: the request goes on without its sender, and the list does not show it yet. */
async function noAnswer(act: Act): Promise<Outcome> {
  const { recorder, ourJob, agentJob, place } = act;
  const args = ["stream", "--sleep", String(MAIN_MS)];
  await act.apply(ourJob, args);
  const agent = await act.agent(agentJob, { args, endpoint: "run", patienceMs: 1_000 });
  const traffic = new Traffic(act);
  const settled = async () =>
    recorder.alive(agentJob) > 1 &&
    recorder.alive(agentJob) === agent.requests &&
    (await act.word(ourJob)) === "running TasksRunning";
  const doubled = await act.until(settled);
  act.claim(doubled, "the agent gave up waiting, looked, found nothing and submitted again");

  await act.killJobManager();
  await place.flink.startJobManager("process");
  const elected = await act.until(() => recorder.answer.kind === "electing");
  const back = async () =>
    recorder.answer.kind === "listed" &&
    recorder.answer.live.includes(ourJob) &&
    (await act.word(ourJob)) === "running TasksRunning";
  act.claim(
    elected && (await act.until(back)),
    "after the failover Flink 1.20 lists all that it restored at once",
  );
  const alive = recorder.alive(agentJob);
  act.claim(alive > 1, `the agent's job lives ${alive} times, also after the failover`);
  claimOne(act, "the operator waited for main() and sent nothing more");
  return act.outcome("no-answer", traffic);
}

/** What has finished is in no list after a restart. Whoever asks only the list runs it again. */
async function forgotten(act: Act): Promise<Outcome> {
  const { recorder, ourJob, agentJob, place } = act;
  const batch = ["batch", "--elements", "25", "--delay", "20"];
  const endless = "live-flinkjob";
  await act.apply(endless, ["stream"], false);
  await act.apply(ourJob, batch);
  const mine = { args: batch, endpoint: "run", patienceMs: 10_000, jobId: "a".repeat(32) } as const;
  await act.agent(agentJob, mine);
  const finished = async () =>
    recorder.runs(agentJob) === 1 &&
    recorder.alive(agentJob) === 0 &&
    (await act.word(ourJob)) === "finished Finished" &&
    (await act.word(endless)) === "running TasksRunning";
  act.claim(await act.until(finished), "both jobs have finished; another FlinkJob's job runs");

  await act.killJobManager();
  await place.flink.startJobManager();
  const again = await act.until(() => recorder.runs(agentJob) === 2);
  act.claim(again, "the agent's job, not in the list any more, ran a second time");
  const lost = await act.until(async () => (await act.word(endless)) === "failed JobLost");
  act.claim(
    lost && recorder.runs(endless) === 1,
    "the job that ran is gone with its JobManager: its FlinkJob says JobLost, and nothing was run (lostPolicy: Fail)",
  );
  claimOne(act, "the record in the FlinkJob's status outlives Flink's memory");
  return act.outcome("forgotten");
}

/** Between request and answer: what the dead sender knew is gone, and the next one asks a JobManager that knows nothing. */
async function inBetween(act: Act): Promise<Outcome> {
  const { recorder, ourJob, agentJob, place } = act;
  const batch = ["batch", "--elements", "25", "--delay", "20", "--sleep", "2000"];
  await act.apply(ourJob, batch);
  const mine = { args: batch, endpoint: "run", patienceMs: 10_000, jobId: "b".repeat(32) } as const;
  const agent = await act.agent(agentJob, mine);
  await act.until(async () => agent.requests === 1 && (await act.word(ourJob)) === "pending MainRunning");
  act.tell("agent", "✗ kill -9", "fault");
  act.tell("flinkJob", "✗ kill -9 of the operator", "fault");
  await Promise.all([agent.kill(), place.operator.kill()]);
  const ranOn = await act.until(() =>
    [agentJob, ourJob].every((name) => recorder.runs(name) === 1 && recorder.alive(name) === 0),
  );
  act.claim(ranOn, "nobody was there for the answers: both jobs ran and finished");

  await act.killJobManager();
  await place.flink.startJobManager();
  act.tell("agent", "is started again");
  act.tell("flinkJob", "the operator is started again");
  await Promise.all([act.agent(agentJob, mine), place.operator.start()]);
  const again = await act.until(() => recorder.runs(agentJob) === 2);
  act.claim(
    again,
    "the agent knew its JobID and submitted it again: Flink had forgotten it, and it ran a second time",
  );
  const said = await act.until(async () => (await act.word(ourJob)) === "failed OutcomeLost");
  act.claim(
    said,
    "the operator knows that the JobManager it sent to is gone: OutcomeLost, it says, and runs nothing",
  );
  claimOne(act, "a new spec.trigger.id would ask for another run");
  return act.outcome("in-between");
}

function claimOne(act: Act, why: string, seen = true): void {
  const { recorder, ourJob } = act;
  const one = seen && recorder.runs(ourJob) === 1 && recorder.mostAlive(ourJob) === 1;
  act.claim(one, `ours: ${jobs(act, ourJob)}; ${why}`);
}

function jobs(act: Act, name: string): string {
  const count = act.recorder.runs(name);
  return count === 1 ? "1 job" : `${count} jobs`;
}
