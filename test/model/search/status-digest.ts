import type { FlinkJobStatus, TriggerStatus } from "../../../src/api/status.ts";
import { EPOCH } from "../kube/api-server.ts";
import { Digest } from "./digest.ts";

/** What a status means, without the words for people and with its times apart. */
export interface StatusDigest {
  readonly fixed: number;
  /** Of the newest request; how old they are is what counts. */
  readonly times: readonly number[];
  readonly acceptedAt: number;
  readonly tries: number;
}
const statuses = new WeakMap<FlinkJobStatus, StatusDigest>();

export function ofStatus(status: FlinkJobStatus): StatusDigest {
  const known = statuses.get(status);
  if (known) return known;
  const digest = new Digest();
  const { trigger } = status;
  const times: number[] = [];
  let accepted = 0;
  let tries = 0;
  digest.number(status.observedGeneration);
  if (trigger) {
    digest.word(trigger.state);
    digest.word(trigger.reason);
    digest.word(trigger.jobId);
    digest.word(trigger.runHash);
    digest.word(trigger.unsettledHash);
    digest.number(trigger.sends * 64 + trigger.tries);
    digest.word(trigger.sentTo?.incarnation);
    digest.number(trigger.sentTo?.earlierProcess ? 1 : 0);
    digest.word(trigger.protection);
    digest.word(trigger.failure?.reason);
    digest.word(trigger.applicationId);
    digest.word(trigger.savepointPath);
    if (trigger.parallelism !== undefined || trigger.scaling) ofScaling(digest, trigger);
    digest.number(
      (trigger.restarts ?? 0) + 64 * (trigger.stop?.failures ?? 0) + 4096 * (trigger.stop?.generation ?? 0),
    );
    const { cluster } = trigger;
    if (cluster) {
      digest.word(cluster.name);
      digest.word(cluster.uid);
      digest.number(cluster.releasedAt === undefined ? 0 : 1);
      digest.word(trigger.sentTo?.url);
    }
    digest.word(trigger.stop?.mode);
    digest.word(trigger.stop?.why);
    digest.word(trigger.stop?.operationId);
    digest.word(trigger.stop?.path);
    digest.word(trigger.stop?.earlierPath);
    for (const time of [
      trigger.triedAt,
      trigger.sentAt,
      trigger.stop?.failedAt,
      trigger.stableBy,
      readySince(status),
      trigger.finishedAt,
    ])
      times.push(time === undefined ? -1 : Date.parse(time) - EPOCH);
    tries = trigger.tries;
    digest.number((trigger.acceptedAt ? 1 : 0) + (trigger.finishedAt ? 2 : 0));
    accepted = trigger.acceptedAt ? Date.parse(trigger.acceptedAt) : 0;
  }
  digest.word(status.job?.state);
  digest.number(status.job?.restarts ?? -1);
  digest.word(status.restorePoint?.path);
  digest.word(status.restorePoint?.jobId);
  digest.word(status.restorePoint?.kind);
  digest.word(status.stable?.runHash);
  digest.word(status.rolledBack?.runHash);
  digest.number(status.result?.accumulators === undefined ? 0 : 1);
  for (const { jobId } of status.strangers ?? []) digest.word(jobId);
  digest.number(-5);
  for (const { jobId } of status.history ?? []) digest.word(jobId);
  for (const { status: value } of status.conditions ?? []) digest.word(value);
  const made = { fixed: digest.value, times, acceptedAt: accepted, tries };
  statuses.set(status, made);
  return made;
}

function ofScaling(digest: Digest, { parallelism, generation, scaling }: TriggerStatus): void {
  digest.number((parallelism ?? 0) + 256 * generation);
  if (!scaling) return;
  digest.number(scaling.parallelism + 256 * scaling.generation + 65_536 * scaling.tasks);
  digest.word(scaling.runHash);
  digest.word(scaling.takenBy);
  digest.number((scaling.reachedAt ? 1 : 0) + (scaling.refusal ? 2 : 0) + 4 * (scaling.fixed?.length ?? 0));
}

function readySince({ conditions }: FlinkJobStatus): string | undefined {
  const ready = conditions?.find(({ type }) => type === "Ready");
  return ready?.status === "True" ? ready.lastTransitionTime : undefined;
}
