import type { FlinkJobStatus } from "../../../src/api/status.ts";
import { waitAfterTries } from "../../../src/core/backoff.ts";
import type { Flight, RunOutcome, Snapshots } from "../../../src/core/observed.ts";
import type { JobManager } from "../flink/job-manager.ts";
import { type Clusters, EPOCH, idOf, type Version } from "../kube/api-server.ts";
import type { Operator } from "../operator/operator.ts";
import { parallelismIn, textOf } from "../operator/seen.ts";
import { POLLS_EVERY_MS } from "../world/time-moves.ts";
import { contentOf } from "../world/wishes.ts";
import type { World } from "../world/world.ts";
import { Digest, numberOf } from "./digest.ts";
import { ofStatus } from "./status-digest.ts";

/** Ages beyond these are all the same to the rules that look at them. Milliseconds. */
const OLD_MS = 4 * 3_600_000;
const LOOK_IS_OLD_MS = 2_000;
const ABSENCE_IS_OLD_MS = 5_500;
/** A JobManager that has been ready for longer has begun its main(). */
const MAIN_BEGAN_MS = 61_000;
const ANSWER_IS_OLD_MS = 5_000;
const IMPATIENT_MS = 31_000;
const LONGEST_BACKOFF_MS = 81_000;
const STABLE_MS = 31_000;
/** How long ago it was looked at what is required of a job. */
const LOOK_AGAIN_MS = 31_000;
/** Whether the snapshots of a job that ended have come to rest, and its application has ended. */
const END_IS_OLD_MS = 7_500;

/** Worlds with the same fingerprint have the same future: times count by their age, request numbers by their order. */
export function fingerprint(world: World): number {
  const digest = new Digest();
  const age: Age = (at, old = OLD_MS) => digest.number(at < 0 ? -1 : Math.min(old, world.now - at));
  const { api, network, ledger, setting } = world;
  const oldest = Math.min(
    ...world.operators.map(({ alive, seen }) => (alive ? seen : api.versions.length - 1)),
  );
  for (let index = oldest; index < api.versions.length; index++)
    version(digest, age, world, api.versions[index]!);
  for (const operator of world.operators) ofOperator(digest, age, world, operator);

  if (setting.ownCluster !== undefined) ofClusters(digest, age, world);
  for (const manager of world.managers) ofManager(digest, age, world, manager);
  digest.word(ledger.promise?.jobId);
  digest.number((ledger.promise?.work ?? -1) + 64 * (ledger.promise?.base ?? 0));
  for (const {
    operator,
    epoch,
    jobId,
    content,
    jar,
    from,
    leftAt,
    phase,
    outcome,
    incarnation,
    recordedAt,
  } of network.requests) {
    const sender = world.operators[operator];
    digest.number(sender?.alive && sender.epoch === epoch ? operator : -1);
    digest.word(jobId);
    digest.number(content);
    digest.word(jar);
    digest.word(from);
    digest.word(phase);
    digest.number(incarnation);
    digest.number(outcome ? ofOutcome(outcome) : 0);
    if (phase === "way") age(leftAt);
    digest.number(leftAt > recordedAt ? 1 : 0);
  }
  for (const { operator, epoch, jobId, asks, answer, leftAt } of network.calls) {
    const sender = world.operators[operator];
    digest.number(sender?.alive && sender.epoch === epoch ? operator : -1);
    digest.word(jobId);
    digest.number(asks ?? -1);
    digest.word(answer && textOf(answer));
    age(leftAt);
  }
  for (const text of ledger.scaled) digest.word(text);
  if (ledger.requiredLate) digest.number(-7);
  for (const { jobId, begun, end, content, arrived } of ledger.entries) {
    digest.word(jobId);
    digest.number(Math.min(begun, 2) + 4 * arrived);
    digest.word(end);
    digest.number(content);
  }
  digest.number(
    Math.min(1, ledger.failovers) +
      2 * Math.min(1, ledger.hours) +
      4 * Math.min(1, ledger.wiped) +
      8 * ledger.restartsSeen +
      (ledger.adopted ? 128 : 0),
  );
  for (const count of Object.values(world.left)) digest.number(count);
  digest.number(
    world.wish.content * 256 +
      world.wish.trigger * 16 +
      world.wish.other +
      (world.calm ? 65536 : 0) +
      (world.wish.suspended ? 131072 : 0) +
      world.wish.parallelism * 262144,
  );
  return digest.value;
}

/** What FlinkClusters there are, which of them operators have seen, and what they are deployed to. */
function ofClusters(digest: Digest, age: Age, { api, operators, places, ledger }: World): void {
  ofMade(digest, age, api.clusters);
  for (const { alive, clustersSeen, absent, url, to } of operators) {
    if (!alive) continue;
    for (const seen of api.clusterVersions.slice(clustersSeen, -1)) ofMade(digest, age, seen);
    digest.number(api.clusterVersions.length - clustersSeen);
    digest.word(absent?.name);
    age(absent ? absent.at - EPOCH : -1, ABSENCE_IS_OLD_MS);
    digest.word(url);
    digest.word(to);
  }
  for (const { name, content, from, pods, restarts, maps } of places) {
    digest.word(name);
    digest.number(content);
    digest.word(from);
    digest.number((pods ? 1 : 0) + (maps ? 2 : 0) + 4 * restarts);
  }
  digest.number(Math.min(1, ledger.madeLate) + 2 * Math.min(1, ledger.forced));
}

