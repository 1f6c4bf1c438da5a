import type { TriggerStatus } from "../../api/status.ts";
import { waitAfterTries } from "../backoff.ts";
import { at, type Context, iso } from "../context.ts";
import { runHash } from "../identity.ts";
import type { ClusterObservation, ReachableCluster } from "../observed.ts";
import { runRequest } from "../run-request.ts";
import type { Verdict } from "../step.ts";
import { failed, pending } from "../triggers.ts";

/**
 * Sends the trigger's run request, or says what it waits for. The only place that decides on a send: the status written
 * with the verdict names the JobID and the JobManager process before anything leaves (write ahead).
 */
export function send(ctx: Context, trigger: TriggerStatus): Verdict {
  const { cluster, spec, now } = ctx;
  if (cluster.kind !== "reachable") return waitForCluster(trigger, cluster);
  const refusal = refusedBy(cluster, ctx);
  if (refusal) return { rule: "cannotBeSent", trigger: failed(ctx, trigger, refusal) };
  if (trigger.tries >= spec.submission.maxAttempts)
    return { rule: "attemptsExhausted", trigger: exhausted(ctx, trigger) };
  const triedAt = at(trigger.triedAt);
  const wait = triedAt === undefined ? 0 : triedAt + waitAfterTries(trigger.tries) - now;
  // The cause of the wait stays on show: it was written with the answer.
  if (wait > 0) return { rule: "backingOff", requeueAfterMs: wait };

  const { url, jobManager } = cluster;
  const { incarnation, flinkVersion, protection, supportsRunApplication } = jobManager;
  const sent: TriggerStatus = {
    ...pending(trigger, "Submitting", `Sending the run request to ${url}.`),
    ...requestedContent(ctx, trigger),
    sends: trigger.sends + 1,
    tries: trigger.tries + 1,
    triedAt: iso(now),
    sentAt: iso(now),
    sentTo: { url, incarnation, flinkVersion },
    protection,
  };
  return {
    rule: trigger.sends === 0 ? "send" : "sendAgain",
    trigger: sent,
    effect: {
      kind: "submit",
      jobId: trigger.jobId,
      url,
      incarnation,
      application: supportsRunApplication,
      jar: spec.jar,
      request: runRequest(spec, trigger.jobId, jobManager),
    },
    watchClosely: true,
  };
}

/**
 * The request is always made from the spec as it is now. Where it differs from an earlier one under the same JobID whose
 * outcome nobody knows, either may be the one that Flink accepted: that is remembered until it is known.
 */
function requestedContent(ctx: Context, trigger: TriggerStatus): Partial<TriggerStatus> {
  const hash = runHash(ctx.spec);
  if (hash === trigger.runHash) return {};
  const unsettled = trigger.sends > 0 ? (trigger.unsettledHash ?? trigger.runHash) : undefined;
  return {
    runHash: hash,
    generation: ctx.generation,
    ...(unsettled === undefined ? {} : { unsettledHash: unsettled }),
  };
}

function refusedBy({ jobManager }: ReachableCluster, { spec }: Context) {
  if (!jobManager.submitEnabled) {
    return {
      reason: "SubmissionDisabled" as const,
      message: "The cluster accepts no JARs: it runs with web.submit.enable: false.",
    };
  }
  if (!jobManager.supportsFlinkConfiguration && Object.keys(spec.flinkConfiguration ?? {}).length > 0) {
    return {
      reason: "ConfigurationNotSupported" as const,
      message: `Flink ${jobManager.flinkVersion} silently drops flinkConfiguration; it needs 1.17. Take the map away or upgrade the cluster.`,
    };
  }
  return undefined;
}

function exhausted(ctx: Context, trigger: TriggerStatus): TriggerStatus {
  const last = trigger.message ? ` Last: ${trigger.message}` : "";
  const message = `${trigger.tries} run requests had no outcome.${last} Mend the cause and choose a new spec.trigger.id.`;
  return failed(ctx, trigger, { reason: "AttemptsExhausted", message });
}

/** The reason and message of a cluster that cannot be asked. */
export function waitForCluster(trigger: TriggerStatus, cluster: ClusterObservation): Verdict {
  switch (cluster.kind) {
    case "notFound":
      return {
        rule: "clusterNotFound",
        trigger: pending(
          trigger,
          "ClusterNotFound",
          `There is no FlinkCluster "${cluster.name}" in this namespace.`,
        ),
      };
    case "notAllowed":
      return { rule: "notAllowed", trigger: pending(trigger, "DestinationNotAllowed", cluster.message) };
    case "unreachable":
      return { rule: "clusterUnreachable", trigger: pending(trigger, "ClusterUnreachable", cluster.message) };
    default:
      return { rule: "connecting" };
  }
}
