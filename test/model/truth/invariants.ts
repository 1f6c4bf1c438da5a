import { FINALIZER } from "../../../src/api/group.ts";
import type { FlinkJobStatus, TriggerStatus } from "../../../src/api/status.ts";
import { isTerminal } from "../../../src/core/observed.ts";
import type { Step } from "../../../src/core/step.ts";
import { effectiveSpec } from "../../../src/core/versions.ts";
import type { Origin } from "../flink/records.ts";
import { uidText, type Version } from "../kube/api-server.ts";
import { prefixOf } from "../operator/decisions.ts";
import type { Operator } from "../operator/operator.ts";
import { isOf } from "../world/foreign-job.ts";
import type { Window } from "../world/setting.ts";
import { contentOf, FOREIGN, parallelismOf, versionOf } from "../world/wishes.ts";
import type { World } from "../world/world.ts";
import type { Entry } from "./ledger.ts";

/** What may never be: checked at the very step that would make it so. `quiet.ts` has what must be in the end. */

/** Never two live jobs for one FlinkJob; a trigger that came to its end never runs again. */
export function jobBegins(world: World, jobId: string, before: Entry | undefined, how: Origin): void {
  const { ledger } = world;
  const prefix = jobId.slice(0, 16);
  const others = world.live.filter(({ id }) => id !== jobId && isOf(prefix, id));
  if (others.length > 0) {
    const both = `${world.short(jobId)} and ${world.short(others[0]!.id)} live at once`;
    world.broken("twoLiveJobs", both, ledger.wiped > 0 ? "statusWiped" : undefined);
  }
  if (how === "recovered") return;
  if (
    before?.end !== undefined &&
    !(before.end === "LOST" && (agreedToRunAgain(world) || isDeletedBySomebody(world)))
  )
    world.broken(
      "runsAgain",
      `${world.short(jobId)} had ended (${before.end}) and runs again`,
      excuse(world, before, how),
    );
  const sibling = ledger.entries.find(
    (entry) =>
      entry.jobId !== jobId &&
      entry.uid === before?.uid &&
      entry.trigger === before?.trigger &&
      entry.end === "FINISHED",
  );
  const allowed = agreedToRunAgain(world) ? "resubmit" : undefined;
  if (sibling)
    world.broken("finishedRunsAgain", `trigger ${sibling.trigger} had finished and runs again`, allowed);
}

/** lostPolicy: Resubmit, and something was lost. */
function agreedToRunAgain({ setting, ledger }: World): boolean {
  return setting.lostPolicy === "Resubmit" && ledger.failovers + ledger.hours > 0;
}

/** Its cluster is made again, and the attempt with it. */
export function isDeletedBySomebody({ left, setting }: World): boolean {
  return left.clusterDeletions < setting.budget.clusterDeletions;
}

/** The window through which an ended job may run again. */
function excuse(world: World, before: Entry, how: Origin): Window | undefined {
  if (how === "reRun") return "reRunByFlink";
  // Only a Flink that keeps every result refuses whatever arrives.
  if (world.doubled && world.setting.protection !== "Durable") return "doubledRequest";
  if (how === "redirected" && world.setting.protection !== "Durable") return "replacedMeanwhile";
  // Our record is all that guards an ended job where Flink keeps no results.
  if (world.ledger.wiped > 0 && world.setting.protection !== "Durable") return "statusWiped";
  // Nobody had seen it, so its cluster is made once more.
  if (world.ledger.forced > 0 && before.end === "LOST") return "clusterForced";
  return agreedToRunAgain(world) ? "resubmit" : undefined;
}

/** A JAR lives as long as a main() needs it. */
export function jarMissing(world: World, jobId: string): void {
  const trigger = world.api.newest.job?.status?.trigger;
  // Of a main() that nobody waits for any more, the job would be cancelled anyway.
  if (trigger?.jobId === jobId && trigger.state === "pending")
    world.broken("jarDeletedTooEarly", `the JAR of ${world.short(jobId)} is gone while its main() needs it`);
}

/** Before a run request leaves: main() is not run a second time where looking could have told. */
export function submits(world: World, version: Version, jobId: string, lookBegunAt: number): void {
  const mains = world.managers.flatMap((manager) => manager.mains);
  const seen = version.job?.status?.trigger;
  if (seen?.jobId !== jobId && !world.setting.habits.sendsBeforeWriting) return;
  const running = mains.find((main) => main.jobId === jobId && main.begunAt < lookBegunAt);
  const window = world.ledger.wiped > 0 ? "statusWiped" : undefined;
  if (running)
    world.broken("mainRunsTwice", `main() of ${world.short(jobId)} ran when it was looked for`, window);
  if ((seen?.sends ?? 0) > 1 && lookBegunAt === -1)
    world.broken("sendsWithoutLooking", `${world.short(jobId)} is sent again although nobody looked`);
  const live = world.live.find(({ id }) => id === jobId);
  if (live && live.begunAt < lookBegunAt)
    world.broken("sendsToRunningJob", `${world.short(jobId)} ran when it was looked for`, window);
}

