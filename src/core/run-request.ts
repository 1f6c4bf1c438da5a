import type { FlinkJobSpec } from "../api/flinkjob.ts";
import type { OptionsOfVersion } from "./configuration/catalogue.ts";
import type { SourcedOption } from "./configuration/layers.ts";
import { type ConfigurationReport, mergeConfiguration } from "./configuration/merge.ts";
import type { SentConfiguration } from "./configuration/user-code.ts";
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
 * The run request of a spec, and what became of its flinkConfiguration. Explicit fields win over the map, the map
 * over `sourced` (what flinkConfigurationFrom brings), that over the cluster. The parallelism is always sent: Flink's endpoint ignores the cluster's parallelism.default and would take 1.
 * @internal
 */
export function preparedRun(
  spec: RunWishes,
  jobId: string,
  jobManager: Pick<JobManagerView, "parallelismDefault" | "supportsRunApplication">,
  options?: OptionsOfVersion,
  sourced?: readonly SourcedOption[],
): { request: RunRequest; report: ConfigurationReport; sent: SentConfiguration } {
  const { entryClass, args, parallelism, savepointPath, allowNonRestoredState, claimMode } = spec;
  const own = { entryClass, args, parallelism, savepointPath, allowNonRestoredState, claimMode };
  const { fields, configuration, report } = mergeConfiguration(
    own,
    spec.flinkConfiguration ?? {},
    options,
    sourced,
  );
  const request: RunRequest = {
    jobId,
    parallelism: fields.parallelism ?? jobManager.parallelismDefault ?? 1,
  };
  if (jobManager.supportsRunApplication) request.applicationId = jobId;
  if (fields.entryClass !== undefined) request.entryClass = fields.entryClass;
  if (fields.args !== undefined && fields.args.length > 0) request.programArgsList = fields.args;
  if (fields.savepointPath !== undefined) request.savepointPath = fields.savepointPath;
  if (fields.allowNonRestoredState !== undefined)
    request.allowNonRestoredState = fields.allowNonRestoredState;
  if (fields.claimMode !== undefined)
    request[jobManager.supportsRunApplication ? "claimMode" : "restoreMode"] = fields.claimMode;
  if (Object.keys(configuration).length > 0) request.flinkConfiguration = configuration;
  return { request, report, sent: { parallelism: fields.parallelism, configuration } };
}
