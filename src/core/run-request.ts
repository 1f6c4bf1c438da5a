import type { ConfigurationValue, FlinkJobSpec } from "../api/flinkjob.ts";
import type { JobManagerView } from "./observed.ts";

/** Body of POST /jars/:id/run and /run-application, in Flink's own names. */
export interface RunRequest {
  jobId: string;
  /** Only for /run-application. */
  applicationId?: string;
  entryClass?: string;
  programArgsList?: string[];
  parallelism: number;
  savepointPath?: string;
  allowNonRestoredState?: boolean;
  /** Of /run-application. */
  claimMode?: string;
  /** Of /run: the older name, which all releases understand. Those before 1.20 refuse a body with a field that they do not know. */
  restoreMode?: string;
  flinkConfiguration?: Record<string, string>;
}

/**
 * What of a FlinkJob is in its run request.
 * @internal
 */
export type RunWishes = Pick<
  FlinkJobSpec,
  | "entryClass"
  | "args"
  | "parallelism"
  | "savepointPath"
  | "allowNonRestoredState"
  | "claimMode"
  | "flinkConfiguration"
>;

/**
 * The run request of a spec. Explicit fields win over the map, the map over the cluster. The parallelism is always sent:
 * Flink's endpoint ignores the cluster's parallelism.default and would take 1.
 * @internal
 */
export function runRequest(
  spec: RunWishes,
  jobId: string,
  jobManager: Pick<JobManagerView, "parallelismDefault" | "supportsRunApplication">,
): RunRequest {
  const configuration = rendered(spec.flinkConfiguration ?? {});
  const fromMap = positiveInteger(configuration["parallelism.default"]);
  const request: RunRequest = {
    jobId,
    parallelism: spec.parallelism ?? fromMap ?? jobManager.parallelismDefault ?? 1,
  };
  if (jobManager.supportsRunApplication) request.applicationId = jobId;
  if (spec.entryClass !== undefined) request.entryClass = spec.entryClass;
  if (spec.args !== undefined && spec.args.length > 0) request.programArgsList = spec.args;
  if (spec.savepointPath !== undefined) request.savepointPath = spec.savepointPath;
  if (spec.allowNonRestoredState !== undefined) request.allowNonRestoredState = spec.allowNonRestoredState;
  if (spec.claimMode !== undefined)
    request[jobManager.supportsRunApplication ? "claimMode" : "restoreMode"] = spec.claimMode;
  if (Object.keys(configuration).length > 0) request.flinkConfiguration = configuration;
  return request;
}

function rendered(map: Record<string, ConfigurationValue>): Record<string, string> {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, renderedValue(value)]));
}

function renderedValue(value: ConfigurationValue): string {
  return typeof value === "object" ? "" : String(value);
}

function positiveInteger(text: string | undefined): number | undefined {
  const value = Number(text);
  return text !== undefined && Number.isInteger(value) && value > 0 ? value : undefined;
}