function ofMade(digest: Digest, age: Age, clusters: Clusters): void {
  for (const { name, uid, base, state } of clusters) {
    digest.word(name);
    digest.number(uid * 4096 + idOf(base));
    digest.word(state.phase);
    digest.number((state.reached ? 1 : 0) + (state.deletedAt === undefined ? 0 : 2));
    age(state.since, MAIN_BEGAN_MS);
  }
  digest.number(-6);
}

function ofManager(digest: Digest, age: Age, world: World, manager: JobManager): void {
  const { network } = world;
  digest.number((manager.up ? 1 : 0) + manager.incarnation * 2);
  const settles = world.setting.applications || world.setting.upgradeMode !== "stateless";
  for (const { id, state, path, endedAt } of manager.operations) {
    digest.word(id);
    digest.word(state);
    digest.word(path);
    age(endedAt, 300_000);
  }
  for (const { path, work } of manager.storage) {
    digest.word(path);
    digest.number(work);
  }
  for (const { jobId, parallelism } of manager.required) {
    digest.word(jobId);
    digest.number(parallelism);
  }
  for (const { jobId, from } of manager.recoveries) {
    digest.word(jobId);
    digest.word(from.path);
  }
  for (const list of [manager.jobs, manager.storedJobs]) {
    for (const { id, state, content, begunAt, endedAt, work, left, shown, restarts, present } of list) {
      digest.number(restarts + 64 * present);
      if (settles) age(endedAt, END_IS_OLD_MS);
      digest.number(work);
      digest.number(left.completed + (left.newest?.stops ? 1024 : 0));
      digest.word(left.newest?.path);
      digest.word(shown?.left.newest?.path);
      digest.number(shown ? Math.min(3_000, world.now - shown.at) : -1);
      digest.word(id);
      digest.word(state);
      digest.number(content);
      for (const { lookBegunAt } of world.operators) digest.number(begunAt < lookBegunAt ? 1 : 0);
    }
    digest.number(-2);
  }
  for (const list of [manager.applications, manager.storedApplications]) {
    for (const { id, state, hasJob } of list) {
      digest.word(id);
      digest.word(state);
      digest.number(hasJob ? 1 : 0);
    }
    digest.number(-3);
  }
  for (const { jobId, content, request, jar, from, begunAt, doubled, redirected } of manager.mains) {
    digest.word(from);
    digest.word(jobId);
    digest.number(content);
    digest.number(network.requests.findIndex(({ id }) => id === request));
    digest.word(jar);
    digest.number((doubled ? 1 : 0) + (redirected ? 2 : 0));
    for (const { lookBegunAt, task } of world.operators) {
      const half = task?.half?.begunAt ?? -1;
      digest.number((begunAt < lookBegunAt ? 1 : 0) + (begunAt < half ? 2 : 0));
    }
  }
  for (const list of [manager.results, manager.applicationResults, manager.jars]) {
    for (const id of list) digest.word(id);
    digest.number(-4);
  }
  for (const { id, state } of manager.ended) {
    digest.word(id);
    digest.word(state);
  }
  digest.number(manager.gone ? 1 : 0);
}

type Age = (at: number, old?: number) => void;

function version(digest: Digest, age: Age, world: World, { uid, job }: Version): void {
  digest.number(uid);
  if (!job) return;
  const { generation = 0, deletionTimestamp, finalizers } = job.metadata;
  digest.number(generation * 2 + (finalizers ? 1 : 0));
  digest.number(contentOf(job.spec));
  digest.number(idOf(job.spec));
  if (deletionTimestamp) age(Date.parse(deletionTimestamp) - EPOCH, IMPATIENT_MS);
  if (job.status) withTimes(digest, age, world, job.status);
}

function withTimes(digest: Digest, age: Age, { now, setting }: World, status: FlinkJobStatus): void {
  const { fixed, times, tries } = ofStatus(status);
  const { restarts } = setting;
  digest.number(fixed);
  age(times[0] ?? -1, waitAfterTries(tries));
  // Whether Flink would still remember a job that it ended, and whether patience has ended.
  age(times[1] ?? -1, IMPATIENT_MS);
  age(times[2] ?? -1, LONGEST_BACKOFF_MS);
  // When it must be stable: how much later.
  const stableBy = times[3] ?? -1;
  digest.number(stableBy < 0 ? -1 : Math.max(0, stableBy - now));
  age(times[4] ?? -1, stableBy < 0 ? 0 : STABLE_MS);
  age(times[5] ?? -1, restarts ? LONGEST_BACKOFF_MS : 0);
}

