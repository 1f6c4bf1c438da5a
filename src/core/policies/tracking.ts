import type { TriggerStatus } from "../../api/status.ts";
import { at, type Context } from "../context.ts";
import { type ApplicationState, isTerminal, type JobRow } from "../observed.ts";
import type { Verdict } from "../step.ts";
import { ended, failed, running } from "../triggers.ts";

/** For this long after acceptance the job list is read often, in milliseconds. */
const CLOSELY_FOR_MS = 15_000;
/** Only a start that takes longer than this is worth the writes that count its tasks. Milliseconds. */
const COUNT_TASKS_AFTER_MS = 5_000;
/** An application ends up to 2 s after its jobs; one that sticks must not hide the end of the job. Milliseconds. */
const APPLICATION_ENDS_WITHIN_MS = 6_000;
const LOOK_AGAIN_MS = 700;

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
function followed({ cluster }: Context, trigger: TriggerStatus): TriggerStatus {
  if (cluster.kind !== "reachable") return trigger;
  const { incarnation, flinkVersion, protection } = cluster.jobManager;
  const seen = trigger.sentTo;
  const unmoved =
    seen?.incarnation === incarnation && seen.url === cluster.url && trigger.protection === protection;
  return unmoved
    ? trigger
    : { ...trigger, sentTo: { url: cluster.url, incarnation, flinkVersion }, protection };
}

/** An end is recorded with its cause, and before anything that would erase it. */
function reportEnd(ctx: Context, trigger: TriggerStatus, row: JobRow): Verdict {
  const { look, cluster } = ctx;
  if (row.state === "FINISHED" || cluster.kind !== "reachable") return end(ctx, trigger, row);
  // A job that Flink cancels because main() failed after its execute(): the application has the cause. One that we
  // cancelled needs none, and waiting for its application would hold up its successor for seconds.
  const unasked = row.state === "CANCELED" && trigger.reason !== "Replacing";
  const application = cluster.jobManager.supportsRunApplication && unasked;
  if ((row.state === "FAILED" || application) && !look) {
    return { rule: "readFailure", effect: { kind: "lookUp", jobId: row.id, url: cluster.url } };
  }
  const ending =
    application &&
    !isOver(look?.application?.state) &&
    Math.abs(ctx.now - row.endTime) < APPLICATION_ENDS_WITHIN_MS;
  if (ending) return { rule: "applicationEnds", requeueAfterMs: LOOK_AGAIN_MS };
  if (look?.application?.state === "FAILED" && look.failure) {
    return { rule: "mainFailedLate", trigger: failed(ctx, trigger, look.failure), job: row };
  }
  return end(ctx, trigger, row);
}

function end(ctx: Context, trigger: TriggerStatus, row: JobRow): Verdict {
  return { rule: "ended", trigger: ended(ctx, trigger, row, ctx.look?.failure), job: row };
}

function isOver(state: ApplicationState | undefined): boolean {
  return state === undefined || state === "FAILED" || state === "CANCELED" || state === "FINISHED";
}
