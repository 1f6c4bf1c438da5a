import type { FlinkJob } from "../../../src/api/objects.ts";
import { runHash } from "../../../src/core/identity.ts";
import { effectiveSpec } from "../../../src/core/versions.ts";
import type { Job } from "../flink/records.ts";
import { FIRST_PARALLELISM } from "../world/wishes.ts";
import type { World } from "../world/world.ts";

/** Nothing will happen any more: the job runs with the parallelism that the spec asks for, and the status says so. */
export function judgeScale(world: World, job: FlinkJob, { id, content }: Job): void {
  const { setting, ledger, managers } = world;
  const { trigger } = job.status ?? {};
  if (setting.scales === undefined || setting.batch || trigger?.state !== "running") return;
  const spec = effectiveSpec(job);
  const { scaling } = trigger;
  const isRefused = scaling?.refusal !== undefined && scaling.runHash === runHash(spec);
  const manager = managers.find((one) => one.job(id) !== undefined)!;
  const required = manager.requiredOf(id, content);
  const { parallelism: asked = FIRST_PARALLELISM } = spec;
  const window = ledger.requiredLate ? "lateScale" : undefined;
  const of = `${world.short(id)}, which is to run with ${required}`;
  if (isRefused && asked <= (setting.mostParallelism ?? asked))
    world.broken("failsWithoutCause", `the status says that Flink refuses ${asked}`);
  else if (!isRefused && required !== asked)
    world.broken("notScaled", `the spec asks for parallelism ${asked} of ${of}`, window);
  else if (trigger.parallelism !== required)
    world.broken("saysWhatIsNot", `the status says parallelism ${trigger.parallelism} of ${of}`, window);
  else if (!isRefused && trigger.runHash !== runHash(spec))
    world.broken("saysWhatIsNot", `the status has not the hash of the spec of ${of}`);
  else if (trigger.reason === "Rescaling" && required <= (setting.slots ?? required))
    world.broken("stuck", `the status says Rescaling of ${of}, for ever`);
}
