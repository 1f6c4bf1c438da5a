import type { FlinkJobSpec } from "../api/flinkjob.ts";
import type { TriggerStatus } from "../api/status.ts";
import { isHalted } from "./triggers.ts";

/** A job that ran this long is not one that fails at once: its loss starts the counts anew. Milliseconds. */
const RAN_WELL_MS = 600_000;

/** Whether a trigger that is over gets a new attempt under its own ID, now or after a wait. */
export function wantsNextAttempt(spec: FlinkJobSpec, trigger: TriggerStatus): boolean {
  // A plan has one JobID, its client's.
  if (spec.state === "suspended" || spec.plan) return false;
  if (isHalted(trigger)) return true;
  if (trigger.failure?.reason === "JobLost") return spec.lostPolicy === "Resubmit";
  return mayRestart(spec, trigger);
}

/** Failed while it ran, or when it was brought back: what another attempt may get over. */
const RESTARTABLE = new Set<string>(["JobFailed", "SavepointNotFound"]);

function mayRestart({ restartPolicy, restart: { limit } }: FlinkJobSpec, trigger: TriggerStatus): boolean {
  const { state, failure, restarts = 0 } = trigger;
  if (restartPolicy !== "OnFailure" || state !== "failed" || !failure) return false;
  if (!RESTARTABLE.has(failure.reason) && !failure.retryable) return false;
  return restarts < limit || ranWell(trigger);
}

/** Whether the job ran for long enough to say that its attempt was a good one. */
export function ranWell({ acceptedAt, finishedAt }: TriggerStatus): boolean {
  return Date.parse(finishedAt ?? "") - Date.parse(acceptedAt ?? "") > RAN_WELL_MS;
}
