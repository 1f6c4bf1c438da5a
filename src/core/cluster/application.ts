import type { Application } from "../../api/application.ts";
import { isAtLeast } from "../configuration/flink-version.ts";
import type { ClusterDesign } from "./design.ts";
import { FETCHED_JAR } from "./jar-fetcher.ts";
import { literal } from "./literal.ts";

/** Seconds. The end of its one job is all that such a cluster has to tell: an hour, as Flink has it, is soon over. */
const KEPT_RESULT = 30 * 24 * 3600;

/** What a JobManager's process is started with: of the official image's entry point, see its `standalone-job`. */
export function jobManagerArgs({ spec }: ClusterDesign): string[] {
  // The address is each process's own: its pod's.
  const address = ["-D", "jobmanager.rpc.address=$(POD_IP)"];
  const { application, mode } = spec;
  // A script of the image's. It takes the address from the environment, and makes TaskManagers' pods.
  if (mode === "native") return ["kubernetes-jobmanager.sh", "kubernetes-session"];
  if (!application) return ["jobmanager", ...address];
  const { jobId, jar, entryClass, savepointPath, allowNonRestoredState, args = [] } = application;
  const given = [
    // Also put on the TaskManagers' class path, by way of Flink's blob server: their pods need not have it.
    ...["--jars", `local://${jar.local ?? FETCHED_JAR}`],
    ...["--job-id", jobId],
    ...(entryClass === undefined ? [] : ["--job-classname", entryClass]),
    ...(savepointPath === undefined ? [] : ["--fromSavepoint", savepointPath]),
    ...(allowNonRestoredState ? ["--allowNonRestoredState"] : []),
    // Whatever they look like: behind this nothing is an option of Flink's.
    ...(args.length === 0 ? [] : ["--", ...args]),
  ];
  return ["standalone-job", ...address, ...given.map(literal)];
}

/** What the operator sets of Flink's options for a cluster of one job. */
export function applicationOptions({ spec }: ClusterDesign): Record<string, string> {
  const { application } = spec;
  if (!application) return {};
  return {
    // Its end is read from the JobManager, also that of a main() that failed.
    "execution.shutdown-on-application-finish": "false",
    "execution.submit-failed-job-on-application-error": "true",
    "web.submit.enable": "false",
    ...(application.parallelism === undefined
      ? {}
      : { "parallelism.default": String(application.parallelism) }),
  };
}

/** What the operator sets unless the user does. */
export function usualApplicationOptions({ spec }: ClusterDesign): Record<string, string> {
  if (!spec.application) return {};
  const { flinkVersion } = spec;
  return {
    "jobstore.expiration-time": String(KEPT_RESULT),
    ...(isAtLeast(flinkVersion, "2.3")
      ? { "completed-application-store.expiration-time": `${KEPT_RESULT} s` }
      : {}),
  };
}

/** Options that a field of the application is there for, or that it would not be one without. */
export function applicationOwner(key: string, application: Application | undefined) {
  if (!application) return undefined;
  const owner = Object.hasOwn(OWNERS, key) ? OWNERS[key] : undefined;
  return owner === "spec.managed.application.parallelism" && application.parallelism === undefined
    ? undefined
    : owner;
}

const OWNERS: Readonly<Record<string, "operator" | `spec.managed.application.${string}`>> = {
  "execution.shutdown-on-application-finish": "operator",
  "execution.submit-failed-job-on-application-error": "operator",
  "web.submit.enable": "operator",
  "parallelism.default": "spec.managed.application.parallelism",
  // Flink's entry point writes over all three, whether its arguments name them or not.
  "execution.state-recovery.path": "spec.managed.application.savepointPath",
  "execution.state-recovery.ignore-unclaimed-state": "spec.managed.application.allowNonRestoredState",
  "execution.state-recovery.claim-mode": "spec.managed.application.claimMode",
};
