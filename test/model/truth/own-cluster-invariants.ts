import type { FlinkCluster } from "../../../src/api/objects.ts";
import { isTerminal } from "../../../src/core/observed.ts";
import type { World } from "../world/world.ts";
import { isDeletedBySomebody } from "./invariants.ts";

/** A FlinkCluster is about to be made: the attempt is on record, and no other job of the FlinkJob lives. */
export function makes(world: World, { metadata, spec }: FlinkCluster): void {
  if (world.ledger.madeLate > 0) return;
  const { job } = world.api.newest;
  const { trigger } = job?.status ?? {};
  const isWanted = job && job.metadata.deletionTimestamp === undefined;
  if (!isWanted || trigger?.cluster?.name !== metadata.name) {
    world.broken("makesUnwanted", `cluster ${metadata.name} is made, and nobody wants it any more`);
    return;
  }
  if (spec.managed?.application && trigger.sends < 1)
    world.broken("makesUnrecorded", `cluster ${metadata.name} is made, and nothing is recorded as sent`);
  const other = world.live.find(({ id }) => id !== trigger.jobId);
  if (other)
    world.broken(
      "mintsBesideLivingJob",
      `the cluster of ${world.short(trigger.jobId)} is made while ${world.short(other.id)} lives`,
    );
}

/** An operator deletes a FlinkCluster: that it is let go is on record, or another attempt has taken its place. */
export function deletes(world: World, name: string): void {
  const { job } = world.api.newest;
  const { cluster } = job?.status?.trigger ?? {};
  if (
    cluster?.name === name &&
    cluster.releasedAt === undefined &&
    job?.metadata.deletionTimestamp === undefined
  )
    world.broken(
      "deletesUnreleased",
      `cluster ${name} is deleted, and it is not on record that it was let go`,
    );
}

/** An operator takes pods away: what they ran has ended, and all of it is on record; or nobody wants it. */
export function podsGo(world: World, index: number): void {
  const { jobId, name } = world.places[index]!;
  const { api, ledger } = world;
  const manager = world.managers[index + 1]!;
  const job = api.newest.job;
  const trigger = job?.status?.trigger;
  const isDeleted = !job || job.metadata.deletionTimestamp !== undefined;
  const lives = manager.live.some(({ id, state }) => id === jobId && !isTerminal(state));
  if (!isDeleted && trigger && ledger.wiped === 0) {
    const { state, stop, cluster, finishedAt } = trigger;
    const isOver = finishedAt !== undefined;
    // What comes late to a trigger that has failed is ended.
    const isLetGo = cluster?.releasedAt !== undefined || isOver || state === "failed" || state === "canceled";
    const end = ledger.of(jobId)?.end;
    // Somebody deleted it, and it was let go before its job was seen.
    const unseen = isDeletedBySomebody(world) ? "takenAwayUnseen" : undefined;
    if (lives && trigger.jobId !== jobId)
      world.broken(
        "killsItsJob",
        `the pods of ${world.short(jobId)} go while it runs, and the status speaks of ${world.short(trigger.jobId)}`,
      );
    else if (lives && !isLetGo)
      world.broken(
        "killsItsJob",
        `the pods of ${world.short(jobId)} go while it runs, and the status says ${state}`,
      );
    else if (lives && state === "running" && !stop)
      world.broken("killsItsJob", `the pods of ${world.short(jobId)} go, and it is wanted`, unseen);
    else if (end !== undefined && trigger.jobId === jobId && !isOver && state === "running" && !stop)
      world.broken(
        "endNotRecorded",
        `cluster ${name} goes, and that its job ended (${end}) is not on record`,
        unseen,
      );
    else if (trigger.jobId === jobId && state === "finished" && !job.status?.result?.accumulators)
      world.broken(
        "resultNotRecorded",
        `cluster ${name} goes, and what its job counted is not on record`,
        // It was let go before its job was seen, which had run to its end.
        stop?.mode === "cancel" ? "takenAwayUnseen" : undefined,
      );
  }
  if (lives) ledger.ended(jobId, isDeletedBySomebody(world) ? "LOST" : "CANCELED");
}

/** Nothing will happen any more: what is left of clusters is that of an attempt that lives. */
export function judgeClusters(world: World): void {
  const { api, setting, ledger } = world;
  if (setting.ownCluster === undefined) return;
  const { job } = api.newest;
  const trigger = job?.status?.trigger;
  if (!job && setting.deletionPolicy === "Orphan") return;
  for (const { name, jobId, pods, maps } of world.places) {
    const isOwn =
      trigger?.cluster?.name === name && (trigger.state === "pending" || trigger.state === "running");
    if (isOwn) continue;
    const left = api.cluster(name)
      ? "its FlinkCluster"
      : pods
        ? "its pods"
        : maps
          ? "what Flink kept"
          : undefined;
    if (left === undefined) continue;
    const what = `of the cluster of ${world.short(jobId)} ${left} is left; the status says ${trigger?.state ?? "nothing"}`;
    const window =
      ledger.madeLate > 0
        ? "madeLate"
        : ledger.forced > 0 && !api.cluster(name)
          ? "clusterForced"
          : undefined;
    world.broken("leftBehind", what, window);
  }
}
