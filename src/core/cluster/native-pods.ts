import { GROUP } from "../../api/group.ts";
import { CONFIGURATION, configMap } from "./config-map.ts";
import { type ClusterDesign, hasVolume, STORAGE_MOUNT } from "./design.ts";
import { processBytes, resourcesOf } from "./memory.ts";
import { mergePod } from "./merge-pod.ts";
import { nativeOptions, POD_LABELS } from "./native.ts";
import { type ClusterObject, COMPONENT_LABEL, contentHash, labelsOf } from "./objects.ts";
import { TASK_MANAGER_PORT } from "./own-options.ts";
import { CONF_MOUNT, MAIN_CONTAINER, POD_SECURITY, storageVolume } from "./pod-template.ts";
import type { Pod } from "./pods.ts";

/** The only name by which a JobManager looks for it. */
const TEMPLATE_FILE = "taskmanager-pod-template.yaml";
/** On TaskManagers' pods: a hash of all that they were made from. */
const MADE_FROM_LABEL = `${GROUP}/made-from`;

/** By its number: Flink calls the port differently. */
const RPC_ANSWERS = { tcpSocket: { port: TASK_MANAGER_PORT } };

/** What a JobManager that makes pods makes them from. */
export interface NativePods {
  /** The options of the cluster, now with the label that tells its pods from those of another spec. */
  entries: Readonly<Record<string, string>>;
  /** Of the pods; in a ConfigMap that is mounted into the JobManager's. */
  template: ClusterObject;
  madeFrom: string;
}

export function nativePods(design: ClusterDesign, entries: Readonly<Record<string, string>>): NativePods {
  const { namespace, names } = design;
  const data = { [TEMPLATE_FILE]: JSON.stringify(podTemplate(design)) };
  const madeFrom = contentHash({ ...(configMap(design, entries).data as object), ...data });
  return {
    entries: { ...entries, [POD_LABELS]: `${entries[POD_LABELS]},${MADE_FROM_LABEL}:${madeFrom}` },
    template: {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: {
        name: `${names.clusterId}-pod-template-${contentHash(data)}`,
        namespace,
        labels: labelsOf(names.clusterId, CONFIGURATION),
      },
      data,
    },
    madeFrom,
  };
}

/** The configuration once more, by the name that is Flink's own: the pods mount it. */
export function podConfiguration(design: ClusterDesign, configuration: ClusterObject): ClusterObject {
  return { ...configuration, metadata: { ...configuration.metadata, name: configurationName(design) } };
}

function configurationName({ names }: ClusterDesign): string {
  return `flink-config-${names.clusterId}`;
}

/** Flink adds name, image, command, ports, CPU and memory, account, labels and configuration. */
function podTemplate(design: ClusterDesign): object {
  const { spec } = design;
  const volume = hasVolume(design);
  const own = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {},
    spec: {
      automountServiceAccountToken: true,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 30,
      securityContext: POD_SECURITY,
      containers: [
        {
          name: MAIN_CONTAINER,
          readinessProbe: { ...RPC_ANSWERS, periodSeconds: 1 },
          livenessProbe: {
            ...RPC_ANSWERS,
            initialDelaySeconds: 60,
            periodSeconds: 30,
            failureThreshold: 4,
          },
          resources: otherResources(design),
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
          terminationMessagePolicy: "FallbackToLogsOnError",
          ...(volume ? { volumeMounts: [{ name: "storage", mountPath: STORAGE_MOUNT }] } : {}),
        },
      ],
      ...(volume ? { volumes: [storageVolume(spec.storage)] } : {}),
    },
  };
  const { metadata = {}, spec: pod = {} } = spec.taskManager.podTemplate ?? {};
  return mergePod(own, { metadata, spec: pod }) as object;
}

/** A pod like those that the JobManager asks for: what the API server says to it, it says to them. */
export function podAsked(design: ClusterDesign): Pod & { spec: object } {
  const { namespace, names, spec } = design;
  const options = nativeOptions(design);
  const cpu = Number(options["kubernetes.taskmanager.cpu.amount"]);
  const limit = cpu * Number(options["kubernetes.taskmanager.cpu.limit-factor"]);
  const memory = String(processBytes(spec.taskManager.resources, "taskmanager"));
  const resources = { requests: { cpu: String(cpu), memory }, limits: { cpu: String(limit), memory } };
  const volume = "flink-config-volume";
  const made = {
    metadata: { labels: labelsOf(names.clusterId, "taskmanager") },
    spec: {
      restartPolicy: "Never",
      serviceAccountName: spec.serviceAccountName ?? names.taskManager,
      containers: [
        {
          name: MAIN_CONTAINER,
          image: spec.image,
          resources,
          volumeMounts: [{ name: volume, mountPath: CONF_MOUNT }],
        },
      ],
      volumes: [{ name: volume, configMap: { name: configurationName(design) } }],
    },
  };
  const { metadata, spec: pod } = mergePod(podTemplate(design), made) as { metadata: object; spec: object };
  return { metadata: { ...metadata, namespace, name: `${names.taskManager}-0-0` }, spec: pod };
}

/** What Flink has no option for. */
function otherResources({ spec }: ClusterDesign): object {
  const { requests, limits } = resourcesOf(spec.taskManager.resources, "taskmanager");
  const others = (amounts: object = {}) =>
    Object.fromEntries(Object.entries(amounts).filter(([name]) => name !== "cpu" && name !== "memory"));
  return { requests: others(requests), limits: others(limits) };
}

export function isTaskManager({ metadata }: Pod): boolean {
  return metadata.labels?.[COMPONENT_LABEL] === "taskmanager";
}

/** The TaskManagers' pods that are there to stay. */
export function livingTaskManagers(pods: readonly Pod[]): Pod[] {
  return pods.filter(
    (pod) =>
      isTaskManager(pod) &&
      pod.metadata.deletionTimestamp === undefined &&
      pod.status?.phase !== "Failed" &&
      pod.status?.phase !== "Succeeded",
  );
}

/** TaskManagers' pods that a JobManager made from another spec, and that its successor took over. */
export function outdatedPods(madeFrom: string, pods: readonly Pod[]): Pod[] {
  return livingTaskManagers(pods).filter(({ metadata }) => metadata.labels?.[MADE_FROM_LABEL] !== madeFrom);
}
