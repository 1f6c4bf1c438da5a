import { parseDuration } from "../api/duration.ts";
import type { StableVersion, TriggerStatus } from "../api/status.ts";
import { type Context, iso } from "./context.ts";
import { runHash } from "./identity.ts";
import { keptVersion } from "./versions.ts";

/** A job counts as stable when all its tasks have run for this long, in milliseconds. */
const STABLE_AFTER_MS = 30_000;

/** The version to go back to, once the running one has proved itself; undefined: nothing new. */
export function provenStable(ctx: Context, trigger: TriggerStatus | undefined): StableVersion | undefined {
  const { spec, job } = ctx;
  if (!spec.rollback || trigger?.state !== "running" || stableInMs(ctx, trigger) !== 0) return undefined;
  if (job.status?.stable?.runHash === trigger.runHash) return undefined;
  return runHash(spec) === trigger.runHash ? keptVersion(spec, trigger.generation) : undefined;
}

/** In how many milliseconds the job will have been stable for long enough; undefined while its tasks do not all run. */
export function stableInMs({ job, now }: Context, trigger: TriggerStatus): number | undefined {
  if (trigger.reason !== "TasksRunning") return undefined;
  const ready = job.status?.conditions?.find(({ type }) => type === "Ready");
  if (ready?.status !== "True" || job.status?.trigger?.jobId !== trigger.jobId) return STABLE_AFTER_MS;
  return Math.max(0, Date.parse(ready.lastTransitionTime) + STABLE_AFTER_MS - now);
}

/** By when an upgrade must be stable; undefined where there is nothing to go back to, or no wish to. */
export function stableBy({ spec, job, now, rolledBack }: Context): string | undefined {
  if (!spec.rollback || !job.status?.stable || rolledBack) return undefined;
  return iso(now + (parseDuration(spec.rollback.deadline) ?? 0));
}
