import { hash } from "node:crypto";
import { API_VERSION, JOB_LABEL } from "../../api/group.ts";
import type { OwnerReference } from "../../api/meta.ts";
import type { FlinkJob } from "../../api/objects.ts";

const LONGEST_LABEL = 63;
/** Leaves room for what makes the name unique. */
const LONGEST_JOB_NAME = 200;

/** The name of a FlinkSavepoint that the operator makes: the same for the same Flink job and `what`, whoever makes it. */
export function savepointName(job: string, jobId: string, what: string): string {
  return `${job.slice(0, LONGEST_JOB_NAME).replace(/[^a-z0-9]+$/u, "")}-${short(jobId)}-${what}`;
}

/** Selects the FlinkSavepoints that the operator made for a FlinkJob. A name that is no label value is shortened. */
export function jobLabels({ metadata: { name } }: FlinkJob): Record<string, string> {
  const fits = name.length <= LONGEST_LABEL;
  return { [JOB_LABEL]: fits ? name : `${name.slice(0, LONGEST_LABEL - 9)}-${short(name)}` };
}

/** With it, a FlinkSavepoint goes with its FlinkJob; deleting that one does not wait for it. */
export function ownerReference({ metadata: { name, uid = "" } }: FlinkJob): OwnerReference {
  return { apiVersion: API_VERSION, kind: "FlinkJob", name, uid, controller: true };
}

function short(text: string): string {
  return hash("sha256", text, "hex").slice(0, 8);
}
