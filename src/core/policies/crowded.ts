import type { TriggerStatus } from "../../api/status.ts";
import type { Context } from "../context.ts";
import type { Crowd, ReachableCluster } from "../observed.ts";
import type { Verdict } from "../step.ts";
import { pending } from "../triggers.ts";
import { wantedRun } from "../versions.ts";

/** A wait that is longer than this is worth a word in the status, in milliseconds. */
const WORTH_A_WORD_MS = 1_500;
/** Who waits is told when there is a place; should that get lost, it looks again. */
const LOOK_FOR_PLACE_MS = 30_000;

/** Flink >= 2.3 runs main() on threads that it needs itself. Undefined: one is free, or it is another Flink. */
export function waitForPlace(
  { crowd, now }: Context,
  trigger: TriggerStatus,
  { url, jobManager }: ReachableCluster,
): Verdict | undefined {
  if (!crowd || !jobManager.supportsRunApplication) return undefined;
  const rule = "waitsForMains";
  const left = (crowd.since ?? now) + WORTH_A_WORD_MS - now;
  if (left > 0) return { rule, awaitsPlace: true, requeueAfterMs: left };
  const message = `${crowd.limit} main()s run on ${url} already; this one begins when one of them has come to its end (--main-concurrency).`;
  return {
    rule,
    trigger: pending(trigger, "WaitingForMains", message),
    awaitsPlace: true,
    requeueAfterMs: LOOK_FOR_PLACE_MS,
  };
}

/** What runs goes on while main() of its successor would have no place: it is decided again as soon as there is one. */
export function withPatience(ctx: Context, verdict: Verdict): Verdict {
  const waits = ctx.crowd && verdict.trigger?.stop === undefined && wantedRun(ctx.job) !== undefined;
  if (!waits) return verdict;
  const wait = Math.min(verdict.requeueAfterMs ?? LOOK_FOR_PLACE_MS, LOOK_FOR_PLACE_MS);
  return { ...verdict, awaitsPlace: true, requeueAfterMs: wait };
}

/** For people: why the next job waits, and with it the end of the one that runs. */
export function untilThereIsPlace({ limit }: Crowd): string {
  return ` ${limit} main()s run on the cluster already; the job goes on until one of them has come to its end (--main-concurrency).`;
}
