import { hash } from "node:crypto";
import type { ConfigurationSource } from "../api/configuration-from.ts";
import type { FlinkJobSpec } from "../api/flinkjob.ts";
import type { PerJob } from "../api/per-job.ts";
import type { TriggerStatus } from "../api/status.ts";
import { canonical } from "./canonical.ts";

/** The first 8 bytes of the SHA-256 of a text, as 16 hexadecimal digits. */
function half(text: string): string {
  return hash("sha256", text, "hex").slice(0, 16);
}

/** The 16 digits that every JobID of one FlinkJob begins with: how its jobs are recognised on any cluster. */
export function jobIdPrefix(uid: string): string {
  return half(uid);
}

/** The JobID of one attempt: the same for the same FlinkJob, trigger and attempt, whoever computes it (design, section 4). */
export function jobIdOf(uid: string, triggerId: string, attempt: number): string {
  return half(uid) + half(`${triggerId}/${attempt}`);
}

/** Flink's trigger ID of the `number`th operation of a kind on one job: the same whoever asks, so that Flink runs it once. */
export function operationIdOf(
  jobId: string,
  kind: "stop" | "savepoint" | "dispose",
  number: number | string,
): string {
  return half(`${jobId}/${kind}/${number}`) + half(`${number}/${kind}/${jobId}`);
}

/** The parts of a spec that say what the job is. A change of any other part submits nothing. */
function runParts(spec: FlinkJobSpec): unknown {
  const {
    cluster,
    jar = {},
    plan,
    entryClass,
    args,
    parallelism,
    savepointPath,
    allowNonRestoredState,
    claimMode,
  } = spec;
  const { flinkConfiguration, flinkConfigurationFrom = [] } = spec;
  // Where values come from, never the values: a hash of a secret can be guessed.
  const sources = flinkConfigurationFrom.map(sourceParts);
  return [
    [cluster.name ?? null, cluster.url ?? null],
    [jar.id ?? null, jar.uri ?? null, jar.sha256 ?? null],
    [entryClass ?? null, args ?? [], parallelism ?? null],
    [savepointPath ?? null, allowNonRestoredState ?? false, claimMode ?? null],
    Object.entries(flinkConfiguration ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)),
    // Specs that were hashed before there were these fields keep their hash.
    ...(sources.length > 0 ? [sources] : []),
    ...(plan ? [[plan.file]] : []),
    ...(cluster.perJob ? [[jar.local ?? null, perJobParts(cluster.perJob)]] : []),
  ];
}

/** How long it stays afterwards, and what of it, says nothing about the job. Mind that a field more with a default is another hash. */
function perJobParts({ keepClusterFor: _, storage: { keep: __, ...storage }, ...parts }: PerJob): string {
  return canonical({ ...parts, storage });
}

/** Whether it may be missing says nothing about the job. */
function sourceParts({ option, valueFrom = {}, secretRef, configMapRef }: ConfigurationSource): unknown {
  const { secretKeyRef, configMapKeyRef } = valueFrom;
  return [
    option ?? null,
    secretKeyRef ? [secretKeyRef.name, secretKeyRef.key] : null,
    configMapKeyRef ? [configMapKeyRef.name, configMapKeyRef.key] : null,
    secretRef?.name ?? null,
    configMapRef?.name ?? null,
  ];
}

/** Hash of what the job is. */
export function runHash(spec: FlinkJobSpec): string {
  return half(JSON.stringify(runParts(spec)));
}

/**
 * The trigger ID that the spec asks for beside the newest recorded trigger; undefined when that one is what it asks for.
 * A user's own ID names the run request; the same ID with another job is a new request, `<id>.g<generation>`. Taking
 * one's own ID away asks for nothing.
 */
export function wantedTriggerId(
  spec: FlinkJobSpec,
  generation: number,
  newest: Pick<TriggerStatus, "id" | "runHash"> | undefined,
): string | undefined {
  const own = spec.trigger?.id;
  // A plan is run once.
  if (newest && spec.plan) return undefined;
  if (!newest) return own ?? `g${generation}`;
  const ownChanged = own !== undefined && newest.id !== own && !isDerivedFrom(newest.id, own);
  if (ownChanged) return own;
  if (newest.runHash === runHash(spec)) return undefined;
  const id = own === undefined ? `g${generation}` : `${own}.g${generation}`;
  // The same generation never asks twice, not even where an operator of another version hashes in another way.
  return id === newest.id ? undefined : id;
}

function isDerivedFrom(id: string, own: string): boolean {
  const asked = id.replace(/(\.rollback)+$/u, "");
  return asked === own || (asked.startsWith(`${own}.g`) && /^[0-9]+$/.test(asked.slice(own.length + 2)));
}
