import type { ClusterDesign } from "./design.ts";
import { isNative } from "./native.ts";
import { type ClusterObject, labelsOf, type Role } from "./objects.ts";

const RBAC = "rbac.authorization.k8s.io";

/**
 * What high availability needs of the API server, measured: without `patch` a JobManager starts and loses its leadership after
 * one lease. A name cannot be set: Flink makes a ConfigMap for each job.
 */
const VERBS: Readonly<Record<Role, readonly string[]>> = {
  jobmanager: ["get", "list", "watch", "create", "update", "patch", "delete"],
  taskmanager: ["get", "list", "watch"],
};

/**
 * What a JobManager needs besides, where it makes the TaskManagers' pods. Measured: not `get`. Its Deployment, which has the cluster's
 * name, is their owner, and not to go before them: some API servers (OpenShift's) let nobody say so who may not set its finalizers.
 */
const makesPods = (clusterId: string) => [
  { apiGroups: [""], resources: ["pods"], verbs: ["list", "watch", "create", "delete"] },
  { apiGroups: ["apps"], resources: ["deployments"], resourceNames: [clusterId], verbs: ["get"] },
  {
    apiGroups: ["apps"],
    resources: ["deployments/finalizers"],
    resourceNames: [clusterId],
    verbs: ["update"],
  },
];

/** The identities of the two roles, apart, and what they may do. */
export function access(design: ClusterDesign): ClusterObject[] {
  const { serviceAccountName } = design.spec;
  // One account for both: it needs what the JobManager needs.
  return serviceAccountName === undefined
    ? [...accessOf(design, "jobmanager"), ...accessOf(design, "taskmanager")]
    : accessOf(design, "jobmanager", serviceAccountName);
}

function accessOf(design: ClusterDesign, role: Role, account?: string): ClusterObject[] {
  const { namespace, names } = design;
  const name = role === "jobmanager" ? names.jobManager : names.taskManager;
  const metadata = { name, namespace, labels: labelsOf(names.clusterId, role) };
  return [
    ...(account === undefined
      ? [{ apiVersion: "v1", kind: "ServiceAccount", metadata, automountServiceAccountToken: false } as const]
      : []),
    {
      apiVersion: `${RBAC}/v1`,
      kind: "Role",
      metadata,
      rules: [
        { apiGroups: [""], resources: ["configmaps"], verbs: [...VERBS[role]] },
        ...(isNative(design) && role === "jobmanager" ? makesPods(names.clusterId) : []),
      ],
    },
    {
      apiVersion: `${RBAC}/v1`,
      kind: "RoleBinding",
      metadata,
      roleRef: { apiGroup: RBAC, kind: "Role", name },
      subjects: [{ kind: "ServiceAccount", name: account ?? name, namespace }],
    },
  ];
}
