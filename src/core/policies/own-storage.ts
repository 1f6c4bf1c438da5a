import type { TriggerStatus } from "../../api/status.ts";
import type { Context } from "../context.ts";
import type { Verdict } from "../step.ts";

/** How often it is asked how far the cleaning is, in milliseconds: that its pod changed is told anyway. */
const LOOK_AGAIN_MS = 2_000;

/**
 * The FlinkJob is being deleted, and its clusters are gone: what they left goes before it. Its JobIDs cannot come again, for
 * they come of its uid. Undefined when nothing is left to be done; that takes a bounded time.
 */
export function withoutStorage({ storage, trigger }: Context): Verdict | undefined {
  if (!storage || storage.isOver) return undefined;
  const what = storage.message === "" ? "" : ` ${storage.message}`;
  const message = `The FlinkJob is being deleted. What its clusters left in their storage goes first.${what}`;
  const told: TriggerStatus | undefined = trigger && { ...trigger, reason: "Deleting", message };
  return {
    rule: "cleanStorage",
    trigger: told,
    effect: { kind: "cleanStorage" },
    requeueAfterMs: LOOK_AGAIN_MS,
  };
}
