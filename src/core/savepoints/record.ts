import { API_VERSION } from "../../api/group.ts";
import type { FlinkSavepoint } from "../../api/objects.ts";
import type { RestorePoint, TriggerStatus } from "../../api/status.ts";
import type { Context } from "../context.ts";
import { isOver } from "../triggers.ts";
import { jobLabels, savepointName } from "./naming.ts";

/** The FlinkSavepoint that outlives the FlinkJob and names the savepoint that its job was stopped with, if that is wanted. */
export function recordOf({ job, spec, trigger }: Context): FlinkSavepoint | undefined {
  if (spec.deletionPolicy !== "Savepoint" || spec.savepoints?.recordOnDeletion !== true) return undefined;
  const { restorePoint } = job.status ?? {};
  if (restorePoint?.kind !== "savepoint" || restorePoint.path === undefined) return undefined;
  if (trigger && !isItsLast(restorePoint, trigger)) return undefined;
  const { name, namespace } = job.metadata;
  const { jobId, path } = restorePoint;
  return {
    apiVersion: API_VERSION,
    kind: "FlinkSavepoint",
    metadata: {
      name: savepointName(name, jobId, "final"),
      ...(namespace === undefined ? {} : { namespace }),
      labels: jobLabels(job),
    },
    spec: { job: { name }, alreadyExists: { path, jobId }, disposeOnDelete: false, backoffLimit: 0 },
  };
}

/** What an earlier job left may have been overtaken by this one, and so may what this one took before it was stopped. */
function isItsLast({ jobId, takenAt = "" }: RestorePoint, trigger: TriggerStatus): boolean {
  if (jobId !== trigger.jobId) return false;
  const { stop } = trigger;
  // Its end may be out of sight: the savepoint that stopped it is there all the same.
  const stopped = stop?.mode === "savepoint" && stop.failedAt === undefined && takenAt >= stop.requestedAt;
  return stopped || isOver(trigger);
}
