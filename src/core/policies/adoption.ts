import type { TriggerStatus } from "../../api/status.ts";
import { type Context, iso } from "../context.ts";
import { jobIdPrefix } from "../identity.ts";
import { isTerminal, type ReachableCluster } from "../observed.ts";
import type { Verdict } from "../step.ts";
import { failed, pending } from "../triggers.ts";
import { listedSoon, lookUp, mainMayRun, runsMain } from "./answered.ts";
import { waitForCluster } from "./sending.ts";
import { reportJob } from "./tracking.ts";

/** `spec.trigger.jobId`: the first trigger takes over a job that runs already. Undefined where nothing is to be adopted. */
export function adoption(ctx: Context, trigger: TriggerStatus): Verdict | undefined {
  const { spec, cluster, uid } = ctx;
  const jobId = spec.trigger?.jobId;
  if (jobId === undefined) return undefined;
  // The status was lost since, and a job of our own runs by now.
  const own =
    cluster.kind === "reachable" &&
    [...cluster.jobs.values()].some((row) => row.id !== jobId && !isTerminal(row.state));
  if (own) return undefined;
  return adopt(ctx, { ...trigger, jobId, adoptedBy: jobIdPrefix(uid) });
}

/** Looks for the job to adopt. Nothing is ever submitted in its place. */
export function adopt(ctx: Context, trigger: TriggerStatus): Verdict {
  const { cluster, look } = ctx;
  if (ctx.adoptedBy !== undefined) {
    const message = `FlinkJob "${ctx.adoptedBy}" follows job ${trigger.jobId} already.`;
    return {
      rule: "adoptedElsewhere",
      trigger: failed(ctx, trigger, { reason: "JobToAdoptTaken", message }),
    };
  }
  if (cluster.kind !== "reachable") return waitForCluster(trigger, cluster);
  const row = cluster.jobs.get(trigger.jobId);
  if (row && !isTerminal(row.state)) return adopted(ctx, trigger, cluster);
  // A list may be incomplete: the JobID itself is asked for before it is called absent.
  if (ctx.trigger === undefined) {
    const message = `Looking for job ${trigger.jobId}, which is to be adopted.`;
    return {
      rule: "recordAdoption",
      trigger: pending(trigger, "OutcomeUnknown", message),
      requeueAfterMs: 0,
    };
  }
  if (!row && !look) return lookUp(trigger, ctx);
  if (!row && look?.found) return listedSoon;
  if (!row && look && (runsMain(look) || look.mains > 0)) return mainMayRun(trigger);
  const message = row
    ? `Job ${trigger.jobId} is ${row.state}: there is nothing to adopt.`
    : `No job lives under ${trigger.jobId} on ${cluster.url}: there is nothing to adopt.`;
  return { rule: "nothingToAdopt", trigger: failed(ctx, trigger, { reason: "JobToAdoptNotFound", message }) };
}

function adopted(ctx: Context, trigger: TriggerStatus, { url, jobs, jobManager }: ReachableCluster): Verdict {
  const { incarnation, flinkVersion, protection } = jobManager;
  const known: TriggerStatus = {
    ...trigger,
    sends: 1,
    tries: 1,
    acceptedAt: iso(ctx.now),
    sentTo: { url, incarnation, flinkVersion },
    protection,
  };
  const message = `Job ${trigger.jobId} runs already and is followed from now on; nothing was submitted.`;
  const verdict = reportJob(ctx, known, jobs.get(trigger.jobId)!);
  return { ...verdict, rule: "adoptNamed", events: [{ type: "Normal", reason: "Adopted", message }] };
}
