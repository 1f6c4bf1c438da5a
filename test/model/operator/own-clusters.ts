import { JOB_UID_LABEL } from "../../../src/api/group.ts";
import type { FlinkCluster } from "../../../src/api/objects.ts";
import { isMadeFrom, needs } from "../../../src/controller/per-job-clusters.ts";
import { idOf, uidText, type Version } from "../kube/api-server.ts";
import { place } from "../kube/cluster-moves.ts";
import * as invariants from "../truth/own-cluster-invariants.ts";
import type { World } from "../world/world.ts";
import { finish } from "./deciding.ts";
import type { Operator } from "./operator.ts";
import type { OwnView } from "./own-view.ts";

/** What the operator's caches show of clusters of its own now. Its view of pods is never behind. */
export function ownView(world: World, { clustersSeen, absent }: Operator): OwnView | undefined {
  if (world.setting.ownCluster === undefined) return undefined;
  const clusters = world.api.clusterVersions[clustersSeen]!;
  let key = `/${idOf(clusters)}`;
  const pods = new Map<string, number>();
  for (const place of world.places) {
    if (!place.pods) continue;
    pods.set(place.name, place.restarts);
    key += `.${place.name}${place.restarts}`;
  }
  return { key: `${key}/${absent?.name}${absent?.at}`, clusters, pods };
}

/** First whether it is still wanted, by the API server's own word (src/controller/per-job-clusters.ts). */
export function make(world: World, operator: Operator, version: Version, cluster: FlinkCluster): void {
  const { step } = operator.task!;
  if (!isWanted(world, version, cluster)) {
    finish(world, operator, step, false);
    return;
  }
  operator.task = { ...operator.task!, stage: "create" };
  // The answer comes in time, unless the world is one where an operator may stand still before it creates.
  if (!world.setting.open.includes("madeLate")) create(world, operator);
}

function isWanted({ api, setting }: World, version: Version, cluster: FlinkCluster): boolean {
  if (setting.habits.makesUnasked) return true;
  const { uid, job } = api.newest;
  if (!job || uid !== version.uid || job.metadata.deletionTimestamp !== undefined) return false;
  return isMadeFrom(job, cluster);
}

export function create(world: World, operator: Operator): void {
  const { step, version } = operator.task!;
  const { effect } = step;
  if (effect?.kind !== "makeCluster") return;
  if (!isWanted(world, version, effect.cluster)) world.ledger.madeLate++;
  invariants.makes(world, effect.cluster);
  // Made before, by whomever: it is the same.
  if (world.api.createCluster(effect.cluster)) place(world, effect.cluster);
  finish(world, operator, step, false);
}

/** True when it is not there. One that its FlinkJob has let go is deleted, should it be. */
export function lookFor(world: World, operator: Operator, version: Version, name: string): boolean {
  const found = world.api.cluster(name);
  if (!found) {
    operator.absent = { name, at: world.time };
    return true;
  }
  const { cluster } = version.job?.status?.trigger ?? {};
  if (cluster?.name === name && cluster.releasedAt !== undefined) deleteOwn(world, version, name);
  return false;
}

export function deleteOwn(world: World, version: Version, name: string, uid?: string): void {
  const found = world.api.cluster(name);
  if (found?.object.metadata.labels?.[JOB_UID_LABEL] !== uidText(version.uid)) return;
  // An operator with an old view takes nothing away that the FlinkJob needs by now.
  const { uid: newest, job } = world.api.newest;
  const lives = newest === version.uid && job?.metadata.deletionTimestamp === undefined;
  const asks = !world.setting.habits.deletesUnasked;
  if (asks && job && lives && needs(job, name)) return;
  if (found.state.deletedAt === undefined) invariants.deletes(world, name);
  world.api.deleteCluster(name, world.now, uid);
}

/** All that were made for it, by the API server's own list. False: none is there. */
export function clear(world: World, version: Version): boolean {
  const own = world.api.clusters.filter(
    ({ object }) => object.metadata.labels?.[JOB_UID_LABEL] === uidText(version.uid),
  );
  for (const { name } of own) deleteOwn(world, version, name);
  return own.length > 0;
}
