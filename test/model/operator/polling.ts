import { EPOCH } from "../kube/api-server.ts";
import type { World } from "../world/world.ts";
import type { Operator } from "./operator.ts";
import { listed, unreachable } from "./seen.ts";
import { sweep } from "./submission.ts";

/** Whether another list would tell the operator anything. */
export function pollTells({ manager, now }: World, { cluster }: Operator): boolean {
  if (cluster === undefined || cluster.kind === "connecting") return true;
  if (!manager.up) return cluster.kind === "reachable";
  if (cluster.kind !== "reachable" || cluster.jobs.size !== manager.jobs.length) return true;
  if (cluster.listedAt + 1_000 <= EPOCH + now) return true;
  if (cluster.jobManager.incarnation !== `p${manager.incarnation}`) return true;
  for (const job of manager.jobs) {
    const row = cluster.jobs.get(job.id);
    if (row?.state !== job.state || row.startTime !== EPOCH + job.startedAt) return true;
  }
  return false;
}

/** The cluster's monitor lists the jobs (src/controller/cluster-monitor.ts). */
export function poll(world: World, operator: Operator): void {
  const { manager, setting, now } = world;
  const before = operator.cluster;
  if (!manager.up) {
    operator.failures++;
    if (operator.failures < 2 && before?.kind === "reachable") return;
    operator.cluster = unreachable;
    if (before !== unreachable) operator.queued = true;
    return;
  }
  operator.failures = 0;
  const after = listed(manager, setting, now);
  operator.cluster = after;
  if (before?.kind !== "reachable" || after.kind !== "reachable" || before.jobManager !== after.jobManager) {
    operator.queued = true;
    sweep(world, operator);
    return;
  }
  const changed =
    before.jobs.size !== after.jobs.size ||
    [...after.jobs].some(([id, row]) => before.jobs.get(id)?.state !== row.state);
  if (changed) operator.queued = true;
}
