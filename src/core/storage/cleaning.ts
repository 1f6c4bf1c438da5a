import { type Pod, troubleOf } from "../cluster/pods.ts";
import type { StepEvent } from "../step.ts";
import { CLEAN_CONTAINER } from "./cleaner-pod.ts";

/** Milliseconds. What somebody would have to mend (an image, a quota, a right) keeps nothing from going for longer. */
const MENDED_WITHIN = 60_000;

/** How far a cleaning has come. Over: nothing more is done, and `event` says what came of it. */
export type CleaningState =
  | { isOver: false; message: string }
  | { isOver: true; event?: StepEvent | undefined };

/** What is known of the cleaning of one directory. Times are milliseconds. */
export interface CleaningSeen {
  /** The pod that does it. */
  pod: Pod | undefined;
  /** Why the API server did not take it. */
  refusal: string | undefined;
  /** Why it was given up, and its pod deleted. */
  givenUp: string | undefined;
  /** When it was first tried. */
  since: number;
  now: number;
  /** How long it may take. */
  limitMs: number;
  wasUsed: boolean;
}

/** What is to be done next. */
export type CleaningStep =
  | { kind: "make" }
  | { kind: "wait"; message: string }
  /** The pod was taken away from under it: it goes, and another comes. */
  | { kind: "renew" }
  /** The pod goes, and no other comes; `why`: what keeps it. */
  | { kind: "giveUp"; why: string }
  /** `words`: what stays, as the pod tells it. */
  | { kind: "cleaned"; words: string }
  | { kind: "left"; why: string };

/** Decides on one cleaning: it ends in `cleaned` or `left`, whatever happens, and no pod is left that could still clean. Pure. */
export function cleaningStep(seen: CleaningSeen): CleaningStep {
  const { pod, refusal, givenUp, since, now, limitMs, wasUsed } = seen;
  const age = now - since;
  const isLate = age >= limitMs;
  // Where no JobManager ever answered there is most likely nothing, not even the storage.
  const isHopeless = !wasUsed || isLate || age >= MENDED_WITHIN;
  if (!pod) {
    if (givenUp !== undefined) return { kind: "left", why: givenUp };
    if (refusal !== undefined && isHopeless) return { kind: "left", why: refusal };
    return isLate ? { kind: "left", why: tookTooLong(limitMs) } : { kind: "make" };
  }
  if (pod.metadata.deletionTimestamp !== undefined) {
    // On a node that does not answer any more nothing of it runs: its own deadline is over.
    if (age >= 2 * limitMs) return { kind: "left", why: givenUp ?? tookTooLong(limitMs) };
    return { kind: "wait", message: `${pod.metadata.name} is going.` };
  }
  const ended = pod.status?.containerStatuses?.find(({ name }) => name === CLEAN_CONTAINER)?.state
    ?.terminated;
  if (ended?.exitCode === 0) return { kind: "cleaned", words: ended.message?.trim() ?? "" };
  if (ended?.message !== undefined && ended.message.trim() !== "")
    return { kind: "giveUp", why: `${pod.metadata.name}: ${ended.message.trim()}` };
  if (isLate) return { kind: "giveUp", why: troubleOf([pod], [])?.message ?? tookTooLong(limitMs) };
  if (ended || pod.status?.phase === "Failed") return { kind: "renew" };
  const trouble = troubleOf([pod], []);
  if (!trouble) return { kind: "wait", message: `${pod.metadata.name} is at work.` };
  if (!wasUsed || (trouble.stalled && isHopeless)) return { kind: "giveUp", why: trouble.message };
  return { kind: "wait", message: trouble.message };
}

function tookTooLong(limitMs: number): string {
  return `it took longer than ${Math.round(limitMs / 1000)} s`;
}
