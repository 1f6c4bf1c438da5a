import type { PerJob } from "../../api/per-job.ts";
import type { TriggerStatus } from "../../api/status.ts";
import { type Context, iso } from "../context.ts";
import { runHash } from "../identity.ts";
import type { PerJobCluster } from "../observed.ts";
import { examined } from "../per-job/design.ts";
import { perJobClusterOf } from "../per-job/made.ts";
import { perJobClusterName, perJobUrl } from "../per-job/naming.ts";
import type { Verdict } from "../step.ts";
import { failed, pending } from "../triggers.ts";
import { untilDeployed } from "./deploying.ts";
import { deletedEarly } from "./own-cluster-lost.ts";

/** What the API server refused is tried again this much later, in milliseconds: nothing tells when it would be taken. */
const REFUSED_AGAIN_MS = 30_000;
const LOOK_AGAIN_MS = 5_000;

/** The cluster that was made for the trigger's attempt, as it is seen. */
export function ownCluster({ perJob }: Context, { cluster }: TriggerStatus): PerJobCluster | undefined {
  return cluster && perJob.clusters.find(({ name }) => name === cluster.name);
}

/**
 * Before anything is sent: the attempt's own cluster, where the spec asks for one. Undefined when the run request may go to
 * where it is sent. One of an earlier attempt goes first; one whose record was lost is taken over.
 */
export function inOwnCluster(ctx: Context, trigger: TriggerStatus): Verdict | undefined {
  const { perJob } = ctx.spec.cluster;
  // What was sent elsewhere is looked for there.
  if (!perJob || (trigger.cluster === undefined && trigger.sends > 0)) return undefined;
  const living = ctx.perJob.clusters.filter(({ isDeleting }) => !isDeleting);
  const found =
    living.find(({ jobId }) => jobId === trigger.jobId) ?? (ctx.trigger ? undefined : living.at(-1));
  if (trigger.cluster === undefined && found) return takenOver(ctx, trigger, found);
  const earlier = living.find(({ jobId }) => jobId !== trigger.jobId);
  if (earlier) return earlierGoes(trigger, earlier);
  const own = ownCluster(ctx, trigger);
  if (!own) return unknownGoes(ctx, trigger) ?? make(ctx, trigger, perJob);
  const { cluster, job } = ctx;
  if (own.isDeleting && trigger.sends > 0) return deletedEarly(ctx, trigger, own);
  const there = cluster.kind === "reachable" && cluster.url === perJobUrl(job.metadata.namespace, own.name);
  return there && !own.isDeleting ? undefined : deploys(ctx, trigger, own);
}

/** The status was lost, and the FlinkCluster says that this attempt was begun: what became of it is found out. */
export function takenOver(ctx: Context, trigger: TriggerStatus, found: PerJobCluster): Verdict {
  const { name, mode, uid, jobId, runHash: made } = found;
  const message = `FlinkCluster ${name} was made for job ${jobId} of this FlinkJob.`;
  return {
    rule: "takeOverCluster",
    trigger: {
      ...pending(trigger, "OutcomeUnknown", message),
      jobId,
      ...(made === undefined ? {} : { runHash: made }),
      sends: 1,
      tries: 1,
      sentAt: iso(ctx.now),
      sentTo: { url: perJobUrl(ctx.job.metadata.namespace, name), incarnation: "", flinkVersion: "" },
      protection: "Durable",
      cluster: { name, mode, uid },
    },
    requeueAfterMs: 0,
  };
}

/** One is on its way out of an attempt that no record knows (a status was lost): its job lives for as long as its pods do. */
function unknownGoes(ctx: Context, trigger: TriggerStatus): Verdict | undefined {
  const known = [trigger, ctx.trigger, ...(ctx.job.status?.history ?? [])].map((one) => one?.jobId);
  const going = ctx.perJob.clusters.find(({ isDeleting, jobId }) => isDeleting && !known.includes(jobId));
  if (!going) return undefined;
  const message = `FlinkCluster ${going.name} of an earlier attempt is on its way out.`;
  return {
    rule: "unknownClusterGoes",
    trigger: pending(trigger, "Replacing", message),
    requeueAfterMs: LOOK_AGAIN_MS,
  };
}

function earlierGoes(trigger: TriggerStatus, { name, uid }: PerJobCluster): Verdict {
  const message = `FlinkCluster ${name} of an earlier attempt is being taken away.`;
  return {
    rule: "deleteEarlierCluster",
    trigger: pending(trigger, "Replacing", message),
    effect: { kind: "deleteCluster", name, uid },
    requeueAfterMs: LOOK_AGAIN_MS,
  };
}

