import type { FlinkSavepointStatus } from "../../api/flinksavepoint.ts";
import type { Condition, ConditionStatus } from "../../api/meta.ts";
import type { Reason } from "../../api/reasons.ts";
import { iso } from "../context.ts";
import type { StepEvent } from "../step.ts";
import type { SavepointContext } from "./context.ts";
import type { SavepointFacts } from "./observed.ts";

const MESSAGE_LIMIT = 1_024;
/** Reasons that pass by, or that nobody needs to be told. */
const QUIET = new Set(["TakingSavepoint", "WaitingForJob", "Imported", "Disposing"]);

/** The whole status: the one place where a FlinkSavepoint's state becomes conditions. */
export function savepointStatus(ctx: SavepointContext, facts: SavepointFacts): FlinkSavepointStatus {
  const { message = "" } = facts;
  const short = message.length > MESSAGE_LIMIT ? `${message.slice(0, MESSAGE_LIMIT - 1)}…` : message;
  return {
    observedGeneration: ctx.savepoint.metadata.generation ?? 0,
    ...facts,
    message: short,
    conditions: conditionsOf(ctx, { ...facts, message: short }),
  };
}

/** kstatus: Reconciling while something follows by itself, Stalled when nothing does and there is no savepoint. */
function conditionsOf(
  ctx: SavepointContext,
  { state, reason = "", message = "" }: SavepointFacts,
): Condition[] {
  const ready = state === "completed" && !ctx.deleting;
  const stalled = !ctx.deleting && (state === "failed" || state === "abandoned");
  const observedGeneration = ctx.savepoint.metadata.generation ?? 0;
  const set = (type: string, holds: boolean): Condition => {
    const status: ConditionStatus = holds ? "True" : "False";
    const before = ctx.savepoint.status?.conditions?.find((one) => one.type === type);
    const lastTransitionTime = before?.status === status ? before.lastTransitionTime : iso(ctx.now);
    return { type, status, observedGeneration, lastTransitionTime, reason, message };
  };
  return [set("Ready", ready), set("Reconciling", !ready && !stalled), set("Stalled", stalled)];
}

/** One event for each new reason. */
export function stateEvents(before: SavepointFacts, after: SavepointFacts | undefined): StepEvent[] {
  const { reason, state, message = "" } = after ?? {};
  if (reason === undefined || QUIET.has(reason)) return [];
  if (before.reason === reason && before.state === state) return [];
  return [
    {
      type: state === "completed" && reason !== "DisposalFailed" ? "Normal" : "Warning",
      reason: reason as Reason,
      message,
    },
  ];
}
