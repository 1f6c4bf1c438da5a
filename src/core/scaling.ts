import type { FlinkJobSpec } from "../api/flinkjob.ts";
import { MOST_FIXED, type ScalingStatus, type TriggerStatus } from "../api/status.ts";
import type { Context } from "./context.ts";
import { runHash, wantedTriggerId } from "./identity.ts";
import type { ParallelismBounds, ResourceRequirements } from "./resource-requirements.ts";
import { isApplication } from "./triggers.ts";

/** From the parallelism that Flink was last asked for to the one that the spec asks for. */
export interface Scale {
  from: number;
  to: number;
  /** Of a job with a cluster of its own: how many that is to have. */
  taskManagers?: number | undefined;
}

/** What a job is to be scaled by, where its parallelism, and the TaskManagers of its own cluster, are all that the spec asks for beside what runs. */
export function wantedScale(ctx: Context, trigger: TriggerStatus): Scale | undefined {
  const { spec } = ctx;
  const to = spec.parallelism;
  const from = askedParallelism(ctx, trigger);
  // What may be another request's than the recorded one is not told apart by its parallelism.
  if (to === undefined || from === undefined || trigger.unsettledHash !== undefined) return undefined;
  if (spec.rescalePolicy !== "InPlace") return undefined;
  // Nobody wrote it into the spec, perhaps.
  const runs = [from, undefined].some((parallelism) => isWhatRuns(ctx, trigger, parallelism));
  const { replicas: taskManagers } = spec.cluster.perJob?.taskManager ?? {};
  return runs ? { from, to, ...(taskManagers === undefined ? {} : { taskManagers }) } : undefined;
}

/** What Flink was asked for; of a job that its JobManager's own configuration speaks of, that one says it. */
export function askedParallelism({ cluster }: Context, trigger: TriggerStatus): number | undefined {
  if (trigger.parallelism !== undefined || !isApplication(trigger)) return trigger.parallelism;
  return cluster.kind === "reachable" ? cluster.jobManager.parallelismDefault : undefined;
}

/** Whether the spec asked for nothing else if it had this parallelism. */
function isWhatRuns(
  { spec, generation }: Context,
  trigger: TriggerStatus,
  parallelism: number | undefined,
): boolean {
  const before = { ...spec, parallelism, cluster: clusterBefore(spec, trigger) };
  if (runHash(before) !== trigger.runHash) return false;
  // Another ID of the user's own asks for a new run, whatever else it changes.
  return wantedTriggerId(before, generation, trigger) === undefined;
}

/** With as many TaskManagers as the cluster of the trigger was made with, or scaled to. */
function clusterBefore({ cluster }: FlinkJobSpec, trigger: TriggerStatus): FlinkJobSpec["cluster"] {
  const { perJob } = cluster;
  const replicas = trigger.cluster?.taskManagers;
  if (!perJob || replicas === undefined) return cluster;
  return { perJob: { ...perJob, taskManager: { ...perJob.taskManager, replicas } } };
}

/** Flink does not take what the spec asks for: the job stays as it is until the spec asks for something else. */
export function refusedScale({ trigger, spec }: Context): string | undefined {
  const { refusal, runHash: refused } = trigger?.scaling ?? {};
  return refused === runHash(spec) ? refusal : undefined;
}

/** What to require of Flink, and what the job is then. */
export interface Rescaled {
  requirements: ResourceRequirements;
  tasks: number;
  /** Those that stay as they are. */
  fixed: string[];
}

/**
 * A scaled job: those tasks follow whose parallelism is the job's, as far as that can be told; one that main() set itself
 * stays. What Flink runs a task with at the least is left as it is. Undefined where no task follows, or too many do not.
 */
export function rescaled(
  present: ResourceRequirements,
  { from, to }: Scale,
  known?: readonly string[],
): Rescaled | undefined {
  const uppers = [...present.values()].map(({ upper }) => upper);
  // None has what was asked for: it may have been scaled already, and the record lost.
  const followers = uppers.includes(from) ? from : to;
  const fixed =
    known ?? [...present].filter(([, { upper }]) => upper !== followers).map(([vertex]) => vertex);
  const requirements = required(present, fixed, to);
  const stays = [...present.keys()].every((vertex) => fixed.includes(vertex));
  if (stays || fixed.length > MOST_FIXED) return undefined;
  const tasks = [...requirements.values()].reduce((sum, { upper }) => sum + upper, 0);
  return { requirements, tasks, fixed: [...fixed] };
}

/** What a scaling that is on record requires. */
export function requiredBy(
  { parallelism, fixed = [] }: ScalingStatus,
  present: ResourceRequirements,
): ResourceRequirements {
  return required(present, fixed, parallelism);
}

function required(
  present: ResourceRequirements,
  fixed: readonly string[],
  to: number,
): Map<string, ParallelismBounds> {
  return new Map(
    [...present].map(([vertex, bounds]) => [
      vertex,
      fixed.includes(vertex) ? bounds : { lower: Math.min(bounds.lower, to), upper: to },
    ]),
  );
}

/** Whether these are what a scaling that is on record requires. */
export function isMet(scaling: ScalingStatus, requirements: ResourceRequirements): boolean {
  return sameRequirements(requiredBy(scaling, requirements), requirements);
}

export function sameRequirements(a: ResourceRequirements, b: ResourceRequirements): boolean {
  return (
    a.size === b.size &&
    [...a].every(
      ([vertex, { lower, upper }]) => b.get(vertex)?.lower === lower && b.get(vertex)?.upper === upper,
    )
  );
}
