import type { FlinkJob } from "../../api/objects.ts";
import type { TriggerStatus } from "../../api/status.ts";

/** The end of a job, in Flink's words. */
export type EndState = "FINISHED" | "FAILED" | "CANCELED";

/** How far a plan has come, as its FlinkJob tells. */
export type Phase =
  /** No JobManager has heard of it. */
  | { readonly kind: "waiting" }
  /** Its JobManager is there, and may have heard of it. */
  | { readonly kind: "handing" }
  | { readonly kind: "running" }
  /** `knew`: a JobManager had the job. */
  | { readonly kind: "over"; readonly state: EndState; readonly knew: boolean };

const endOf: Readonly<Record<string, EndState>> = {
  finished: "FINISHED",
  failed: "FAILED",
  canceled: "CANCELED",
};
/** Reasons of a pending trigger whose JobManager has answered before. */
const handing: ReadonlySet<string | undefined> = new Set([
  ...["PlanAwaited", "OutcomeUnknown", "ClusterUnreachable", "Suspending", "Deleting"],
]);

export function phaseOf({ status }: Pick<FlinkJob, "status">): Phase {
  const trigger = status?.trigger;
  if (trigger === undefined) return { kind: "waiting" };
  const state = endOf[trigger.state];
  if (state !== undefined) return { kind: "over", state, knew: wasKnown(trigger) };
  if (trigger.state === "running") return { kind: "running" };
  return { kind: trigger.cluster !== undefined && handing.has(trigger.reason) ? "handing" : "waiting" };
}

function wasKnown({ state, acceptedAt }: TriggerStatus): boolean {
  return acceptedAt !== undefined || state === "finished";
}

/** Why the job is over, in a sentence for whoever waits for it. */
export function reasonOf({ status }: Pick<FlinkJob, "status">): string {
  const { failure, reason, message } = status?.trigger ?? {};
  const word = failure?.reason ?? reason ?? "Failed";
  return `${word}: ${failure?.message ?? message ?? "no more is known"}`;
}