/**
 * Makes it, or makes it once more where nobody saw it. In application mode the FlinkCluster *is* the run request, and of a plan
 * it is all that is done here, so what is recorded first is that it was sent. Its name comes of the JobID: made twice it is one.
 */
export function make(ctx: Context, before: TriggerStatus, perJob: PerJob): Verdict {
  const { job, spec, now } = ctx;
  const name = before.cluster?.name ?? perJobClusterName(job.metadata.name, before.jobId);
  const { taken = false, refusal } = ctx.perJob;
  if (taken && before.cluster) {
    const message = `There is a FlinkCluster ${name} already that was not made for this FlinkJob. Delete it, and choose a new spec.trigger.id.`;
    return { rule: "clusterNameTaken", trigger: failed(ctx, before, { reason: "NameTaken", message }) };
  }
  const refusedFor = refusal?.name === name ? now - refusal.at : undefined;
  if (refusal && refusedFor !== undefined && refusedFor >= 0 && refusedFor < REFUSED_AGAIN_MS) {
    return {
      rule: "clusterRefused",
      trigger: pending(before, refusal.reason, refusal.message),
      requeueAfterMs: REFUSED_AGAIN_MS - refusedFor,
    };
  }
  const { mode } = perJob;
  const trigger: TriggerStatus = {
    ...pending(before, "ClusterDeploying", `FlinkCluster ${name} is being made.`),
    ...contentOf(ctx, before),
    cluster: { name, mode, taskManagers: perJob.taskManager.replicas },
    ...(mode === "application" || spec.plan ? asSent(ctx, before, perJob, name) : {}),
  };
  const cluster = perJobClusterOf(job, spec, perJob, trigger, name);
  const { refusal: unfit, configuration, events } = examined(ctx, cluster);
  if (unfit) return { rule: "clusterUnfit", trigger: failed(ctx, before, unfit), configuration };
  return {
    rule: "makeCluster",
    trigger,
    configuration,
    events,
    effect: { kind: "makeCluster", cluster },
    requeueAfterMs: LOOK_AGAIN_MS,
  };
}

function asSent(
  { now, job, spec }: Context,
  before: TriggerStatus,
  perJob: PerJob,
  name: string,
): Partial<TriggerStatus> {
  const url = perJobUrl(job.metadata.namespace, name);
  return {
    sends: 1,
    // A plan is handed over later, by the gateway.
    ...(spec.plan ? {} : { tries: Math.max(1, before.tries), triedAt: iso(now) }),
    sentAt: iso(now),
    sentTo: { url, incarnation: "", flinkVersion: perJob.flinkVersion },
    protection: "Durable",
  };
}

/** The FlinkCluster is made from the spec as it is now. Where one was made from another, it says so itself. */
function contentOf({ spec, generation }: Context, before: TriggerStatus): Partial<TriggerStatus> {
  const hash = runHash(spec);
  if (hash === before.runHash) return {};
  const path = spec.savepointPath;
  const start = path === before.specSavepointPath ? {} : { savepointPath: path, specSavepointPath: path };
  return { ...start, runHash: hash, generation };
}

/** It is there and does not answer yet: why, in its own words. */
export function deploys(ctx: Context, before: TriggerStatus, own: PerJobCluster): Verdict {
  const { name, message = "", isDeleting, wasReached } = own;
  const trigger = seen(before, own);
  if (isDeleting) {
    const going = `FlinkCluster ${name} is being deleted: ${message}`;
    return { rule: "clusterGoes", trigger: pending(trigger, "TearingDown", going) };
  }
  const waiting = untilDeployed(trigger, own);
  // An operator that has just started has not asked yet.
  const quiet = waiting.rule === "clusterDeploys" && wasReached && ctx.cluster.kind === "connecting";
  return quiet ? { rule: "connecting" } : waiting;
}

/** That it was seen is on record: should it be gone one day, somebody has taken it away. */
export function seen(trigger: TriggerStatus, { uid, runHash: made }: PerJobCluster): TriggerStatus {
  const { cluster } = trigger;
  if (!cluster || cluster.uid === uid) return trigger;
  const settled = cluster.mode === "application" && made !== undefined ? { runHash: made } : {};
  return { ...trigger, ...settled, cluster: { ...cluster, uid } };
}

/** The same for whatever a policy found. */
export function withClusterSeen(ctx: Context, verdict: Verdict): Verdict {
  const trigger = verdict.trigger ?? ctx.trigger;
  const own = trigger && ownCluster(ctx, trigger);
  if (!trigger || !own || own.isDeleting) return verdict;
  const after = seen(trigger, own);
  return after === trigger ? verdict : { ...verdict, trigger: after };
}
