import type { FlinkJobSpecInput } from "../../api/flinkjob.ts";
import { API_VERSION, GROUP } from "../../api/group.ts";
import type { FlinkJob } from "../../api/objects.ts";
import type { ClusterRef } from "../ports.ts";
import { flinkJobName } from "./naming.ts";
import type { RunWish } from "./submission-request.ts";

/** `app.kubernetes.io/managed-by` of the FlinkJobs that are submissions: the gateway sees no others. */
export const MANAGED_BY = "flinkjob-gateway";
export const SELECTOR = `app.kubernetes.io/managed-by=${MANAGED_BY}`;
const CLUSTER_LABEL = `${GROUP}/cluster`;
const JAR_ANNOTATION = `${GROUP}/jar-sha256`;
export const USER_ANNOTATION = `${GROUP}/submitted-by`;
const LONGEST_LABEL = 63;

/** The JAR of a submission. */
export type SubmissionJar =
  /** The user's own, uploaded before. */
  | { readonly id: string }
  /** It came with the request, and lives as long as the submission. */
  | { readonly id: string; readonly sha256: string };

/** One submission, whole. */
export interface SubmissionWish {
  readonly cluster: ClusterRef;
  readonly triggerId: string;
  readonly run: RunWish;
  readonly jar: SubmissionJar;
  readonly user: string;
}

/** The FlinkJob that is this submission; the API server fills in the defaults. */
export function submissionJob({ cluster, triggerId, run, jar, user }: SubmissionWish): FlinkJob {
  const { args, ...fields } = run;
  const spec: FlinkJobSpecInput = {
    cluster: { name: cluster.name },
    jar: "sha256" in jar ? { id: jar.id, reclaimPolicy: "Delete" } : { id: jar.id },
    ...fields,
    ...(args.length > 0 ? { args: [...args] } : {}),
    trigger: { id: triggerId },
    restartPolicy: "Never",
  };
  const metadata = {
    name: flinkJobName(cluster.name, triggerId),
    namespace: cluster.namespace,
    labels: {
      "app.kubernetes.io/managed-by": MANAGED_BY,
      ...(cluster.name.length <= LONGEST_LABEL ? { [CLUSTER_LABEL]: cluster.name } : {}),
    },
    annotations: {
      ...(user === "" ? {} : { [USER_ANNOTATION]: user }),
      ...("sha256" in jar ? { [JAR_ANNOTATION]: jar.sha256 } : {}),
    },
  };
  return { apiVersion: API_VERSION, kind: "FlinkJob", metadata, spec: spec as FlinkJob["spec"] };
}

/** SHA-256 of the JAR that came with the request; undefined where it names one by its JarId. */
export function jarSumOf(job: FlinkJob): string | undefined {
  return job.metadata.annotations?.[JAR_ANNOTATION];
}

/** Whether this FlinkJob is the submission of that trigger ID to that FlinkCluster. */
export function isSubmissionOf(job: FlinkJob, cluster: ClusterRef, triggerId: string): boolean {
  const { metadata, spec } = job;
  return (
    metadata.labels?.["app.kubernetes.io/managed-by"] === MANAGED_BY &&
    metadata.namespace === cluster.namespace &&
    spec.cluster.name === cluster.name &&
    spec.trigger?.id === triggerId
  );
}

const compared = [
  "entryClass",
  "args",
  "parallelism",
  "savepointPath",
  "allowNonRestoredState",
  "claimMode",
  "flinkConfiguration",
] as const;

/** In the words of the request, the fields in which it differs from what was submitted before: none for the same request. */
export function differences(
  submitted: FlinkJob,
  run: RunWish,
  jar: { id: string } | { sha256: string | undefined },
): string[] {
  const fields = compared.filter((field) => canonical(submitted.spec[field]) !== canonical(run[field]));
  const names: string[] = fields.map((field) => (field === "args" ? "programArgsList" : field));
  const sum = jarSumOf(submitted);
  if ("id" in jar) {
    if (sum !== undefined || submitted.spec.jar?.id !== jar.id) names.unshift("jarId");
  } else if (sum === undefined || (jar.sha256 !== undefined && jar.sha256 !== sum)) {
    names.unshift("jarfile");
  }
  return names;
}

/** Absent, false, empty list and empty map ask for the same; numbers and booleans are texts to Flink. */
function canonical(value: unknown): string {
  if (value === undefined || value === false) return "";
  if (Array.isArray(value)) return value.length === 0 ? "" : JSON.stringify(value);
  if (typeof value !== "object" || value === null) return String(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  if (entries.length === 0) return "";
  return JSON.stringify(
    entries.map(([key, entry]) => [key, typeof entry === "object" ? JSON.stringify(entry) : String(entry)]),
  );
}
