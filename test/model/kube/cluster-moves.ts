import { JOB_ID_LABEL, JOB_UID_LABEL, RUN_HASH_ANNOTATION } from "../../../src/api/group.ts";
import type { FlinkCluster } from "../../../src/api/objects.ts";
import { usersAmong } from "../../../src/controller/managed/managed-clusters.ts";
import { urlOf } from "../../../src/core/cluster/names.ts";
import { JobManager } from "../flink/job-manager.ts";
import { firstOf, startPod } from "../flink/own-main.ts";
import { die } from "../flink/process.ts";
import type { Operator } from "../operator/operator.ts";
import * as invariants from "../truth/own-cluster-invariants.ts";
import type { Move } from "../world/moves.ts";
import { contentOfHash } from "../world/wishes.ts";
import type { World } from "../world/world.ts";
import type { Made, MadeState } from "./made.ts";
import type { Place } from "./place.ts";

/** A FlinkCluster was made: where it will be. The same name again finds what a volume has kept. */
export function place(world: World, cluster: FlinkCluster): void {
  const { name, labels, annotations } = cluster.metadata;
  const { application } = cluster.spec.managed ?? {};
  const made = {
    ...{ name, url: urlOf(cluster), jobId: labels?.[JOB_ID_LABEL] ?? "" },
    mode: application ? ("application" as const) : ("session" as const),
    content: contentOfHash(annotations?.[RUN_HASH_ANNOTATION] ?? ""),
    from: application?.savepointPath,
  };
  const index = world.places.findIndex((one) => one.name === name);
  if (index >= 0) {
    change(world, index, made);
    return;
  }
  const manager = new JobManager();
  const first = firstOf(world.places.length);
  Object.assign(manager, { up: false, gone: true, incarnation: first, savepoints: first });
  world.managers.push(manager);
  world.places = [...world.places, { ...made, pods: false, restarts: 0, maps: false }];
}

export function change(world: World, index: number, patch: Partial<Place>): void {
  world.places = world.places.map((one, at) => (at === index ? { ...one, ...patch } : one));
}

/** Its pods go, and with them everything that ran there. */
export function endPods(world: World, index: number): void {
  world.current = index + 1;
  const { manager } = world;
  if (manager.up) die(manager, world.setting, world);
  manager.gone = true;
  change(world, index, { pods: false, restarts: 0 });
}

/** Each living operator with each cluster that its cache shows. */
const eachSeen =
  (can: (world: World, seen: Made, place: Place, operator: Operator) => boolean): Move["offer"] =>
  (world, offer) => {
    if (world.places.length === 0) return;
    for (let a = 0; a < 2; a++) {
      const operator = world.operators[a]!;
      if (!operator.alive) continue;
      for (const seen of world.api.clusterVersions[operator.clustersSeen]!) {
        const b = world.places.findIndex(({ name }) => name === seen.name);
        if (can(world, seen, world.places[b]!, operator)) offer(a, b);
      }
    }
  };
const eachPlace =
  (can: (world: World, place: Place) => boolean): Move["offer"] =>
  (world, offer) => {
    for (let a = 0; a < world.places.length; a++) if (can(world, world.places[a]!)) offer(a);
  };
/** Its write is taken: nobody has changed the object since. */
const isNewest = ({ api }: World, seen: Made) => api.cluster(seen.name)?.key === seen.key;
/** Before pods are taken away, by the API server's own word, too. */
const isUsed = ({ api, setting }: World, { object }: Made, { seen }: Operator, asks: boolean) => {
  if (setting.habits.tearsDownWhatIsUsed) return false;
  const versions =
    asks && !setting.habits.believesOldJobs ? [api.versions[seen], api.newest] : [api.versions[seen]];
  return versions.some((version) => version?.job && usersAmong(object, [], [version.job]).length > 0);
};
const of = (world: World, index: number) => `the cluster of ${world.short(world.places[index]?.jobId)}`;
const name = (index: number) => `operator ${"AB"[index]}`;

/** What the operator says of a cluster whose pods are like this. */
function phaseOf(world: World, index: number): MadeState["phase"] {
  if (world.managers[index + 1]!.up) return "ready";
  return world.places[index]!.restarts > 1 ? "looping" : "deploying";
}