/** What its own list shows to live is not sent beside, whatever else was lost. */
export function decides(world: World, operator: Operator, version: Version, { effect, status }: Step): void {
  const stop = status?.trigger?.stop;
  const known = operator.look?.snapshots;
  if (
    effect?.kind === "cancelJob" &&
    stop &&
    known &&
    !known.retained.onCancel &&
    known.newest?.kind === "checkpoint"
  )
    world.broken("cancelsWhatIsNotKept", `${world.short(effect.jobId)} has a checkpoint that goes with it`);
  restartsToScale(world, version, { effect } as Step);
  if (effect?.kind === "cancelJob" && effect.jobId === FOREIGN && !world.ledger.adopted)
    world.broken("cancelsWhatIsNotIts", `${world.short(effect.jobId)} was to be adopted, and never was`);
  if (effect?.kind !== "submit") return;
  const { cluster } = operator;
  if (version.job?.spec.state === "suspended")
    world.broken(
      "sendsSuspended",
      `${world.short(effect.jobId)} is about to be sent, and the FlinkJob is suspended`,
    );
  if (cluster?.kind !== "reachable") return;
  const prefix = effect.jobId.slice(0, 16);
  for (const { id, state } of cluster.jobs.values()) {
    if (id === effect.jobId || !isOf(prefix, id) || isTerminal(state)) continue;
    const what = `${world.short(effect.jobId)} is about to be sent although ${world.short(id)} is listed`;
    world.broken("sendsBesideListedJob", what);
  }
}

/** Run requests are bounded, whatever becomes of them: a main() that ends the JobManager may not do so for ever. */
export function arrives(world: World, jobId: string): void {
  const { arrived = 0 } = world.ledger.of(jobId) ?? {};
  if (arrived > world.setting.maxAttempts)
    world.broken("sendsWithoutBound", `${arrived} run requests of ${world.short(jobId)} arrived`);
}

/** A status is written: nothing is minted beside what may live, and it claims only what is. */
export function statusWritten(world: World, before: FlinkJobStatus | undefined, step: Step): void {
  const { trigger, job } = step.status!;
  if (!trigger) return;
  if (trigger.jobId === FOREIGN && trigger.sends > 0) world.ledger.adopted = true;
  if (job?.state === "RESTARTING") world.ledger.restartsSeen = jobOf(world, job.id)?.restarts ?? 0;
  const { newest } = world.api;
  world.ledger.recorded(trigger.jobId, newest.uid, trigger.id, trigger.attempt);
  const { restarts, budget } = world.setting;
  const others = budget.suspensions + budget.reverts + budget.failovers;
  if (restarts !== undefined && trigger.attempt > 1 + restarts + others)
    world.broken("restartsWithoutBound", `attempt ${trigger.attempt} of ${trigger.id}`);
  if (step.effect?.kind === "submit") mints(world, trigger.jobId);
  if (before?.trigger && before.trigger.jobId !== trigger.jobId && step.effect?.kind === "submit")
    mints(world, trigger.jobId);
  counts(world, trigger.jobId, trigger.sends);
  claims(world, trigger, step.rule);
}

/** Flink is about to be asked for another parallelism: that is on record. */
export function requires(world: World, { job }: Version, parallelism: number): void {
  const { trigger } = job?.status ?? {};
  if (trigger?.scaling?.parallelism !== parallelism)
    world.broken(
      "requiresUnrecorded",
      `${world.short(trigger?.jobId)} is to run with parallelism ${parallelism}, and that is not on record`,
    );
}

/** Flink has taken it. */
export function isRequired(world: World, jobId: string, parallelism: number): void {
  const { ledger, api } = world;
  ledger.required(jobId, parallelism);
  const { scaling, jobId: followed } = api.newest.job?.status?.trigger ?? {};
  // Another step is on record by now, and what it led to may have been looked at.
  if (followed === jobId && scaling?.parallelism !== parallelism) ledger.requiredLate = true;
}

/** A change of parallelism alone ends no job that can be scaled. */
function restartsToScale(world: World, { job }: Version, { effect }: Step): void {
  const { scales, batch, ownTriggerIds } = world.setting;
  const { trigger } = job?.status ?? {};
  if (scales === undefined || batch || !job || !trigger) return;
  const stops = effect?.kind === "cancelJob" || effect?.kind === "stopWithSavepoint";
  if (!stops || (trigger.stop && trigger.stop.failedAt === undefined)) return;
  if (job.metadata.deletionTimestamp !== undefined || job.spec.state === "suspended") return;
  const spec = effectiveSpec(job);
  // Which of two requests brought it may not be known: a new run makes sure.
  if (spec.parallelism === undefined || trigger.sends > 1) return;
  if (ownTriggerIds && !`${trigger.id}.`.startsWith(`${spec.trigger?.id}.`)) return;
  const runs = world.live.find(({ id }) => id === trigger.jobId);
  if (effect.jobId === trigger.jobId && runs && versionOf(runs.content) === versionOf(contentOf(spec)))
    world.broken("restartsToScale", `${world.short(runs.id)} is ended for another parallelism`);
}

