import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { isRunning } from "../machine/process.ts";
import { hasCode } from "../machine/system-error.ts";
import { logFile } from "./jvm.ts";
import type { ClusterState } from "./state.ts";

const pollMillis = 25;
const requestMillis = 2_000;

/** A local cluster did not come up; the message holds the end of the log that tells why, as far as one can know. */
export class FlinkStartError extends Error {
  readonly code = "FLINK_START_FAILED";
  constructor(message: string, log: string) {
    super(log === "" ? message : `${message}\n${log}`);
    this.name = "FlinkStartError";
  }
}

/** Until REST answers and exactly the TaskManagers of `state` are registered, each with all its slots. */
export async function untilReady(state: ClusterState, timeoutMillis: number): Promise<void> {
  const deadline = performance.now() + timeoutMillis;
  let last = "REST did not answer";
  while (performance.now() < deadline) {
    for (const { name, member } of named(state)) {
      if (isRunning(member.process)) continue;
      throw new FlinkStartError(
        `The ${name} ended: see ${logFile(state.dir, name)}`,
        await endOfLog(state.dir, name),
      );
    }
    const missing = await whatIsMissing(state);
    if (missing === undefined) return;
    last = missing;
    await delay(pollMillis);
  }
  const log = await endOfLog(state.dir, "jobmanager");
  throw new FlinkStartError(`Flink is not ready after ${timeoutMillis / 1000} s: ${last}`, log);
}

function named(state: ClusterState) {
  const all = [
    { name: "jobmanager", member: state.jobManager },
    ...state.taskManagers.map((member, i) => ({ name: `taskmanager-${i + 1}`, member })),
    { name: "zookeeper", member: state.zooKeeper },
  ];
  return all.flatMap(({ name, member }) => (member === undefined ? [] : [{ name, member }]));
}

async function whatIsMissing(state: ClusterState): Promise<string | undefined> {
  let registered: { id: string; slotsNumber: number }[];
  try {
    const answer = await fetch(`${state.url}/taskmanagers`, { signal: AbortSignal.timeout(requestMillis) });
    const text = await answer.text();
    if (!answer.ok) return `REST answers ${answer.status} ${text.slice(0, 200)}`;
    registered = (JSON.parse(text) as { taskmanagers: typeof registered }).taskmanagers;
  } catch (error) {
    return `REST does not answer (${error instanceof Error ? error.message : String(error)})`;
  }
  const want = state.taskManagers.map((member) => `${member.resourceId} ${state.slots}`).sort();
  const have = registered.map(({ id, slotsNumber }) => `${id} ${slotsNumber}`).sort();
  if (want.join() === have.join()) return undefined;
  return `TaskManagers and their slots are [${have.join(", ")}] instead of [${want.join(", ")}]`;
}

async function endOfLog(dir: string, name: string): Promise<string> {
  const texts = [logFile(dir, name), logFile(dir, name).replace(/\.log$/, ".out")].map(async (path) => {
    try {
      return (await readFile(path, "utf8")).trimEnd().split("\n").slice(-15).join("\n");
    } catch (error) {
      if (hasCode(error, "ENOENT")) return "";
      throw error;
    }
  });
  return (await Promise.all(texts)).filter((text) => text !== "").join("\n");
}
