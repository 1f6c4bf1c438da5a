import type { TriggerStatus } from "../../api/status.ts";
import { at, type Context } from "../context.ts";
import type { StepEvent, Verdict } from "../step.ts";
import { isApplication } from "../triggers.ts";
import { listedSoon, lookUp, runsMain } from "./answered.ts";
import { withCheckpoints } from "./checkpoints.ts";
import { clusterLost } from "./own-cluster-lost.ts";
import { withScaling } from "./scaled.ts";
import { withTaskManagers } from "./scaled-cluster.ts";
import { reportJob } from "./tracking.ts";
import { withTroubles } from "./troubles.ts";
import { gone, isStuck } from "./unsettled.ts";
import { withUserCodeRead } from "./user-code.ts";

const POLL_RECOVERY_MS = 2_000;
const NEXT_LIST_MS = 1_000;

/** Flink accepted the job and it lived when last seen. */
export function running(ctx: Context, trigger: TriggerStatus): Verdict {
  const verdict = seen(ctx, trigger);
  if (ctx.flight?.phase !== "answered") return verdict;
  // The job was listed before its run request was answered; the answer has nothing more to decide.
  return { ...verdict, events: [...(verdict.events ?? []), ...lateAnswer(ctx)], settlesFlight: true };
}

function lateAnswer({ flight }: Context): StepEvent[] {
  if (flight?.phase !== "answered" || flight.outcome.kind !== "failed") return [];
  const { reason, message } = flight.outcome;
  return [
    { type: "Warning", reason, message: `The job runs although main() ended with an error: ${message}` },
  ];
}

function seen(ctx: Context, trigger: TriggerStatus): Verdict {
  const { cluster, row, look } = ctx;
  if (row)
    return withCheckpoints(
      ctx,
      withUserCodeRead(ctx, withTroubles(ctx, scaledAs(ctx, reportJob(ctx, trigger, row)))),
    );
  const lost = clusterLost(ctx, trigger);
  if (lost) return lost;
  switch (cluster.kind) {
    case "connecting":
      return { rule: "connecting" };
    case "notFound":
      return outOfSight(
        trigger,
        `There is no FlinkCluster "${cluster.name}" any more; the job was last known to run.`,
      );
    case "notAllowed":
      return outOfSight(trigger, cluster.message);
    case "unreachable":
      return outOfSight(trigger, `${cluster.message}; the job was last known to run.`);
  }
  // The list may be older than the job; one without it is no change that would queue us.
  if (cluster.listedAt <= (at(trigger.acceptedAt) ?? 0))
    return { rule: "listIsOlder", watchClosely: true, requeueAfterMs: NEXT_LIST_MS };
  if (!look) return lookUp(trigger, ctx);
  if (look.found) return listedSoon;
  const mayBringIt = isApplication(trigger) && look.mains > 0;
  if (mayBringIt || (runsMain(look) && !isStuck(ctx, look))) {
    const message =
      "The JobManager was replaced and runs main() again; the job is not listed until it is through.";
    return {
      rule: "recovering",
      trigger: { ...trigger, reason: "Recovering", message },
      requeueAfterMs: POLL_RECOVERY_MS,
    };
  }
  return gone(ctx, trigger, look, cluster);
}

function scaledAs(ctx: Context, verdict: Verdict): Verdict {
  return withTaskManagers(ctx, withScaling(ctx, verdict));
}

function outOfSight(trigger: TriggerStatus, message: string): Verdict {
  return { rule: "outOfSight", trigger: { ...trigger, reason: "ClusterUnreachable", message } };
}
