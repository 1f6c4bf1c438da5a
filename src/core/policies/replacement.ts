import type { TriggerStatus } from "../../api/status.ts";
import { type Context, iso } from "../context.ts";
import { jobIdPrefix, wantedTriggerId } from "../identity.ts";
import { type Flight, isTerminal } from "../observed.ts";
import type { Verdict } from "../step.ts";
import { isOver, newTrigger, past, pending } from "../triggers.ts";
import { send } from "./sending.ts";

const CANCEL_AGAIN_AFTER_MS = 5_000;
const abandonFlight: Verdict = { rule: "abandonFlight", effect: { kind: "abandonFlight" } };

/** The first trigger of a FlinkJob. */
export function firstTrigger(ctx: Context): Verdict {
  const id = wantedTriggerId(ctx.spec, ctx.generation, undefined) ?? "";
  const trigger = newTrigger(ctx, id);
  return ctx.flight?.jobId === trigger.jobId ? recordFlight(ctx, trigger, ctx.flight) : send(ctx, trigger);
}

/** The status was lost while our own run request is under way: its outcome is awaited, and nothing is sent beside it. */
function recordFlight({ cluster }: Context, trigger: TriggerStatus, flight: Flight): Verdict {
  const begun = iso(flight.since);
  const to = cluster.kind === "reachable" ? cluster : undefined;
  const sentTo = to && {
    url: to.url,
    incarnation: to.jobManager.incarnation,
    flinkVersion: to.jobManager.flinkVersion,
  };
  return {
    rule: "recordFlight",
    trigger: {
      ...pending(trigger, "Submitting", "The run request is under way."),
      sends: 1,
      tries: 1,
      triedAt: begun,
      sentAt: begun,
      ...(sentTo ? { sentTo } : {}),
    },
  };
}

/** The spec asks for another run than the newest trigger; undefined when it does not. */
export function replacement(ctx: Context): Verdict | undefined {
  const { trigger, spec, cluster, flight, row } = ctx;
  const wanted = trigger && wantedTriggerId(spec, ctx.generation, trigger);
  if (!trigger || wanted === undefined || isReused(ctx, wanted)) return undefined;
  if (flight?.phase === "fetchingJar") return abandonFlight;
  // Its outcome comes first, unless the job has come to its end before the answer, which may never come.
  if (flight && trigger.finishedAt === undefined) return undefined;
  if (isOver(trigger)) return succeededBy(ctx, trigger, newTrigger(ctx, wanted), "replace");
  if (trigger.state !== "running" || !row || isTerminal(row.state) || cluster.kind !== "reachable")
    return undefined;
  const message =
    "What the job is has changed; the old job is being cancelled and must be seen to end first.";
  return {
    rule: "cancelReplaced",
    trigger: { ...trigger, reason: "Replacing", message },
    effect: row.state === "CANCELLING" ? undefined : { kind: "cancelJob", jobId: row.id, url: cluster.url },
    job: row,
    watchClosely: true,
    requeueAfterMs: CANCEL_AGAIN_AFTER_MS,
  };
}

/** The next trigger, or the next attempt of one, takes the place of one that is over. */
export function succeededBy(ctx: Context, before: TriggerStatus, next: TriggerStatus, rule: string): Verdict {
  if (ctx.flight?.phase === "fetchingJar") return abandonFlight;
  const verdict = send(ctx, next);
  // Nothing can be said of the cluster yet: the old trigger stands.
  if (verdict.rule === "connecting") return verdict;
  const waiting = pending(next, "BackingOff", "The next run request waits.");
  const gone = before.sends > 0 || before.finishedAt !== undefined;
  return {
    job: null,
    ...verdict,
    rule,
    trigger: verdict.trigger ?? waiting,
    past: gone ? past(before) : undefined,
  };
}

/** Trigger IDs are processed once. A history that came along from another object (a backup) does not count. */
export function isReused({ job, uid }: Context, wanted: string): boolean {
  const history = job.status?.history ?? [];
  return history.some(({ id, jobId }) => id === wanted && jobId.startsWith(jobIdPrefix(uid)));
}
