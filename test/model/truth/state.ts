import type { FlinkJobState } from "../../../src/core/observed.ts";
import type { Job, Origin } from "../flink/records.ts";
import { FOREIGN } from "../world/wishes.ts";
import type { World } from "../world/world.ts";

/** A job starts from what it was promised (spec.upgradeMode): the newest state that the one before it left. */
export function startsWithState(world: World, job: Job, how: Origin): void {
  const { setting, ledger, api } = world;
  if (setting.upgradeMode === "stateless" || how === "recovered" || how === "reRun") return;
  const { promise } = ledger;
  if (promise === undefined) return;
  // A version that was rolled back hands on what it got.
  const rolledBack = api.newest.job?.status?.rolledBack?.triggerId === promise.trigger;
  const least = rolledBack ? promise.base : promise.work;
  if (job.work >= least) return;
  const what = `${world.short(job.id)} starts from ${job.work}, and ${world.short(promise.jobId)} had left ${least}`;
  const agreed =
    setting.lostPolicy === "Resubmit" && ledger.failovers > 0 ? ("resubmit" as const) : undefined;
  world.broken("startsWithLess", what, excuse(world) ?? agreed);
}

/** What a job leaves when it ends: its newest savepoint or retained checkpoint, or else what it had started from. */
export function endsWithState(world: World, job: Job, end: FlinkJobState | "STOPPED"): void {
  const { setting, ledger, manager, api } = world;
  if (setting.upgradeMode === "stateless" || job.burnt) return;
  if (job.id === FOREIGN && !ledger.adopted) return;
  const entry = ledger.of(job.id);
  if (!entry) return;
  const { trigger, base } = entry;
  // What Flink itself went back behind after a failover counts no more.
  const newest = job.left.newest;
  const work = newest && manager.stored(newest.path) ? newest.work : base;
  ledger.promise = end === "FINISHED" ? undefined : { jobId: job.id, trigger, work, base };
  const wanted = api.newest.job?.metadata.deletionTimestamp === undefined;
  const status = api.newest.job?.status;
  const unwanted = status?.rolledBack?.triggerId === trigger || status?.trigger?.jobId !== job.id;
  if (end !== "CANCELED" || !wanted || unwanted || status?.trigger?.state !== "running") return;
  if (newest && newest.work > work) {
    const what = `${world.short(job.id)} was cancelled, and its state of ${newest.work} with it: ${work} is left`;
    // It completed its first checkpoint between the look and the cancellation.
    world.broken("throwsStateAway", what, setting.retains ? excuse(world) : "firstCheckpoint");
  }
}

function excuse({ ledger }: World) {
  return ledger.wiped > 0 ? ("statusWiped" as const) : undefined;
}