/** What operators do with FlinkClusters (src/controller/cluster-reconciler.ts, managed), and Kubernetes with pods. */
export const clusterMoves: readonly Move[] = [
  {
    name: "deploys",
    offer: eachSeen((world, seen, { pods }) => {
      // What makes objects has asked the API server first whether the FlinkCluster is there.
      const now = world.api.cluster(seen.name);
      return (
        !pods &&
        now?.uid === seen.uid &&
        now.state.deletedAt === undefined &&
        seen.state.deletedAt === undefined
      );
    }),
    make: (world, _, b) => change(world, b, { pods: true, restarts: 0 }),
    tell: (world, a, b) => `${name(a)} deploys ${of(world, b)}`,
  },
  {
    name: "startsPod",
    offer: eachPlace(({ managers, places }, one) => one.pods && !managers[places.indexOf(one) + 1]!.up),
    make: (world, a) => {
      const { incarnation } = world.managers[a + 1]!;
      const { restarts } = world.places[a]!;
      change(world, a, { maps: true, restarts: incarnation > firstOf(a) ? restarts + 1 : 0 });
      startPod(world, a);
    },
    tell: (world, a) => `the JobManager of ${of(world, a)} starts in its pod`,
  },
  {
    name: "tells",
    offer: eachSeen(
      (world, seen, one) =>
        seen.state.deletedAt === undefined &&
        isNewest(world, seen) &&
        seen.state.phase !== phaseOf(world, world.places.indexOf(one)),
    ),
    make: (world, _, b) => {
      const made = world.api.cluster(world.places[b]!.name)!;
      const phase = phaseOf(world, b);
      const reached = made.state.reached || phase === "ready";
      world.api.changeCluster(made, { phase, reached, since: world.now });
    },
    tell: (world, a, b) => `${name(a)} tells of ${of(world, b)}: ${phaseOf(world, b)}`,
  },
  {
    name: "tearsDown",
    offer: eachSeen(
      (world, seen, { pods }, operator) =>
        pods &&
        seen.state.deletedAt !== undefined &&
        seen.uid === world.api.cluster(seen.name)?.uid &&
        !isUsed(world, seen, operator, true),
    ),
    make: (world, _, b) => {
      invariants.podsGo(world, b);
      endPods(world, b);
    },
    tell: (world, a, b) => `${name(a)} takes the pods of ${of(world, b)} away`,
  },
  {
    name: "letsClusterGo",
    offer: eachSeen(
      (world, seen, { pods }, operator) =>
        !pods &&
        seen.state.deletedAt !== undefined &&
        isNewest(world, seen) &&
        !isUsed(world, seen, operator, false),
    ),
    make: (world, _, b) => {
      if (!world.setting.habits.leavesConfigMaps) forgetMaps(world, b);
      world.api.clusterGone(world.places[b]!.name);
    },
    tell: (world, a, b) =>
      `${name(a)} takes away what Flink left of ${of(world, b)}, and lets the FlinkCluster go`,
  },
  {
    name: "sweeps",
    offer: eachSeen(({ api }, { object, state, name }, _, { seen }) => {
      const uid = object.metadata.labels?.[JOB_UID_LABEL];
      const isThere = [api.versions[seen], api.newest].some((one) => one?.job?.metadata.uid === uid);
      return (
        !isThere &&
        state.deletedAt === undefined &&
        api.cluster(name)?.state.deletedAt === undefined &&
        api.cluster(name) !== undefined
      );
    }),
    make: (world, _, b) => world.api.deleteCluster(world.places[b]!.name, world.now),
    tell: (world, a, b) => `${name(a)} takes ${of(world, b)} away, for its FlinkJob is gone`,
  },
  {
    name: "deletesCluster",
    unneeded: true,
    offer: (world, offer) => {
      if (world.left.clusterDeletions > 0)
        eachPlace(
          ({ api }, one) =>
            api.cluster(one.name)?.state.deletedAt === undefined && api.cluster(one.name) !== undefined,
        )(world, offer);
    },
    make: (world, a) => {
      world.left.clusterDeletions--;
      world.api.deleteCluster(world.places[a]!.name, world.now);
    },
    tell: (world, a) => `somebody deletes the FlinkCluster: ${of(world, a)}`,
  },
  {
    name: "forces",
    unneeded: true,
    offer: (world, offer) => {
      if (world.left.forces > 0)
        eachPlace(({ api }, one) => api.cluster(one.name) !== undefined)(world, offer);
    },
    make: (world, a) => {
      world.left.forces--;
      world.ledger.forced++;
      world.api.clusterGone(world.places[a]!.name);
    },
    tell: (world, a) => `somebody takes the FlinkCluster away, and its finalizer: ${of(world, a)}`,
  },
  {
    name: "podsAreDeleted",
    offer: eachPlace(({ api, ledger }, one) => one.pods && ledger.forced > 0 && !api.cluster(one.name)),
    make: (world, a) => {
      for (const { jobId, begun, end } of world.ledger.entries)
        if (jobId === world.places[a]!.jobId && begun > 0 && end === undefined)
          world.ledger.ended(jobId, "LOST");
      endPods(world, a);
      forgetMaps(world, a);
    },
    tell: (world, a) => `the same somebody deletes the pods and the rest of ${of(world, a)}`,
  },
];

/** Without them nothing is brought back; what has ended is remembered in the volume. */
function forgetMaps(world: World, index: number): void {
  const manager = world.managers[index + 1]!;
  manager.storedJobs = [];
  manager.storedApplications = [];
  manager.recoveries = [];
  change(world, index, { maps: false });
}