function jobOf({ managers }: World, id: string) {
  return managers.map((manager) => manager.job(id)).find((job) => job !== undefined);
}

/** Write ahead: whatever is out there is on record. */
function counts(world: World, jobId: string, sends: number): void {
  const { ledger, network } = world;
  if (ledger.wiped > 0) return;
  const way = network.requests.filter(
    (one) => one.phase === "way" && !one.doubled && one.jobId === jobId,
  ).length;
  const sent = way + (ledger.of(jobId)?.arrived ?? 0);
  if (sent > sends)
    world.broken(
      "forgetsWhatWasSent",
      `${sends} requests of ${world.short(jobId)} are on record, ${sent} were sent`,
    );
}

function mints(world: World, jobId: string): void {
  const { managers, network, ledger } = world;
  const prefix = jobId.slice(0, 16);
  const earlier = (id: string) => id !== jobId && isOf(prefix, id);
  const lives =
    world.live.find(({ id }) => earlier(id))?.id ??
    managers
      .flatMap(({ mains, results }) => mains.filter((main) => !results.includes(main.jobId)))
      .find((main) => earlier(main.jobId))?.jobId ??
    network.requests.find(({ phase, jobId: id, doubled }) => phase === "way" && !doubled && earlier(id))
      ?.jobId;
  if (lives === undefined) return;
  const what = `${world.short(jobId)} is about to be sent while ${world.short(lives)} may live`;
  const window = ledger.wiped > 0 ? "statusWiped" : world.doubled ? "doubledRequest" : undefined;
  world.broken("mintsBesideLivingJob", what, window);
}

function claims(world: World, { jobId, state, failure, stop, scaling }: TriggerStatus, rule: string): void {
  const reason = failure?.reason;
  const entry = world.ledger.of(jobId);
  const wrong = (claim: string) =>
    world.broken(
      "claimsWhatIsNot",
      `the status says ${claim}; ${world.short(jobId)}: ${entry?.end ?? "no end"}`,
      // Its JobManager had not been seen to answer.
      rule === "clusterTakenAway" ? "takenAwayUnseen" : undefined,
    );
  if (state === "running" && !entry?.begun) wrong("running");
  if (scaling?.takenBy !== undefined && !hadParallelism(world, jobId, scaling.parallelism))
    wrong(`that Flink has parallelism ${scaling.parallelism}`);
  if (state === "finished" && entry?.end !== "FINISHED") wrong("finished");
  const stopped = stop?.mode === "savepoint" && entry?.end === "STOPPED";
  if (state === "canceled" && entry?.begun && entry.end !== "CANCELED" && !stopped) wrong("canceled");
  if (reason === "JobFailed" && entry?.end !== "FAILED") wrong("JobFailed");
}

function hadParallelism({ ledger }: World, jobId: string, parallelism: number): boolean {
  const { content = 0 } = ledger.of(jobId) ?? {};
  return parallelismOf(content) === parallelism || ledger.wasRequired(jobId, parallelism);
}

/** The finalizer goes: nothing of the FlinkJob lives on, unless somebody wished so. */
export function letsGo(world: World, version: Version, step: Step): void {
  const { api, managers, network, setting, ledger } = world;
  const { newest } = api;
  if (newest.resourceVersion !== version.resourceVersion) return;
  if (step.rule === "deletionTimedOut") ledger.letGoLate++;
  if (setting.deletionPolicy === "Orphan" || step.rule === "deletionTimedOut") return;
  if (!newest.job?.metadata.finalizers?.includes(FINALIZER)) return;
  const prefix = prefixOf(uidText(version.uid));
  // What it never adopted is not its.
  const adopted = version.job?.status?.trigger;
  const mine = (id: string) => id.startsWith(prefix) || (id === adopted?.jobId && adopted.sends > 0);
  const lives =
    world.live.find(({ id }) => mine(id))?.id ??
    managers.flatMap(({ mains }) => mains).find(({ jobId, doubled }) => !doubled && mine(jobId))?.jobId ??
    network.requests.find(({ jobId, phase, doubled }) => phase === "way" && !doubled && mine(jobId))?.jobId;
  if (lives === undefined) return;
  const window =
    ledger.wiped > 0
      ? "statusWiped"
      : world.doubled
        ? "doubledRequest"
        : ledger.forced > 0
          ? "clusterForced"
          : undefined;
  world.broken("orphansItsJob", `the FlinkJob is let go while ${world.short(lives)} may live`, window);
}
