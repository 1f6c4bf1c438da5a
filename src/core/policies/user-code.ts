import type { TriggerStatus } from "../../api/status.ts";
import { userCodeEvent, withUserCode } from "../configuration/report.ts";
import { isShownByFlink, overriddenByCode } from "../configuration/user-code.ts";
import { at, type Context } from "../context.ts";
import { runHash } from "../identity.ts";
import type { ConfigurationSeen, JobManagerView } from "../observed.ts";
import { againWithin, type Verdict } from "../step.ts";
import { sourcesOf } from "./configuration-sources.ts";
import { configuredRun } from "./configured-run.ts";

/** What Flink shows of a job is up to 3 s old, and of one that has just begun it is nothing but defaults. Milliseconds. */
const SHOWN_AFTER_MS = 4_000;
/** A job that has run for longer is no longer asked about: some earlier process has done it. Milliseconds. */
const ASKED_WITHIN_MS = 600_000;
/** What was read is compared at once, or never. Milliseconds. */
const COMPARED_WITHIN_MS = 10_000;

/**
 * What the job's own code has overridden, as far as Flink shows it: read once, some seconds after all tasks run, and only
 * where something was sent that Flink shows.
 */
export function withUserCodeRead(ctx: Context, verdict: Verdict): Verdict {
  const { cluster, row, configuration: seen, now } = ctx;
  const trigger = verdict.trigger ?? ctx.trigger;
  if (!trigger || !row || cluster.kind !== "reachable" || verdict.effect || !ctx.findOptions) return verdict;
  if (trigger.reason !== "TasksRunning" || !isAsSent(ctx, trigger)) return verdict;
  if (seen) return compared(ctx, verdict, trigger, cluster.jobManager, seen);
  const since = runningSince(ctx, trigger);
  if (
    since === undefined ||
    now - since > ASKED_WITHIN_MS ||
    !isWorthAsking(ctx, trigger, cluster.jobManager)
  )
    return verdict;
  const wait = since + SHOWN_AFTER_MS - now;
  if (wait > 0) return againWithin(verdict, wait);
  return { ...verdict, effect: { kind: "readConfiguration", jobId: row.id, url: cluster.url } };
}

/** Whether something was sent that Flink shows. What comes from elsewhere is read only when Flink was asked. */
function isWorthAsking(ctx: Context, trigger: TriggerStatus, jobManager: JobManagerView): boolean {
  const { parallelism, flinkConfiguration = {}, flinkConfigurationFrom = [] } = ctx.spec;
  const options = ctx.findOptions?.(jobManager.flinkVersion);
  // In a cluster of its own that runs main() the job's options are the cluster's.
  if (!options || trigger.cluster?.mode === "application") return false;
  if (flinkConfigurationFrom.length > 0) return true;
  if (parallelism === undefined && Object.keys(flinkConfiguration).length === 0) return false;
  return isShownByFlink(configuredRun(ctx, trigger, jobManager).sent, options);
}

function compared(
  ctx: Context,
  verdict: Verdict,
  trigger: TriggerStatus,
  jobManager: JobManagerView,
  { at: readAt, shown }: ConfigurationSeen,
): Verdict {
  const age = ctx.now - readAt;
  const options = ctx.findOptions?.(jobManager.flinkVersion);
  if (shown === undefined || age < 0 || age > COMPARED_WITHIN_MS || !options) return verdict;
  const sources = sourcesOf(ctx);
  if (sources.kind === "unread") return { ...verdict, effect: sources.verdict.effect };
  const sourced = sources.kind === "read" ? sources.options : [];
  const { sent } = configuredRun(ctx, trigger, jobManager, sourced);
  const before = ctx.job.status?.configuration;
  const configuration = withUserCode(before, overriddenByCode(sent, shown, options));
  const event = userCodeEvent(configuration, before);
  return { ...verdict, configuration, events: [...(verdict.events ?? []), ...(event ? [event] : [])] };
}

/** The job that runs is the one that the spec asks for, and we have sent it. */
function isAsSent(ctx: Context, trigger: TriggerStatus): boolean {
  const { runHash: sent, unsettledHash, adoptedBy, scaling } = trigger;
  // Flink shows the parallelism that a job began with.
  if (scaling !== undefined) return false;
  return adoptedBy === undefined && unsettledHash === undefined && sent === runHash(ctx.spec);
}

/** Since when all tasks run; now, where that is about to be written. Undefined: they do, and something else is wrong. */
function runningSince({ job, now }: Context, { jobId }: TriggerStatus): number | undefined {
  const { conditions, trigger } = job.status ?? {};
  const ready = conditions?.find(({ type }) => type === "Ready");
  if (trigger?.jobId !== jobId || trigger.reason !== "TasksRunning") return now;
  return ready?.status === "True" ? at(ready.lastTransitionTime) : undefined;
}
