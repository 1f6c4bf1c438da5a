import { hash } from "node:crypto";
import { restUrl } from "../cluster/names.ts";

/** With the digits and a hyphen, a name that is its own cluster-id (`namesOf`). Characters. */
const LONGEST_JOB_NAME = 34;
const HASH_DIGITS = 10;

/**
 * The name of the FlinkCluster of one attempt: the same for the same FlinkJob and JobID, whoever makes it, so that made
 * twice it is one. Two FlinkJobs of one name (the one deleted, the other made anew) have different JobIDs.
 */
export function perJobClusterName(job: string, jobId: string): string {
  const plain = job.replace(/[^a-z0-9-]/gu, "-").replace(/^(?![a-z])/u, "f-");
  const digits = hash("sha256", jobId, "hex").slice(0, HASH_DIGITS);
  return `${plain.slice(0, LONGEST_JOB_NAME).replace(/-+$/u, "")}-${digits}`;
}

/** Where it answers. */
export function perJobUrl(namespace: string | undefined, name: string): string {
  return restUrl(namespace ?? "", name);
}
