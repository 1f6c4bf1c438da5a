/** The parts of Kubernetes' object metadata that the operator reads or writes. */
export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  /** Grows with each change of the spec; changes of metadata and status leave it. */
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  finalizers?: string[];
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
}

/** The garbage collector deletes the object once every owner is gone. */
export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
}

export type ConditionStatus = "True" | "False" | "Unknown";

/** One entry of `status.conditions`, a list-map keyed by `type` (Kubernetes API conventions). */
export interface Condition {
  type: string;
  status: ConditionStatus;
  observedGeneration?: number | undefined;
  /** RFC 3339; moves only when `status` changes. */
  lastTransitionTime: string;
  /** Stable API: CamelCase, one word a program may match. */
  reason: string;
  /** For people; may change between versions. */
  message: string;
}
