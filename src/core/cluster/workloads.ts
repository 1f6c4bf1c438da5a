import { GROUP } from "../../api/group.ts";
import { jobManagerArgs } from "./application.ts";
import type { ClusterDesign } from "./design.ts";
import { REST_PORT } from "./names.ts";
import { type ClusterObject, contentHash, labelsOf, type Role, selectorOf } from "./objects.ts";
import { BLOB_PORT, RPC_PORT, TASK_MANAGER_PORT } from "./own-options.ts";
import { type PodParts, podTemplateOf } from "./pod-template.ts";

/** Of a Deployment's pod template alone: whether applying it replaces pods. */
export const TEMPLATE_ANNOTATION = `${GROUP}/pod-template-hash`;

/** Every REST handler says 503 until a leader is known, so being ready is being able to lead somebody there. */
const JOB_MANAGER: Omit<PodParts, "args"> = {
  role: "jobmanager",
  ports: [
    { name: "rest", containerPort: REST_PORT },
    { name: "rpc", containerPort: RPC_PORT },
    { name: "blob", containerPort: BLOB_PORT },
  ],
  probes: {
    readinessProbe: { httpGet: { path: "/config", port: "rest" }, periodSeconds: 1, timeoutSeconds: 2 },
    livenessProbe: {
      tcpSocket: { port: "rpc" },
      initialDelaySeconds: 60,
      periodSeconds: 30,
      failureThreshold: 4,
    },
  },
};

const TASK_MANAGER: PodParts = {
  role: "taskmanager",
  args: ["taskmanager", "-D", "taskmanager.host=$(POD_IP)"],
  ports: [{ name: "rpc", containerPort: TASK_MANAGER_PORT }],
  probes: {
    readinessProbe: { tcpSocket: { port: "rpc" }, periodSeconds: 1 },
    livenessProbe: {
      tcpSocket: { port: "rpc" },
      initialDelaySeconds: 60,
      periodSeconds: 30,
      failureThreshold: 4,
    },
  },
};

/** `template`: of the pods that it makes itself, in mode native; then Flink wants the Deployment to be called like the cluster. */
export function jobManagerDeployment(
  design: ClusterDesign,
  configMap: string,
  template?: string,
): ClusterObject {
  const { replicas } = design.spec.jobManager;
  // A single one is not joined by its successor; of several, one at a time goes, and a standby takes over.
  const strategy =
    replicas === 1
      ? { type: "Recreate" }
      : { type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } };
  const parts = { ...JOB_MANAGER, args: jobManagerArgs(design), template };
  const { clusterId, jobManager } = design.names;
  const name = template === undefined ? jobManager : clusterId;
  return deployment(design, name, replicas, strategy, parts, configMap);
}

/** All at once: each TaskManager that goes restarts the jobs on it, so one by one would restart them again and again. */
export function taskManagerDeployment(design: ClusterDesign, configMap: string): ClusterObject {
  const strategy = { type: "Recreate" };
  const { replicas } = design.spec.taskManager;
  return deployment(design, design.names.taskManager, replicas, strategy, TASK_MANAGER, configMap);
}

function deployment(
  design: ClusterDesign,
  name: string,
  replicas: number,
  strategy: object,
  parts: PodParts,
  configMap: string,
): ClusterObject {
  const { namespace, names } = design;
  const template = podTemplateOf(design, parts, configMap);
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {
      name,
      namespace,
      labels: labelsOf(names.clusterId, parts.role),
      annotations: { [TEMPLATE_ANNOTATION]: contentHash(template) },
    },
    spec: {
      replicas,
      revisionHistoryLimit: 2,
      selector: { matchLabels: selectorOf(names.clusterId, parts.role) },
      strategy,
      template,
    },
  };
}

/** With several of them, evictions (a node that is drained) take one at a time. */
export function disruptionBudgets({ namespace, names, spec }: ClusterDesign): ClusterObject[] {
  const budget = (role: Role, name: string): ClusterObject => ({
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name, namespace, labels: labelsOf(names.clusterId, role) },
    spec: { maxUnavailable: 1, selector: { matchLabels: selectorOf(names.clusterId, role) } },
  });
  return [
    ...(spec.jobManager.replicas > 1 ? [budget("jobmanager", names.jobManager)] : []),
    ...(spec.taskManager.replicas > 1 ? [budget("taskmanager", names.taskManager)] : []),
  ];
}
