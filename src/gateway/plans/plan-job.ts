import { formatDuration } from "../../api/duration.ts";
import type { FlinkJobSpecInput } from "../../api/flinkjob.ts";
import { API_VERSION, TEMPLATE_LABEL } from "../../api/group.ts";
import type { FlinkCluster, FlinkJob } from "../../api/objects.ts";
import { planJobName } from "../../core/per-job/naming.ts";
import { GatewayError } from "../gateway-error.ts";
import { MANAGED_BY, USER_ANNOTATION } from "../run-async/submission-job.ts";
import type { PlanFacts, PlanFormat } from "./plan-form.ts";

/** What becomes of every plan of this gateway. */
export interface PlanRules {
  /** How long a plan waits for its cluster, in milliseconds. */
  readonly timeoutMs: number;
  /** How long its FlinkJob stays after the job's end, in milliseconds. */
  readonly retentionMs: number;
}

/** One plan, whole. */
export interface PlanWish {
  /** Has `spec.managed` and `spec.perJob`. */
  readonly template: FlinkCluster;
  readonly plan: Pick<PlanFacts, "file" | "jobId">;
  readonly user: string;
}

/** The FlinkJob of a plan; the API server fills in the defaults. */
export function planJob({ template, plan, user }: PlanWish, rules: PlanRules): FlinkJob {
  const { metadata, spec: of } = template;
  const { managed, perJob } = of;
  if (managed === undefined) throw new TypeError(`${metadata.name} is no template`);
  const { application: _, ingress: __, ...cluster } = managed;
  const spec: FlinkJobSpecInput = {
    cluster: { perJob: { ...cluster, mode: "session", ...perJob } },
    plan: { file: plan.file },
    trigger: { jobId: plan.jobId },
    submission: { timeout: formatDuration(rules.timeoutMs) },
    ttlSecondsAfterFinished: Math.ceil(rules.retentionMs / 1_000),
  };
  return {
    apiVersion: API_VERSION,
    kind: "FlinkJob",
    metadata: {
      name: planJobName(metadata.name, plan.jobId),
      namespace: metadata.namespace ?? "",
      labels: { "app.kubernetes.io/managed-by": MANAGED_BY, [TEMPLATE_LABEL]: metadata.name },
      annotations: user === "" ? {} : { [USER_ANNOTATION]: user },
    },
    spec: spec as FlinkJob["spec"],
  };
}

/** Whether this FlinkJob is that of a plan of this JobID, sent to this template or, without one, to any. */
export function isPlanJobOf(job: FlinkJob, jobId: string, template: string | undefined): boolean {
  const { labels } = job.metadata;
  return (
    job.spec.plan !== undefined &&
    job.spec.trigger?.jobId === jobId &&
    labels?.["app.kubernetes.io/managed-by"] === MANAGED_BY &&
    (template === undefined || labels[TEMPLATE_LABEL] === template)
  );
}

/** Flink 1.x and 2.x each send plans that the other cannot read. Throws the GatewayError BadRequest. */
export function refuseOtherFormat({ metadata, spec }: FlinkCluster, format: PlanFormat): void {
  const { flinkVersion = "" } = spec.managed ?? {};
  const wanted = flinkVersion.startsWith("1.") ? "jobgraph" : "executionPlan";
  if (format === wanted) return;
  const sent = format === "jobgraph" ? "before 2.0" : "2.0 or later";
  const message = `The client is of Flink ${sent}, and ${metadata.name} makes clusters of Flink ${flinkVersion}: use a client of that version`;
  throw new GatewayError("BadRequest", message);
}
