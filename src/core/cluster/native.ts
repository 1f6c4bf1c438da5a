import type { ClusterDesign } from "./design.ts";
import { resourcesOf } from "./memory.ts";
import { labelsOf } from "./objects.ts";
import type { Owner } from "./own-options.ts";
import { amountOf } from "./quantity.ts";

/** By which a JobManager labels the pods that it makes. */
export const POD_LABELS = "kubernetes.taskmanager.labels";

/** Options by which a JobManager makes pods, and what sets them. */
const OWNERS: Readonly<Record<string, Owner>> = {
  "kubernetes.container.image.ref": "spec.managed.image",
  "kubernetes.container.image": "spec.managed.image",
  "kubernetes.container.image.pull-policy": "spec.managed.imagePullPolicy",
  "kubernetes.container.image.pull-secrets": "spec.managed.imagePullSecrets",
  "kubernetes.service-account": "spec.managed.serviceAccountName",
  "kubernetes.taskmanager.service-account": "spec.managed.serviceAccountName",
  "kubernetes.taskmanager.cpu": "spec.managed.taskManager.resources",
  "kubernetes.taskmanager.cpu.amount": "spec.managed.taskManager.resources",
  "kubernetes.taskmanager.cpu.limit-factor": "spec.managed.taskManager.resources",
  "kubernetes.taskmanager.memory.limit-factor": "spec.managed.taskManager.resources",
  [POD_LABELS]: "spec.managed.taskManager.podTemplate",
  "kubernetes.pod-template-file": "spec.managed.taskManager.podTemplate",
  "kubernetes.pod-template-file.default": "spec.managed.taskManager.podTemplate",
  "kubernetes.pod-template-file.taskmanager": "spec.managed.taskManager.podTemplate",
  "kubernetes.entry.path": "operator",
  "kubernetes.flink.conf.dir": "operator",
  "kubernetes.hostnetwork.enabled": "operator",
};

/** Whether the JobManager makes the TaskManagers' pods by itself, as many as its jobs need. */
export function isNative({ spec }: ClusterDesign): boolean {
  return spec.mode === "native";
}

/** Who sets an option that only such a JobManager has. */
export function nativeOwner(key: string, design: ClusterDesign): Owner | undefined {
  return isNative(design) && Object.hasOwn(OWNERS, key) ? OWNERS[key] : undefined;
}

/** What such a JobManager makes the pods by. */
export function nativeOptions(design: ClusterDesign): Record<string, string> {
  if (!isNative(design)) return {};
  const { names, spec } = design;
  const { imagePullPolicy: policy, imagePullSecrets: secrets } = spec;
  const { requests = {}, limits = {} } = resourcesOf(spec.taskManager.resources, "taskmanager");
  const cpu = amountOf(requests.cpu ?? limits.cpu) || spec.taskManager.slots;
  // Flink sets a limit in any case: without one of the user's, a core for each slot.
  const most = amountOf(limits.cpu) ?? spec.taskManager.slots;
  const labels = Object.entries(labelsOf(names.clusterId, "taskmanager"));
  return {
    "kubernetes.container.image.ref": spec.image,
    ...(policy ? { "kubernetes.container.image.pull-policy": policy } : {}),
    ...(secrets
      ? { "kubernetes.container.image.pull-secrets": secrets.map(({ name }) => name).join(";") }
      : {}),
    "kubernetes.taskmanager.service-account": spec.serviceAccountName ?? names.taskManager,
    "kubernetes.taskmanager.cpu.amount": String(cpu),
    "kubernetes.taskmanager.cpu.limit-factor": String(Math.max(1, most / cpu)),
    [POD_LABELS]: labels.map(([name, value]) => `${name}:${value}`).join(","),
  };
}
