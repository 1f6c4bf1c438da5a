import type { FlinkJobSpec } from "../../src/api/flinkjob.ts";
import { jobIdOf } from "../../src/core/identity.ts";
import { aCluster, aJob, aLook, aRow, aTrigger, decideOn, type Scene, snapshots, UID } from "./builders.ts";

// A job that runs, and whose FlinkJob asks for another by now: what stopping it is about.

export const JOB = jobIdOf(UID, "g1", 1);
export const changed = { entryClass: "shop.Two" };
export const edited = (spec: Partial<FlinkJobSpec>, trigger = aTrigger().running()) =>
  aJob(spec).trigger(trigger).edited(changed);
export const runs = aCluster().listing(aRow());
/** The job is there, with these snapshots. */
export const look = (patch = {}) => aLook({ found: true, snapshots: snapshots(patch) });

/** The step after the one before, as the same process sees it. */
export function afterwards(scene: Scene, patch: Partial<Scene> = {}) {
  const { status } = decideOn(scene);
  return { ...scene, job: status ? scene.job.status(status) : scene.job, ...patch };
}
