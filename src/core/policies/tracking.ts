import type { TriggerStatus } from "../../api/status.ts";
import { at, type Context } from "../context.ts";
import { isTerminal, type JobRow } from "../observed.ts";
import { askedParallelism } from "../scaling.ts";
import type { Verdict } from "../step.ts";
import { running } from "../triggers.ts";
import { reportEnd } from "./ending.ts";

/** For this long after acceptance the job list is read often, in milliseconds. */
const CLOSELY_FOR_MS = 15_000;
/** Only a start that takes longer than this is worth the writes that count its tasks. Milliseconds. */
const COUNT_TASKS_AFTER_MS = 5_000;

/** The trigger and the job as the job's row says: the truth, whatever was believed before. */
export function reportJob(ctx: Context, before: TriggerStatus, row: JobRow): Verdict {
  const trigger = followed(ctx, before);
  if (isTerminal(row.state)) return reportEnd(ctx, trigger, row);
  const { total, running: run, finished } = row.tasks;
  if (row.state === "RUNNING" && total > 0 && run + finished === total) {
    const message = total === 1 ? "The job's task runs." : `All ${total} tasks of the job run.`;
    return { rule: "tasksRun", trigger: running(ctx, trigger, "TasksRunning", message), job: row };
  }
  const since = ctx.now - (at(trigger.acceptedAt) ?? ctx.now);
  const counted = since > COUNT_TASKS_AFTER_MS ? ` (${run + finished} of ${total})` : "";
  const message = `Flink accepted the job; not all of its tasks run yet${counted}.`;
  return {
    rule: "tasksStart",
    trigger: running(ctx, trigger, "WaitingForTasks", message),
    job: row,
    watchClosely: since < CLOSELY_FOR_MS,
  };
}

/** Where the job was last seen: after a failover that is another process than the one it was sent to. */
function followed(ctx: Context, trigger: TriggerStatus): TriggerStatus {
  const { cluster } = ctx;
  if (cluster.kind !== "reachable") return trigger;
  const { incarnation, flinkVersion, protection } = cluster.jobManager;
  const seen = trigger.sentTo;
  const parallelism = askedParallelism(ctx, trigger);
  const known = parallelism === trigger.parallelism ? trigger : { ...trigger, parallelism };
  const unmoved =
    seen?.incarnation === incarnation && seen.url === cluster.url && trigger.protection === protection;
  return unmoved ? known : { ...known, sentTo: { url: cluster.url, incarnation, flinkVersion }, protection };
}
