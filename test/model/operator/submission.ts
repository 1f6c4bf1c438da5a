import { outcomes } from "../flink/outcomes.ts";
import { EPOCH } from "../kube/api-server.ts";
import { LONGEST_WAY_MS } from "../network/network.ts";
import type { World } from "../world/world.ts";
import type { Operator } from "./operator.ts";
import { flightAnswered, flightOf } from "./seen.ts";

/** Its turn has come: the JAR is on the JobManager and the run request leaves (src/controller/flights.ts, jars.ts). */
export function transferJar(world: World, operator: Operator, index: number): void {
  world.at(operator.to);
  const { manager, now, setting } = world;
  const { jobId } = operator.flight!;
  const brings = setting.jar === "uri";
  // A leader that lost its lease may not send; this one finds out in time.
  const takenOver = !world.isAlone || world.left.takeovers < setting.budget.takeovers;
  const deposed = index === 0 && takenOver && now - recordTime(operator) >= LONGEST_WAY_MS;
  if (deposed || (brings && !manager.up)) {
    operator.flight = flightAnswered(operator.flight!, now, outcomes.refused);
    operator.queued = true;
    return;
  }
  const where = `${manager.incarnation}/`;
  // Held from an earlier request of the same submission, if the process is the same.
  if (brings && !operator.jar?.startsWith(where)) {
    dropJar(world, operator);
    operator.jar = `${where}${jobId}/${index}.${operator.epoch}`;
    manager.jars.push(operator.jar);
  }
  operator.flight = flightOf({ ...operator.flight!, phase: "sending", since: world.time });
  operator.queued = true;
  leave(world, operator, index, jobId, operator.jar);
  if (setting.habits.dropsJarEarly) dropJar(world, operator);
}

/** The run request is on its way. */
function leave(
  world: World,
  operator: Operator,
  index: number,
  jobId: string,
  jar: string | undefined,
): void {
  const recordedAt = recordTime(operator);
  operator.request = world.network.leave({
    operator: index,
    epoch: operator.epoch,
    jobId,
    content: operator.content,
    from: operator.from,
    application: world.setting.applications,
    jar,
    leftAt: world.isAlone ? world.now : recordedAt,
    recordedAt,
    at: world.current,
    incarnation: operator.incarnation,
  });
}

/** When the flight's request was recorded. */
function recordTime({ flight }: Operator): number {
  return Date.parse(flight?.sentAt ?? "") - EPOCH;
}

/** The submission has an outcome: its JAR goes. */
export function dropJar({ managers }: World, operator: Operator): void {
  const { jar } = operator;
  operator.jar = undefined;
  if (jar === undefined) return;
  for (const manager of managers) if (manager.up) manager.jars = manager.jars.filter((id) => id !== jar);
}

/** Once per process: JARs that an earlier one left behind, as far as nobody needs them (src/controller/controller.ts). */
export function sweep(world: World, operator: Operator): void {
  if (operator.swept || world.manager.jars.length === 0) return;
  operator.swept = true;
  const job = world.api.versions[operator.seen]?.job;
  if (!job) return;
  const { trigger, history = [] } = job.status ?? {};
  // All JARs of one address share a key, so one open submission keeps them all.
  if (trigger === undefined || trigger.state === "pending") return;
  const past = new Set([trigger.jobId, ...history.map(({ jobId }) => jobId)]);
  world.note(() => "  it sweeps the JARs that nobody needs");
  world.manager.jars = world.manager.jars.filter(
    (id) => id === operator.jar || !past.has(id.split("/")[1] ?? ""),
  );
}
