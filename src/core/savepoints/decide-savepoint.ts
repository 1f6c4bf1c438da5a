import { iso } from "../context.ts";
import { sameStatus } from "../summarize.ts";
import { type SavepointContext, savepointContext } from "./context.ts";
import { disposal } from "./disposal.ts";
import { askedFor } from "./in-progress.ts";
import type { SavepointFacts, SavepointObserved, SavepointStep, SavepointVerdict } from "./observed.ts";
import { notAskedFor } from "./pending.ts";
import { savepointStatus, stateEvents } from "./status.ts";

/**
 * What to do next for one FlinkSavepoint: the status to write, the events to tell, and at most one effect. Pure, as
 * `decide` is for a FlinkJob.
 */
export function decideSavepoint(observed: SavepointObserved, now: number): SavepointStep {
  const ctx = savepointContext(observed, now);
  return stepOf(ctx, disposal(ctx) ?? finalizer(ctx) ?? imported(ctx) ?? byState(ctx));
}

/** Nothing is taken for an object that could vanish and leave files behind which nobody wants. */
function finalizer({ savepoint, held }: SavepointContext): SavepointVerdict | undefined {
  const wanted = savepoint.spec.disposeOnDelete;
  if (wanted === held) return undefined;
  return wanted
    ? { rule: "addFinalizer", effect: { kind: "addFinalizer" } }
    : { rule: "removeFinalizer", effect: { kind: "removeFinalizer" } };
}

function imported({ savepoint, facts, now }: SavepointContext): SavepointVerdict | undefined {
  const { alreadyExists } = savepoint.spec;
  if (!alreadyExists) return undefined;
  const { path, jobId } = alreadyExists;
  const status: SavepointFacts = {
    state: "completed",
    reason: "Imported",
    message: `Savepoint ${path} was there before; nothing is taken.`,
    path,
    ...(jobId === undefined ? {} : { jobId }),
    completedAt: facts.completedAt ?? iso(now),
  };
  return { rule: "imported", status };
}

function byState(ctx: SavepointContext): SavepointVerdict {
  switch (ctx.facts.state) {
    case "inProgress":
      return askedFor(ctx);
    case "completed":
    case "failed":
    case "abandoned":
      return { rule: "over", status: ctx.facts };
    default:
      return notAskedFor(ctx);
  }
}

function stepOf(ctx: SavepointContext, verdict: SavepointVerdict): SavepointStep {
  const { rule, effect, requeueAfterMs } = verdict;
  const before = ctx.savepoint.status;
  const status = verdict.status && savepointStatus(ctx, verdict.status);
  const changed = status !== undefined && !(before && sameStatus(before, status));
  return {
    rule,
    status: changed ? status : undefined,
    events: [...stateEvents(ctx.facts, verdict.status), ...(verdict.events ?? [])],
    effect,
    requeueAfterMs,
  };
}
