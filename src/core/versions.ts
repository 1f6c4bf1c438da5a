import type { FlinkJobSpec } from "../api/flinkjob.ts";
import type { FlinkJob } from "../api/objects.ts";
import type { RolledBack, StableVersion } from "../api/status.ts";
import { runHash, wantedTriggerId } from "./identity.ts";

/** A larger version is not kept in the status, so it cannot be gone back to. Bytes of JSON. */
const LARGEST_KEPT = 64 * 1024;

/** The upgrade that stands rolled back: the spec still says what was refused. */
export function standingRollback({ spec, status }: FlinkJob): RolledBack | undefined {
  const { rolledBack, stable } = status ?? {};
  return rolledBack && stable && rolledBack.runHash === runHash(spec) ? rolledBack : undefined;
}

/** The spec that run requests are made from: the user's, or after a rollback the last stable one. */
export function effectiveSpec(job: FlinkJob): FlinkJobSpec {
  if (!standingRollback(job)) return job.spec;
  const { cluster: _c, jar: _j, ...others } = job.spec;
  const stable = job.status?.stable?.spec as Pick<FlinkJobSpec, "cluster" | "jar">;
  return { ...withoutRunParts(others), ...stable };
}

/** The trigger ID that is asked for beside the newest recorded one; undefined when that one is what is asked for. */
export function wantedRun(job: FlinkJob): string | undefined {
  const newest = job.status?.trigger;
  const generation = job.metadata.generation ?? 0;
  const rolledBack = standingRollback(job);
  if (!rolledBack || !newest) return wantedTriggerId(job.spec, generation, newest);
  return newest.runHash === job.status?.stable?.runHash ? undefined : `${rolledBack.triggerId}.rollback`;
}

/** The version that runs now, as the status keeps it; undefined where it is too large to be kept. */
export function keptVersion(spec: FlinkJobSpec, generation: number): StableVersion | undefined {
  const kept = onlyRunParts(spec);
  if (JSON.stringify(kept).length > LARGEST_KEPT) return undefined;
  return { generation, runHash: runHash(spec), spec: kept };
}

const RUN_PARTS = [
  "cluster",
  "jar",
  "entryClass",
  "args",
  "parallelism",
  "savepointPath",
  "allowNonRestoredState",
  "claimMode",
  "flinkConfiguration",
  "flinkConfigurationFrom",
] as const satisfies (keyof FlinkJobSpec)[];

function onlyRunParts(spec: FlinkJobSpec): Record<string, unknown> {
  return Object.fromEntries(
    RUN_PARTS.flatMap((part) => (spec[part] === undefined ? [] : [[part, spec[part]]])),
  );
}

function withoutRunParts(spec: Omit<FlinkJobSpec, "cluster" | "jar">): Omit<FlinkJobSpec, "cluster" | "jar"> {
  const rest: Record<string, unknown> = { ...spec };
  for (const part of RUN_PARTS) delete rest[part];
  return rest as Omit<FlinkJobSpec, "cluster" | "jar">;
}
