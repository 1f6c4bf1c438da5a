import { REASONS } from "../../api/reasons.ts";
import type { TriggerStatus } from "../../api/status.ts";
import type { Context } from "../context.ts";
import type { Flight, JobRow } from "../observed.ts";
import type { Verdict } from "../step.ts";
import { isAdopting, isApplication, pending as pendingTrigger } from "../triggers.ts";
import { isKnownAbsent } from "./absence.ts";
import { adopt } from "./adoption.ts";
import { answered, lookUp } from "./answered.ts";
import { inApplication } from "./application.ts";
import { clusterLost, deletedUnheard } from "./own-cluster-lost.ts";
import { awaited } from "./plan.ts";
import { send } from "./sending.ts";
import { patience, timedOut } from "./timeout.ts";
import { reportJob } from "./tracking.ts";
import { unsettled } from "./unsettled.ts";

/** A request that takes longer than this is worth a word in the status, in milliseconds. */
const WORTH_A_WORD_MS = 1_500;
/** So often it is looked whether main() still runs, in milliseconds: four requests each, and where one is slow only. */
const ANSWER_MAY_BE_LOST_MS = 60_000;
const LOOKS_FOR_MS = 5_000;

/** The trigger is recorded and has no job yet. */
export function pending(ctx: Context, trigger: TriggerStatus): Verdict {
  const { flight, row } = ctx;
  if (ctx.spec.plan) return row ? started(ctx, { ...trigger, sends: 1 }, row) : awaited(ctx, trigger);
  if (isAdopting(trigger)) return adopt(ctx, trigger);
  if (flight?.phase === "answered") return answered(ctx, trigger, flight);
  // Evidence beats everything: a listed job is ours, answered or not.
  if (row && flight?.phase === "fetchingJar")
    return { rule: "abandonFlight", effect: { kind: "abandonFlight" } };
  if (row && trigger.sends > 0) return started(ctx, trigger, row);
  if (flight) return underWay(ctx, trigger, flight);
  if (isApplication(trigger)) return inApplication(ctx, trigger);
  const lost = clusterLost(ctx, trigger) ?? deletedUnheard(ctx, trigger);
  if (lost) return lost;
  return trigger.sends > 0 ? unsettled(ctx, trigger) : send(ctx, trigger);
}

/** Most jobs run their tasks a moment after they are listed: one write then tells both. */
function started(ctx: Context, trigger: TriggerStatus, row: JobRow): Verdict {
  const verdict = reportJob(ctx, trigger, row);
  const left = ctx.flight ? ctx.flight.since + WORTH_A_WORD_MS - ctx.now : 0;
  if (left <= 0 || verdict.trigger?.reason !== "WaitingForTasks") return verdict;
  return { rule: "tasksAreStarting", watchClosely: true, requeueAfterMs: left };
}

function underWay(
  ctx: Context,
  trigger: TriggerStatus,
  flight: Exclude<Flight, { phase: "answered" }>,
): Verdict {
  const left = flight.since + WORTH_A_WORD_MS - ctx.now;
  if (left > 0) return { rule: "underWay", requeueAfterMs: left };
  if (flight.phase === "fetchingJar") {
    const { uri } = ctx.spec.jar ?? {};
    const waiting =
      uri === undefined
        ? pendingTrigger(trigger, "Submitting", "Waiting for other run requests to the cluster to begin.")
        : pendingTrigger(trigger, "FetchingJar", `Streaming ${withoutQuery(uri)} to the cluster.`);
    return { rule: "fetchingJar", trigger: waiting };
  }
  const message = REASONS.MainRunning;
  const limit = patience(ctx, trigger) ?? Number.POSITIVE_INFINITY;
  return (
    timedOut(ctx, trigger) ??
    lostAnswer(ctx, trigger, flight) ?? {
      rule: "mainRuns",
      trigger: pendingTrigger(trigger, "MainRunning", message),
      requeueAfterMs: Math.min(limit, looksInMs(ctx, flight)),
    }
  );
}

/** When it is looked next whether main() runs at all: something between may keep an answer for ever. */
function looksInMs({ now }: Context, { since }: Flight): number {
  return ANSWER_MAY_BE_LOST_MS - ((now - since) % ANSWER_MAY_BE_LOST_MS);
}

/** An answer that is waited for although there is nothing more to wait for: what became of the request is found out by looking. */
function lostAnswer(ctx: Context, trigger: TriggerStatus, flight: Flight): Verdict | undefined {
  const { now, look } = ctx;
  const round = (now - flight.since) % ANSWER_MAY_BE_LOST_MS;
  const isDue = now - flight.since >= ANSWER_MAY_BE_LOST_MS && round < LOOKS_FOR_MS;
  if (!isDue) return undefined;
  if (!look) return lookUp(trigger, ctx);
  if (!look.application && !isKnownAbsent(ctx, trigger)) return undefined;
  const message = "The answer to the run request does not come, and its main() does not run any more.";
  return {
    rule: "answerIsLost",
    trigger: pendingTrigger(trigger, "OutcomeUnknown", message),
    settlesFlight: true,
  };
}

/** The query of a signed link is a secret. */
function withoutQuery(uri: string): string {
  return uri.split("?")[0] ?? "";
}
