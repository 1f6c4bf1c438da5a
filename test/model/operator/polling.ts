import type { JobRow } from "../../../src/core/observed.ts";
import { EPOCH } from "../kube/api-server.ts";
import type { World } from "../world/world.ts";
import type { Operator } from "./operator.ts";
import { listed, tasksOf, URL_A, unreachableAt } from "./seen.ts";
import { sweep } from "./submission.ts";

/** Whether another list would tell the operator anything. */
export function pollTells(world: World, { cluster, url }: Operator): boolean {
  world.at(url);
  const { manager, now } = world;
  if (cluster === undefined || cluster.kind === "connecting") return true;
  if (!manager.up) return cluster.kind === "reachable";
  if (cluster.kind !== "reachable" || cluster.jobs.size !== manager.jobs.length) return true;
  if (cluster.listedAt + 1_000 <= EPOCH + now) return true;
  if (cluster.jobManager.incarnation !== `p${manager.incarnation}`) return true;
  for (const job of manager.jobs) {
    const row = cluster.jobs.get(job.id);
    if (row?.state !== job.state || row.startTime !== EPOCH + job.startedAt) return true;
    if (row.tasks.total !== tasksOf(job, world.setting)) return true;
  }
  return false;
}

/** The cluster's monitor lists the jobs (src/controller/cluster-monitor.ts). */
export function poll(world: World, operator: Operator): void {
  world.at(operator.url);
  const { manager, setting, now } = world;
  const before = operator.cluster;
  if (!manager.up) {
    operator.failures++;
    if (operator.failures < 2 && before?.kind === "reachable") return;
    operator.cluster = unreachableAt(operator.url ?? URL_A);
    if (before !== operator.cluster) operator.queued = true;
    return;
  }
  operator.failures = 0;
  const after = listed(manager, setting, now, operator.url ?? URL_A);
  operator.cluster = after;
  if (before?.kind !== "reachable" || after.kind !== "reachable" || before.jobManager !== after.jobManager) {
    operator.queued = true;
    sweep(world, operator);
    return;
  }
  const changed =
    before.jobs.size !== after.jobs.size ||
    [...after.jobs].some(([id, row]) => isOther(before.jobs.get(id), row));
  if (changed) operator.queued = true;
}

function isOther(before: JobRow | undefined, { state, tasks }: JobRow): boolean {
  return before?.state !== state || before.tasks.total !== tasks.total;
}
