import type { ConfigurationStatus } from "../../api/configuration-status.ts";
import type { PerJob } from "../../api/per-job.ts";
import type { Reason } from "../../api/reasons.ts";
import type { TriggerStatus } from "../../api/status.ts";
import type { SourcedOption } from "../configuration/layers.ts";
import type { OverriddenKey } from "../configuration/merge.ts";
import { byUserCode, eventOf, refusalOf, statusOf, withUserCode } from "../configuration/report.ts";
import type { SentConfiguration } from "../configuration/user-code.ts";
import type { Context } from "../context.ts";
import type { JobManagerView } from "../observed.ts";
import { examined } from "../per-job/design.ts";
import { perJobClusterOf } from "../per-job/made.ts";
import { preparedRun, type RunRequest } from "../run-request.ts";
import type { StepEvent } from "../step.ts";
import { sourcesOf } from "./configuration-sources.ts";

export interface ConfiguredRun {
  request: RunRequest;
  sent: SentConfiguration;
  /** For `status.configuration`. */
  configuration: ConfigurationStatus | null;
  /** Why it is not sent. */
  refusal?: { reason: Reason; message: string } | undefined;
  events: StepEvent[];
}

/** The run request for this trigger on this JobManager, with what is to be told of its configuration. */
export function configuredRun(
  { spec, job, findOptions }: Context,
  { jobId, savepointPath }: Pick<TriggerStatus, "jobId" | "savepointPath">,
  jobManager: JobManagerView,
  sourced: readonly SourcedOption[] = [],
): ConfiguredRun {
  const options = findOptions?.(jobManager.flinkVersion);
  const { request, report, sent } = preparedRun(
    { ...spec, savepointPath },
    jobId,
    jobManager,
    options,
    sourced,
  );
  // What an upgrade carries on from is not in the spec.
  for (const entry of spec.savepointPath === undefined ? report.overridden : []) {
    if (entry.by === "spec.savepointPath") entry.by = "status.trigger.savepointPath";
  }
  const before = job.status?.configuration;
  const event = eventOf(report, before);
  // What the code overrode last time stands until this run is seen, as far as it is sent once more.
  const isSent = ({ key }: OverriddenKey) =>
    Object.hasOwn(sent.configuration, key) ||
    (key === "parallelism.default" && sent.parallelism !== undefined);
  return {
    request,
    sent,
    configuration: withUserCode(statusOf(report), byUserCode(before).filter(isSent)),
    refusal: refusalOf(report, spec.configurationPolicy),
    events: event ? [event] : [],
  };
}

/** Of a cluster that is yet to be made: what its pods would be made from. */
function unfitCluster(ctx: Context, perJob: PerJob): ConfiguredRun["refusal"] {
  const { job, spec } = ctx;
  const attempt = { jobId: "0".repeat(32), runHash: "", savepointPath: spec.savepointPath };
  return examined(ctx, perJobClusterOf(job, spec, perJob, attempt, job.metadata.name)).refusal;
}

/** Why the run request that the spec asks for would not be sent: no job is stopped for such a one. */
export function unfitSpec(ctx: Context): ConfiguredRun["refusal"] {
  const { cluster, wantedUrl, spec } = ctx;
  const sources = sourcesOf(ctx);
  if (sources.kind === "refused") return sources;
  if (spec.cluster.perJob) return unfitCluster(ctx, spec.cluster.perJob);
  // Which Flink runs elsewhere is not known here.
  if (cluster.kind !== "reachable" || cluster.url !== wantedUrl) return undefined;
  const from = { jobId: "", savepointPath: spec.savepointPath };
  const sourced = sources.kind === "read" ? sources.options : [];
  return configuredRun(ctx, from, cluster.jobManager, sourced).refusal;
}
