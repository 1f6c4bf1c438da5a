import type { Context } from "../context.ts";
import type { Verdict } from "../step.ts";
import { ownCluster } from "./own-cluster.ts";

/**
 * The cluster of a job that was scaled has as many TaskManagers as its spec says: more as soon as Flink may use them, fewer
 * once the job needs no more.
 */
export function withTaskManagers(ctx: Context, verdict: Verdict): Verdict {
  const { trigger } = verdict;
  const own = trigger && ownCluster(ctx, trigger);
  const { scaling, cluster } = trigger ?? {};
  if (!scaling || !own || own.isDeleting || own.taskManagers === undefined) return verdict;
  const wanted = cluster?.taskManagers;
  if (wanted === undefined || wanted === own.taskManagers) return verdict;
  if (wanted < own.taskManagers && scaling.reachedAt === undefined) return verdict;
  const { name, uid } = own;
  return { ...verdict, effect: { kind: "scaleCluster", name, uid, taskManagers: wanted } };
}
