import type { Context } from "../context.ts";
import { jobIdOf, wantedTriggerId } from "../identity.ts";
import { isTerminal, type JobRow } from "../observed.ts";
import type { Verdict } from "../step.ts";
import { isOver, newTrigger, past } from "../triggers.ts";
import { send } from "./sending.ts";
import { reportJob } from "./tracking.ts";

const CANCEL_AGAIN_AFTER_MS = 5_000;

/** The first trigger of a FlinkJob. */
export function firstTrigger(ctx: Context): Verdict {
  const { cluster } = ctx;
  if (cluster.kind === "connecting") return { rule: "connecting" };
  const id = wantedTriggerId(ctx.spec, ctx.generation, undefined) ?? "";
  const trigger = newTrigger(ctx, id);
  const earlier =
    cluster.kind === "reachable" ? strangerOfOurs([...cluster.jobs.values()], trigger.jobId) : undefined;
  if (earlier && cluster.kind === "reachable") {
    // Our status was lost, and the JobID's first half says that this job is ours: adopt it, run nothing.
    const { url, jobManager } = cluster;
    const { incarnation, flinkVersion, protection } = jobManager;
    const adopted = {
      ...trigger,
      jobId: earlier.id,
      sends: 1,
      tries: 1,
      sentTo: { url, incarnation, flinkVersion },
      protection,
    };
    return { ...reportJob(ctx, adopted, earlier), rule: "adopt" };
  }
  return send(ctx, trigger);
}

/** A live job under our prefix, or the ended one of this very trigger. */
function strangerOfOurs(rows: JobRow[], jobId: string): JobRow | undefined {
  return rows.find((row) => !isTerminal(row.state)) ?? rows.find((row) => row.id === jobId);
}

/** The spec asks for another run than the newest trigger; undefined when it does not. */
export function replacement(ctx: Context): Verdict | undefined {
  const { trigger, spec, cluster, flight, row } = ctx;
  const wanted = trigger && wantedTriggerId(spec, ctx.generation, trigger);
  if (!trigger || wanted === undefined || isReused(ctx, wanted)) return undefined;
  if (flight?.phase === "fetchingJar") return { rule: "abandonFlight", effect: { kind: "abandonFlight" } };
  if (flight) return undefined; // its outcome comes first
  if (isOver(trigger)) {
    const gone = trigger.sends > 0 || trigger.finishedAt !== undefined;
    return {
      ...send(ctx, newTrigger(ctx, wanted)),
      rule: "replace",
      past: gone ? past(trigger) : undefined,
      job: null,
    };
  }
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

/** Trigger IDs are processed once. */
export function isReused({ job, uid, trigger }: Context, wanted: string): boolean {
  const past = job.status?.history ?? [];
  return past.some(
    ({ id, jobId }) => id === wanted && jobId !== trigger?.jobId && jobId === jobIdOf(uid, id, 1),
  );
}
