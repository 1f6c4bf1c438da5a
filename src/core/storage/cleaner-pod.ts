import { STORAGE_MOUNT } from "../cluster/design.ts";
import { literal } from "../cluster/literal.ts";
import { mergePod } from "../cluster/merge-pod.ts";
import { CLUSTER_LABEL, COMPONENT_LABEL, labelsOf } from "../cluster/objects.ts";
import { POD_SECURITY, storageVolume } from "../cluster/pod-template.ts";
import type { Pod } from "../cluster/pods.ts";
import type { CleaningTarget } from "./target.ts";

/** Marks the pod among those of its cluster. */
export const CLEANER = "storage-cleaner";
export const CLEAN_CONTAINER = "clean-storage";
const COMMAND = ["/usr/bin/node", "/operator/clean-storage.mjs"];
/** Of a JobManager's pod template: where it may run, and as whom. The rest is Flink's. */
const TAKEN_OVER = [
  "affinity",
  "nodeSelector",
  "priorityClassName",
  "runtimeClassName",
  "schedulerName",
  "securityContext",
  "tolerations",
] as const;

/** Selects the pods of a cluster, without the one that cleans up after it. */
export const FLINK_PODS = (clusterId: string) =>
  `${CLUSTER_LABEL}=${clusterId},${COMPONENT_LABEL}!=${CLEANER}`;

export function isCleaner({ metadata }: Pick<Pod, "metadata">): boolean {
  return metadata.labels?.[COMPONENT_LABEL] === CLEANER;
}

/**
 * The pod that cleans a directory, with the operator's own image: no rights and no token, the restricted Pod Security level with
 * a root that is read-only, and an end after `deadlineSeconds`.
 */
export function cleanerPod(
  target: CleaningTarget,
  image: string,
  deadlineSeconds: number,
): Pod & { spec: object } {
  const { namespace, label, podName, storage, directory, keep, needed, keepResults, like } = target;
  const { metadata = {}, spec = {} } = (like.jobManager.podTemplate ?? {}) as {
    metadata?: object;
    spec?: object;
  };
  const placement = Object.entries(spec).filter(([name]) => TAKEN_OVER.some((known) => known === name));
  const own = {
    restartPolicy: "Never",
    activeDeadlineSeconds: deadlineSeconds,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: 5,
    securityContext: POD_SECURITY,
    ...(like.imagePullSecrets ? { imagePullSecrets: like.imagePullSecrets } : {}),
    containers: [
      {
        name: CLEAN_CONTAINER,
        image,
        command: COMMAND,
        args: [
          `--root=${STORAGE_MOUNT}`,
          `--directory=${directory}`,
          `--keep=${keep}`,
          ...needed.map((name) => literal(`--needed=${name}`)),
          ...(keepResults ? ["--keep-results"] : []),
        ],
        resources: { requests: { cpu: "50m", memory: "64Mi" }, limits: { memory: "128Mi" } },
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        },
        volumeMounts: [{ name: "storage", mountPath: STORAGE_MOUNT }],
      },
    ],
    volumes: [storageVolume(storage)],
  };
  const { labels, annotations } = metadata as {
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  return {
    metadata: {
      name: podName,
      namespace,
      labels: { ...labels, ...labelsOf(label, CLEANER) },
      ...(annotations ? { annotations } : {}),
    },
    spec: mergePod(own, Object.fromEntries(placement)) as object,
  };
}