function ofOperator(digest: Digest, age: Age, world: World, operator: Operator): void {
  digest.number(operator.alive ? 1 : 0);
  if (!operator.alive) return;
  const { written, flight, look, cluster, task, dueAt } = operator;
  digest.number(world.api.versions.length - operator.seen);
  digest.number(written ? world.api.newest.resourceVersion - written.resourceVersion : -1);
  digest.number(operator.uid);
  digest.number(operator.queued ? 1 : 0);
  digest.number(Number.isFinite(dueAt) ? dueAt - world.now : -1);
  digest.number(world.network.requests.findIndex(({ id }) => id === operator.request));
  digest.word(operator.jar);
  digest.word(operator.from);
  const { operation, snapshots } = operator;
  if (snapshots) {
    ofSnapshots(digest, snapshots.snapshots);
    digest.word(snapshots.incarnation);
    age(snapshots.at - EPOCH, 300_000);
  }
  if (operator.troubles) {
    digest.number(operator.troubles.restarts ?? -1);
    age(operator.troubles.at - EPOCH, 10_000);
  }
  const { requirements } = operator;
  if (requirements) {
    const { jobId, incarnation, requiredAt, result } = requirements;
    digest.word(jobId);
    digest.word(incarnation);
    digest.word(textOf(result));
    age(requirements.at - EPOCH, LOOK_AGAIN_MS);
    age(requiredAt === undefined ? -1 : requiredAt - EPOCH, LOOK_IS_OLD_MS);
  }
  if (operation) {
    digest.word(operation.operationId);
    digest.word(operation.result.state);
    const { path, snapshots } = operation.result as { path?: string; snapshots?: Snapshots };
    digest.word(path);
    ofSnapshots(digest, snapshots);
    age(operation.endedAt - EPOCH, LOOK_IS_OLD_MS);
  }
  digest.number((operator.watching ? 1 : 0) + (operator.swept ? 2 : 0) + 4 * operator.failures);
  if (flight) {
    digest.word(flight.jobId);
    digest.word(flight.phase);
    const recorded = world.api.newest.job?.status?.trigger?.sentAt;
    digest.number((flight.sentAt === recorded ? 1 : 0) + (flight.earlierSentAt === undefined ? 2 : 0));
    age(flight.since - EPOCH, IMPATIENT_MS);
    ofAnswer(digest, age, flight);
  }
  if (look) {
    digest.word(look.jobId);
    age(look.endedAt - EPOCH, LOOK_IS_OLD_MS);
    digest.word(look.incarnation);
    digest.number((look.found ? 1 : 0) + 2 * look.mains);
    digest.word(look.application?.state);
    digest.word(look.failure?.reason);
    digest.number((look.result ? 1 : 0) + 2 * (look.application?.jobs ?? 0));
    ofSnapshots(digest, look.snapshots);
    if (flight?.phase === "answered") digest.number(Math.min(4_000, look.at - flight.endedAt));
  }
  if (cluster) {
    digest.word(cluster.kind);
    if (cluster.kind === "reachable") {
      digest.word(cluster.jobManager.incarnation);
      for (const { id, state, endTime, tasks } of cluster.jobs.values()) {
        digest.number(tasks.total);
        if (world.setting.upgradeMode !== "stateless" || world.setting.applications)
          age(endTime < 0 ? -1 : endTime - EPOCH, END_IS_OLD_MS);
        digest.word(id);
        digest.word(state);
      }
      age(cluster.listedAt - EPOCH, POLLS_EVERY_MS);
      const status = world.api.newest.job?.status;
      digest.number(status && cluster.listedAt > ofStatus(status).acceptedAt ? 1 : 0);
    }
  }
  if (task) {
    digest.word(task.stage);
    digest.number(world.api.newest.resourceVersion - task.version.resourceVersion);
    digest.word(task.step.rule);
    const { effect } = task.step;
    digest.word(effect?.kind);
    if (effect?.kind === "requireResources") digest.number(parallelismIn(effect.requirements));
    if (effect?.kind === "deleteCluster" || effect?.kind === "lookForCluster") digest.word(effect.name);
    if (task.step.status) withTimes(digest, age, world, task.step.status);
    if (task.half) {
      age(task.half.at - EPOCH, LOOK_IS_OLD_MS);
      digest.number((task.half.look.found ? 1 : 0) + 2 * task.half.look.mains);
      digest.word(task.half.look.application?.state);
      digest.word(task.half.look.incarnation);
    }
  }
}

function ofSnapshots(digest: Digest, snapshots: Snapshots | undefined): void {
  if (!snapshots) return;
  digest.word(snapshots.newest?.path);
  digest.number(snapshots.completed + (snapshots.newest?.stops ? 1024 : 0));
}

function ofAnswer(digest: Digest, age: Age, flight: Flight): void {
  if (flight.phase !== "answered") return;
  age(flight.endedAt - EPOCH, ANSWER_IS_OLD_MS);
  digest.number(ofOutcome(flight.outcome));
}

function ofOutcome(outcome: RunOutcome): number {
  return numberOf("reason" in outcome ? `${outcome.kind}${outcome.reason}` : outcome.kind);
}
