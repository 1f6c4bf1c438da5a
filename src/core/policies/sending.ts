import type { TriggerStatus } from "../../api/status.ts";
import { leftAfterTries } from "../backoff.ts";
import { at, type Context, iso } from "../context.ts";
import { runHash } from "../identity.ts";
import {
  type ClusterObservation,
  isSameProcess,
  isTerminal,
  type JobRow,
  type ReachableCluster,
} from "../observed.ts";
import { onItsWayMs } from "../on-its-way.ts";
import { carriesState, neverRan } from "../restore-point.ts";
import type { Verdict } from "../step.ts";
import { failed, pending } from "../triggers.ts";
import { isKnownAbsent } from "./absence.ts";
import { sourcesOf } from "./configuration-sources.ts";
import { configuredRun } from "./configured-run.ts";
import { waitForPlace } from "./crowded.ts";
import { untilDeployed } from "./deploying.ts";
import { inOwnCluster } from "./own-cluster.ts";
import { suspended } from "./suspension.ts";
import { reportJob } from "./tracking.ts";

const CANCEL_AGAIN_AFTER_MS = 5_000;

/**
 * Sends the trigger's run request, or says what it waits for. The only place that decides on a send: the status written
 * with the verdict names the JobID and the JobManager process before anything leaves (write ahead).
 */
export function send(ctx: Context, trigger: TriggerStatus): Verdict {
  const { cluster, spec, now } = ctx;
  const listed = cluster.kind === "reachable" ? alreadyListed(ctx, trigger, cluster) : undefined;
  if (listed) return listed;
  if (spec.state === "suspended") return suspended(ctx, trigger);
  const own = inOwnCluster(ctx, trigger);
  if (own) return own;
  if (cluster.kind !== "reachable") return waitForCluster(trigger, cluster);
  const refusal = refusedBy(cluster, ctx);
  if (refusal) return { rule: "cannotBeSent", trigger: failed(ctx, trigger, refusal) };
  const exhausted = trigger.tries >= spec.submission.maxAttempts;
  const backoff = leftAfterTries(trigger.tries, at(trigger.triedAt), now, ctx.submissionBackoffMs);
  // However short the backoff: beside a request that may still arrive none is sent.
  const wait = Math.max(backoff, onItsWayMs(ctx, trigger));
  // The cause of the wait stays on show: it was written with the answer. What was sent last may still arrive, so the last
  // try is waited for like the others before it is given up.
  if (wait > 0 && !(exhausted && trigger.sends === 0)) return { rule: "backingOff", requeueAfterMs: wait };
  if (exhausted) {
    const absent = carriesState(spec) && trigger.sends > 0 && isKnownAbsent(ctx, trigger);
    const left = absent ? { restorePoint: neverRan(trigger.jobId) } : {};
    return { rule: "attemptsExhausted", trigger: givenUp(ctx, trigger), ...left };
  }
  if (ctx.wantedUrl === undefined && !spec.cluster.perJob)
    return waitForCluster(trigger, { kind: "notFound", name: spec.cluster.name ?? "" });
  if (ctx.wantedUrl !== cluster.url) return movedAway(ctx, trigger, cluster);
  const sources = sourcesOf(ctx);
  if (sources.kind === "unread") return sources.verdict;
  if (sources.kind === "refused") {
    const { reason, message, againInMs } = sources;
    return {
      rule: "sourcesRefused",
      trigger: pending(trigger, reason, message),
      requeueAfterMs: againInMs,
    };
  }

  const { url, jobManager } = cluster;
  const { incarnation, flinkVersion, protection, supportsRunApplication } = jobManager;
  const sent: TriggerStatus = {
    ...pending(trigger, "Submitting", `Sending the run request to ${url}.`),
    ...requestedContent(ctx, trigger),
    sends: trigger.sends + 1,
    tries: trigger.tries + 1,
    triedAt: iso(now),
    sentAt: iso(now),
    sentTo: { url, incarnation, flinkVersion, ...earlierProcess(trigger, incarnation) },
    protection,
  };
  const {
    request,
    configuration,
    refusal: unfit,
    events,
  } = configuredRun(ctx, sent, jobManager, sources.options);
  if (unfit) return { rule: "configurationRefused", trigger: failed(ctx, trigger, unfit), configuration };
  sent.parallelism = request.parallelism;
  const crowded = waitForPlace(ctx, trigger, cluster);
  if (crowded) return crowded;
  if (request.savepointPath !== undefined) sent.savepointPath = request.savepointPath;
  return {
    rule: trigger.sends === 0 ? "send" : "sendAgain",
    trigger: sent,
    configuration,
    events,
    effect: {
      kind: "submit",
      jobId: trigger.jobId,
      url,
      incarnation,
      application: supportsRunApplication,
      jar: spec.jar ?? {},
      request,
      sentAt: iso(now),
      earlierSentAt: trigger.sentAt,
    },
    watchClosely: true,
  };
}

/** What one process does not know may have run in another that an earlier request went to. */
function earlierProcess({ sends, sentTo }: TriggerStatus, incarnation: string) {
  const other = sends > 0 && !isSameProcess(incarnation, sentTo?.incarnation);
  return other || sentTo?.earlierProcess ? { earlierProcess: true } : {};
}

/**
 * The last look before anything is sent: what runs under this FlinkJob's prefix is its own, whatever the status says. Two
 * jobs of one FlinkJob never live at once.
 */
