import type { ConfigurationStatus } from "../../api/configuration-status.ts";
import type { FlinkCluster } from "../../api/objects.ts";
import type { Reason } from "../../api/reasons.ts";
import { clusterConfiguration } from "../cluster/configuration.ts";
import { designOf } from "../cluster/design.ts";
import { desiredCluster } from "../cluster/desired.ts";
import { eventOf, refusalOf, statusOf } from "../configuration/report.ts";
import type { Context } from "../context.ts";
import type { StepEvent } from "../step.ts";

/** What is to be told of a cluster before it is made. */
export interface Examined {
  /** Why it is not made. */
  refusal?: { reason: Reason; message: string } | undefined;
  /** What became of flinkConfiguration, where the job's options are the cluster's; else absent. */
  configuration?: ConfigurationStatus | null | undefined;
  events: StepEvent[];
}

/** Whether there is one, the FlinkCluster itself says. */
const SOME_FETCHER = { image: "", args: [] };

/** Looks at a FlinkCluster that is to be made: what could be said of it by its own status is said at once, and nothing is deployed in vain. */
export function examined(
  { spec, job, findOptions }: Context,
  { metadata, spec: { managed } }: FlinkCluster,
): Examined {
  if (!managed) return { events: [] };
  const design = designOf(metadata.namespace ?? "", metadata.name, managed, {
    findOptions,
    jarFetcher: SOME_FETCHER,
  });
  const { refusal } = desiredCluster(design);
  if (refusal)
    return { refusal: { reason: refusal.reason, message: inJobsWords(refusal.message) }, events: [] };
  if (!managed.application) return { events: [] };
  const { report } = clusterConfiguration(design);
  for (const entry of report.overridden) entry.by = inJobsWords(entry.by);
  const event = eventOf(report, job.status?.configuration);
  return {
    configuration: statusOf(report),
    refusal: refusalOf(report, spec.configurationPolicy),
    events: event ? [event] : [],
  };
}

/** A FlinkJob has the fields elsewhere, and no pods yet. */
function inJobsWords(text: string): string {
  return text
    .replaceAll("spec.managed.application.", "spec.")
    .replaceAll("spec.managed.", "spec.cluster.perJob.")
    .replace(/ The pods stay as they are\.$/u, "");
}
