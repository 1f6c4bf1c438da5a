import type { ScalingStatus } from "../../api/status.ts";
import { type Context, iso } from "../context.ts";
import { againWithin, type Verdict } from "../step.ts";

/** For as long as the tasks are not there, it is looked at this often whether Flink still has what it took. Milliseconds. */
export const LOOK_EVERY_MS = 30_000;

/** Why the spec's parallelism is not the job's. */
export function refusalOf({ parallelism, refusal = "" }: ScalingStatus) {
  const message = `Flink does not scale the job to parallelism ${parallelism}: ${refusal}`;
  return { reason: "RescaleRefused" as const, message };
}

/** A scaled job is where it should be when so many tasks run; until then the one that runs is not what is asked for. */
export function withScaling(ctx: Context, verdict: Verdict): Verdict {
  const { row, now } = ctx;
  const { trigger } = verdict;
  const scaling = trigger?.scaling;
  if (!trigger || !scaling || !row || trigger.state !== "running") return verdict;
  if (scaling.reachedAt !== undefined) {
    if (row.tasks.total === scaling.tasks) return verdict;
    return againWithin(verdict, LOOK_EVERY_MS);
  }
  if (scaling.takenBy === undefined) return verdict;
  const { parallelism, tasks } = scaling;
  if (trigger.reason === "TasksRunning" && row.tasks.total === tasks) {
    const message = `Job ${row.id} runs with parallelism ${parallelism}, without a new run: ${trigger.message}`;
    return {
      ...verdict,
      trigger: { ...trigger, scaling: { ...scaling, reachedAt: iso(now) } },
      events: [...(verdict.events ?? []), { type: "Normal", reason: "Rescaled", message }],
    };
  }
  const { total } = row.tasks;
  // While they are restarted their number says nothing.
  const soFar = trigger.reason === "TasksRunning" ? ` ${total} run now.` : "";
  const message = `Flink is to run the job with parallelism ${parallelism}, which is ${tasks} tasks.${soFar} It waits for slots, and for a while between two changes (jobmanager.adaptive-scheduler).`;
  const waits = { ...verdict, rule: "rescaling", trigger: { ...trigger, reason: "Rescaling", message } };
  return againWithin(waits, LOOK_EVERY_MS);
}