function alreadyListed(ctx: Context, trigger: TriggerStatus, cluster: ReachableCluster): Verdict | undefined {
  const own = cluster.jobs.get(trigger.jobId);
  const earlier = [...cluster.jobs.values()].find(
    ({ id, state }) => id !== trigger.jobId && !isTerminal(state),
  );
  if (own && !(earlier && isTerminal(own.state))) {
    const verdict = reportJob(ctx, found(trigger, own, cluster), own);
    // Whose end is being read must be on record, or the answer would be nobody's.
    return { ...verdict, trigger: verdict.trigger ?? found(trigger, own, cluster) };
  }
  if (!earlier) return undefined;
  // Our status was lost, and the JobID's first half says that this job is ours: adopt it, run nothing.
  const before = ctx.job.status;
  const isFirst = !before?.history?.length && (before?.trigger?.jobId ?? trigger.jobId) === trigger.jobId;
  if (isFirst && trigger.sends === 0)
    return { ...reportJob(ctx, found(trigger, earlier, cluster), earlier), rule: "adopt" };
  const message = `Job ${earlier.id} of this FlinkJob lives; it is being cancelled and must be seen to end first.`;
  return {
    rule: "cancelEarlier",
    trigger: pending(trigger, "Replacing", message),
    effect:
      earlier.state === "CANCELLING" ? undefined : { kind: "cancelJob", jobId: earlier.id, url: cluster.url },
    watchClosely: true,
    requeueAfterMs: CANCEL_AGAIN_AFTER_MS,
  };
}

function found(trigger: TriggerStatus, row: JobRow, { url, jobManager }: ReachableCluster): TriggerStatus {
  const { incarnation, flinkVersion, protection } = jobManager;
  const { sends, tries } = trigger;
  const sentTo = { url, incarnation, flinkVersion };
  return {
    ...pending(trigger, "OutcomeUnknown", `Job ${row.id} is listed on ${url}.`),
    jobId: row.id,
    sends: Math.max(1, sends),
    tries: Math.max(1, tries),
    sentTo,
    protection,
  };
}

/** spec.cluster leads elsewhere by now. What was sent here brought nothing, and is not sent elsewhere under its JobID. */
function movedAway(ctx: Context, trigger: TriggerStatus, cluster: ReachableCluster): Verdict {
  if (trigger.sends === 0) return { rule: "connecting" };
  const message = `The outcome of the run request to ${cluster.url} is lost, no job of it lives there, and spec.cluster leads elsewhere now.`;
  return { rule: "movedAway", trigger: failed(ctx, trigger, { reason: "OutcomeLost", message }), job: null };
}

/**
 * The request is always made from the spec as it is now. Where it differs from an earlier one under the same JobID whose
 * outcome nobody knows, either may be the one that Flink accepted: that is remembered until it is known.
 */
function requestedContent(ctx: Context, trigger: TriggerStatus): Partial<TriggerStatus> {
  const hash = runHash(ctx.spec);
  if (hash === trigger.runHash) return {};
  // Of several contents in doubt, one that differs from this request's is enough to ask for a new run later.
  const inDoubt = trigger.sends > 0 ? [trigger.unsettledHash, trigger.runHash] : [];
  const unsettled = inDoubt.find((earlier) => earlier !== undefined && earlier !== hash);
  // The path is what was chosen with the trigger, unless the user names another one.
  const path = ctx.spec.savepointPath;
  const start = path === trigger.specSavepointPath ? {} : { savepointPath: path, specSavepointPath: path };
  return {
    ...start,
    runHash: hash,
    generation: ctx.generation,
    ...(unsettled === undefined ? {} : { unsettledHash: unsettled }),
  };
}

function refusedBy({ jobManager }: ReachableCluster, { spec }: Context) {
  if (!jobManager.submitEnabled) {
    return {
      reason: "SubmissionDisabled" as const,
      message: "The cluster accepts no JARs: it runs with web.submit.enable: false.",
    };
  }
  const { flinkConfiguration = {}, flinkConfigurationFrom = [] } = spec;
  const hasConfiguration = Object.keys(flinkConfiguration).length > 0 || flinkConfigurationFrom.length > 0;
  if (!jobManager.supportsFlinkConfiguration && hasConfiguration) {
    return {
      reason: "ConfigurationNotSupported" as const,
      message: `Flink ${jobManager.flinkVersion} silently drops flinkConfiguration; it needs 1.17. Take the map away or upgrade the cluster.`,
    };
  }
  return undefined;
}

function givenUp(ctx: Context, trigger: TriggerStatus): TriggerStatus {
  const last = trigger.message ? ` Last: ${trigger.message}` : "";
  const what =
    trigger.sends === 0
      ? `${trigger.tries} tries did not get as far as a run request.`
      : `${trigger.tries} run requests had no outcome.`;
  const message = `${what}${last} Mend the cause and choose a new spec.trigger.id.`;
  return failed(ctx, trigger, { reason: "AttemptsExhausted", message });
}

/** The reason and message of a cluster that cannot be asked. */
export function waitForCluster(trigger: TriggerStatus, cluster: ClusterObservation): Verdict {
  switch (cluster.kind) {
    case "notFound":
      if (cluster.isTemplate) {
        const message = `FlinkCluster "${cluster.name}" is a template (spec.perJob) and runs nothing itself: name another, or use its spec.managed as spec.cluster.perJob.`;
        return { rule: "clusterIsTemplate", trigger: pending(trigger, "PerJobTemplate", message) };
      }
      return {
        rule: "clusterNotFound",
        trigger: pending(
          trigger,
          "ClusterNotFound",
          `There is no FlinkCluster "${cluster.name}" in this namespace.`,
        ),
      };
    case "notAllowed":
      return { rule: "notAllowed", trigger: pending(trigger, "DestinationNotAllowed", cluster.message) };
    case "unreachable":
      return cluster.says
        ? untilDeployed(trigger, cluster.says)
        : { rule: "clusterUnreachable", trigger: pending(trigger, "ClusterUnreachable", cluster.message) };
    default:
      return { rule: "connecting" };
  }
}
