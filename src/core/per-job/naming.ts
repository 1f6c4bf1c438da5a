import { hash } from "node:crypto";
import type { ObjectMeta } from "../../api/meta.ts";
import { restUrl } from "../cluster/names.ts";

/** With the digits and a hyphen, a name that is its own cluster-id (`namesOf`). Characters. */
const LONGEST_JOB_NAME = 34;
const HASH_DIGITS = 10;
/** With the digits, a FlinkJob's name that is a label value. Characters. */
const LONGEST_TEMPLATE_NAME = 43;
const SHOWN_DIGITS = 8;
/** Of the name in it: 253 characters altogether. */
const LONGEST_DIRECTORY = 200;

/**
 * The name of the FlinkCluster of one attempt: the same for the same FlinkJob and JobID, whoever makes it, so that made
 * twice it is one. Two FlinkJobs of one name (the one deleted, the other made anew) have different JobIDs.
 */
export function perJobClusterName(job: string, jobId: string): string {
  const plain = job.replace(/[^a-z0-9-]/gu, "-").replace(/^(?![a-z])/u, "f-");
  const digits = hash("sha256", jobId, "hex").slice(0, HASH_DIGITS);
  return `${plain.slice(0, LONGEST_JOB_NAME).replace(/-+$/u, "")}-${digits}`;
}

/**
 * The name of the FlinkJob of a plan that was sent to the template: the same for every try of its client. It shows the
 * JobID's first digits; those alone may be alike, for clients choose JobIDs.
 */
export function planJobName(template: string, jobId: string): string {
  const digits = hash("sha256", jobId, "hex").slice(0, HASH_DIGITS);
  const plain = template.slice(0, LONGEST_TEMPLATE_NAME).replace(/[^a-z0-9]+$/u, "");
  return `${plain}-${jobId.slice(0, SHOWN_DIGITS)}-${digits}`;
}

/**
 * What the clusters of one FlinkJob share of a storage, below its namespace: no FlinkJob has the same again, and no cluster of
 * another kind has a dot in it.
 */
export function perJobDirectory({ name, uid = "" }: Pick<ObjectMeta, "name" | "uid">): string {
  return `${name.slice(0, LONGEST_DIRECTORY)}.${uid}`;
}

/** Where it answers. */
export function perJobUrl(namespace: string | undefined, name: string): string {
  return restUrl(namespace ?? "", name);
}
