import type { FlinkJobSpec } from "../../src/api/flinkjob.ts";
import type { ScalingStatus, TriggerStatus } from "../../src/api/status.ts";
import { runHash } from "../../src/core/identity.ts";
import type { FlinkJobState, RequirementsSeen } from "../../src/core/observed.ts";
import {
  aCluster,
  ago,
  aJob,
  aRow,
  aSpec,
  aTrigger,
  decideOn,
  NOW,
  P1,
  type Scene,
  SECOND,
} from "./builders.ts";

export const jobId = aRow().id;
export const before = aSpec({ parallelism: 2 });
export const after = aSpec({ parallelism: 4 });
export const runs = (patch: Partial<FlinkJobSpec> = {}) =>
  aTrigger({ spec: { ...before, ...patch } })
    .running()
    .with({ parallelism: 2 });

/** Two tasks that follow, and a sink of its own parallelism. */
export const requirements = (upper: number) =>
  new Map([
    ["source", { lower: 1, upper }],
    ["sink", { lower: 1, upper: 1 }],
  ]);
export const read = (upper: number, patch: Partial<RequirementsSeen> = {}): RequirementsSeen => ({
  jobId,
  at: NOW - 10,
  incarnation: P1,
  result: { kind: "read", requirements: requirements(upper) },
  ...patch,
});
export const answered = (result: RequirementsSeen["result"], patch: Partial<RequirementsSeen> = {}) =>
  read(0, { result, ...patch });

/** Three tasks of a job with parallelism 2; five with 4. */
export const row = (total = 3, state: FlinkJobState = "RUNNING") =>
  aRow(state, { tasks: { total, running: total, finished: 0 } });
export const adaptive = aCluster().view({ supportsRescaling: true });

/** A job with parallelism 2 whose spec says 4 by now. */
export function edited(scene: Partial<Scene> = {}, patch: Partial<FlinkJobSpec> = {}) {
  const job = aJob({ parallelism: 2, ...patch })
    .trigger(runs(patch))
    .edited({ parallelism: 4 });
  return decideOn({ job, cluster: adaptive.listing(row()), ...scene });
}

export const recorded: ScalingStatus = {
  parallelism: 4,
  runHash: runHash(after),
  generation: 2,
  tasks: 5,
  requestedAt: ago(SECOND),
  fixed: ["sink"],
};

/** The same with the step on record, as it was asked for. */
export function begun(
  scaling: Partial<ScalingStatus>,
  scene: Partial<Scene> = {},
  trigger: Partial<TriggerStatus> = {},
) {
  const under = runs().with({ reason: "Rescaling", scaling: { ...recorded, ...scaling }, ...trigger });
  const job = aJob({ parallelism: 2 }).edited({ parallelism: 4 }).trigger(under);
  return decideOn({ job, cluster: adaptive.listing(row()), ...scene });
}

/** The old job is stopped for a new run. */
export const replaced = { rule: "cancelStopped", effect: { kind: "cancelJob" } };
