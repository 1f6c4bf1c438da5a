import type { Job } from "../flink/records.ts";
import { restored } from "../flink/snapshots.ts";
import { contentOf, FOREIGN, parallelismOf } from "./wishes.ts";
import type { World } from "./world.ts";

/** A job that runs already, and that the FlinkJob is to adopt. */
export function beginForeign({ manager, ledger, setting, spec }: World): void {
  const content = contentOf(spec);
  const job: Job = {
    id: FOREIGN,
    content,
    state: "RUNNING",
    startedAt: 0,
    endedAt: -1,
    begunAt: 0,
    burnt: false,
    restarts: 0,
    present: parallelismOf(content),
    ...restored(undefined, 0),
  };
  manager.jobs.push(job);
  if (setting.protection !== "JobManagerLifetime") manager.storedJobs.push(job);
  ledger.recorded(FOREIGN, 1, "foreign", 1);
  ledger.began(FOREIGN, content, 0);
}

/** Whether a job is one of the FlinkJob with this prefix: its own, or the one that it is to adopt. */
export function isOf(prefix: string, id: string): boolean {
  return id.startsWith(prefix) || id === FOREIGN;
}
