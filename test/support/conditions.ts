import { expect } from "vitest";
import type { Condition } from "../../src/api/meta.ts";
import type { FlinkJob } from "../../src/api/objects.ts";
import type { FlinkJobStatus } from "../../src/api/status.ts";

const TYPES = ["Ready", "Reconciling", "Stalled", "Submitted", "Succeeded"];
const REASON = /^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/;

/**
 * The rules that kstatus, and whoever reads conditions as it does, relies on. `before` is the status that the new one
 * replaces: a transition time moves with its status and only then.
 */
export function conditionFaults(job: FlinkJob, before?: FlinkJobStatus): string[] {
  const { status } = job;
  if (!status) return ["there is no status"];
  const faults: string[] = [];
  const conditions = new Map((status.conditions ?? []).map((one) => [one.type, one]));
  const is = (type: string, value: Condition["status"]) => conditions.get(type)?.status === value;
  const rule = (holds: boolean, fault: string) => {
    if (!holds) faults.push(fault);
  };

  rule(conditions.size === status.conditions?.length, "a condition type is there twice");
  for (const type of TYPES) rule(conditions.has(type), `${type} is missing`);
  rule(status.observedGeneration === job.metadata.generation, "observedGeneration is not the generation");
  rule(!(is("Ready", "True") && is("Reconciling", "True")), "Ready and Reconciling at once");
  rule(!(is("Ready", "True") && is("Stalled", "True")), "Ready and Stalled at once");
  rule(!(is("Reconciling", "True") && is("Stalled", "True")), "Reconciling and Stalled at once");
  rule(
    is("Ready", "True") || is("Reconciling", "True") || is("Stalled", "True"),
    "not Ready, and neither Reconciling nor Stalled says why",
  );
  rule(
    !is("Reconciling", "Unknown") && !is("Stalled", "Unknown"),
    "abnormal-true conditions are never Unknown",
  );
  rule(
    !(is("Succeeded", "True") && is("Stalled", "True") && !refused(status)),
    "Succeeded and Stalled at once",
  );
  rule(!(is("Succeeded", "True") && !is("Submitted", "True")), "Succeeded without Submitted");
  if (job.metadata.deletionTimestamp !== undefined) rule(!is("Ready", "True"), "Ready while being deleted");
  for (const one of conditions.values()) {
    rule(REASON.test(one.reason), `${one.type} has the reason "${one.reason}"`);
    rule(one.message.length <= 1_024, `${one.type} has a message of ${one.message.length} characters`);
    rule(one.observedGeneration === status.observedGeneration, `${one.type} speaks of another generation`);
    const earlier = before?.conditions?.find(({ type }) => type === one.type);
    if (!earlier) continue;
    const moved = earlier.lastTransitionTime !== one.lastTransitionTime;
    rule(
      !moved || earlier.status !== one.status,
      `${one.type}: the transition time moved without the status`,
    );
  }
  return faults;
}

export function assertConditionsConform(job: FlinkJob, before?: FlinkJobStatus): void {
  expect(conditionFaults(job, before)).toEqual([]);
}

/** A spec that cannot be acted on stalls the object beside what its trigger achieved. */
function refused(status: FlinkJobStatus): boolean {
  const refusals = ["TriggerIdReused", "RestorePointMissing", "RolledBack"];
  return status.conditions?.some(({ reason }) => refusals.includes(reason)) ?? false;
}
