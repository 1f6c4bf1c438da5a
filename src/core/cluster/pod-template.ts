import type { PodTemplate, Storage } from "../../api/managed-cluster.ts";
import { type ClusterDesign, hasVolume, STORAGE_MOUNT, UPLOAD_MOUNT } from "./design.ts";
import { fetchesJar, fetchStep, JAR_MOUNT, JAR_VOLUME } from "./jar-fetcher.ts";
import { resourcesOf } from "./memory.ts";
import { mergePod } from "./merge-pod.ts";
import { isNative } from "./native.ts";
import { labelsOf, type Role } from "./objects.ts";

export const MAIN_CONTAINER = "flink-main-container";
export const CONF_MOUNT = "/opt/flink/conf";
/** Where a JobManager looks for the template of the TaskManagers' pods that it makes; the option of that name is its client's. */
const TEMPLATE_MOUNT = "/opt/flink/pod-template";
const TEMPLATE_VOLUME = "pod-template";
const FLINK_USER = 9999;
/** The restricted Pod Security level, as the user of Flink's image. */
export const POD_SECURITY = {
  runAsNonRoot: true,
  runAsUser: FLINK_USER,
  runAsGroup: FLINK_USER,
  fsGroup: FLINK_USER,
  fsGroupChangePolicy: "OnRootMismatch",
  seccompProfile: { type: "RuntimeDefault" },
} as const;
const OWN_VOLUMES: readonly string[] = ["config", "storage", "upload"];
const OWN_MOUNTS: readonly string[] = [CONF_MOUNT, STORAGE_MOUNT, UPLOAD_MOUNT];
/** What else is the operator's, or Flink's, where a JobManager makes pods: in its own, and in those that it makes. */
const NATIVE_VOLUMES: readonly string[] = [TEMPLATE_VOLUME, "flink-config-volume"];

/** What differs between the two kinds of pods. */
export interface PodParts {
  role: Role;
  args: readonly string[];
  ports: readonly { name: string; containerPort: number }[];
  probes: object;
  /** The ConfigMap with the template of the pods that a JobManager makes, in mode native. */
  template?: string | undefined;
}

/** A pod as its Deployment makes it: the operator's own, with the user's template merged in. */
export function podTemplateOf(design: ClusterDesign, parts: PodParts, configMap: string): object {
  const { names, spec } = design;
  const { role } = parts;
  const template = templateOf(design, role);
  const step = role === "jobmanager" ? fetchStep(design) : undefined;
  const own = {
    metadata: { labels: labelsOf(names.clusterId, role) },
    spec: {
      serviceAccountName:
        spec.serviceAccountName ?? names[role === "jobmanager" ? "jobManager" : "taskManager"],
      // Both roles read the leader from ConfigMaps.
      automountServiceAccountToken: true,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 30,
      securityContext: POD_SECURITY,
      ...(spec.imagePullSecrets ? { imagePullSecrets: spec.imagePullSecrets } : {}),
      // A JobManager of 2.3 tells others where its BLOB server is by its pod's name, which no other pod can resolve, and run
      // requests that a standby takes would fail. A name that all of them have leads each to its own server; the store
      // behind them is one.
      ...(role === "jobmanager" ? { hostname: names.jobManager } : {}),
      ...(step ? { initContainers: [step] } : {}),
      containers: [mainContainer(design, parts)],
      volumes: volumes(design, parts, configMap),
    },
  };
  const merged = mergePod(own, template ?? {}) as { metadata?: { labels?: object } };
  // They are how the Deployment and the operator find the pod.
  const labels = { ...merged.metadata?.labels, ...labelsOf(names.clusterId, role) };
  return { ...merged, metadata: { ...merged.metadata, labels } };
}

function mainContainer(design: ClusterDesign, { role, args, ports, probes }: PodParts): object {
  const { spec } = design;
  const { resources } = role === "jobmanager" ? spec.jobManager : spec.taskManager;
  const isNativeLeader = role === "jobmanager" && isNative(design);
  return {
    name: MAIN_CONTAINER,
    image: spec.image,
    ...(spec.imagePullPolicy ? { imagePullPolicy: spec.imagePullPolicy } : {}),
    args,
    env: [podIp("POD_IP"), ...(isNativeLeader ? [podIp("_POD_IP_ADDRESS")] : [])],
    ports: ports.map((port) => ({ ...port, protocol: "TCP" })),
    ...probes,
    resources: resourcesOf(resources, role),
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
    // What a JobManager said last becomes the reason in the status.
    terminationMessagePolicy: "FallbackToLogsOnError",
    volumeMounts: [
      { name: "config", mountPath: CONF_MOUNT },
      ...(hasVolume(design) ? [{ name: "storage", mountPath: STORAGE_MOUNT }] : []),
      ...(hasUploads(design, role) ? [{ name: "upload", mountPath: UPLOAD_MOUNT }] : []),
      ...(hasJar(design, role) ? [{ name: JAR_VOLUME, mountPath: JAR_MOUNT, readOnly: true }] : []),
      ...(isNativeLeader ? [{ name: TEMPLATE_VOLUME, mountPath: TEMPLATE_MOUNT }] : []),
    ],
  };
}

/** By another name where Flink's own Kubernetes module reads it. */
function podIp(name: string): object {
  return { name, valueFrom: { fieldRef: { fieldPath: "status.podIP" } } };
}

function volumes(design: ClusterDesign, { role, template }: PodParts, configMap: string): object[] {
  return [
    { name: "config", configMap: { name: configMap } },
    ...(hasVolume(design) ? [storageVolume(design.spec.storage)] : []),
    ...(hasUploads(design, role) ? [{ name: "upload", emptyDir: {} }] : []),
    ...(hasJar(design, role) ? [{ name: JAR_VOLUME, emptyDir: {} }] : []),
    ...(template === undefined ? [] : [{ name: TEMPLATE_VOLUME, configMap: { name: template } }]),
  ];
}

/** The volume of a storage that is one. */
export function storageVolume({ claimName, hostPath }: Storage): object {
  const volume =
    claimName !== undefined ? { persistentVolumeClaim: { claimName } } : { hostPath: { path: hostPath } };
  return { name: "storage", ...volume };
}

/** Without a volume, uploaded JARs are in the JobManager's pod. */
function hasUploads(design: ClusterDesign, role: Role): boolean {
  return role === "jobmanager" && !hasVolume(design);
}

function hasJar(design: ClusterDesign, role: Role): boolean {
  return role === "jobmanager" && fetchesJar(design);
}

function templateOf({ spec }: ClusterDesign, role: Role): PodTemplate | undefined {
  return role === "jobmanager" ? spec.jobManager.podTemplate : spec.taskManager.podTemplate;
}

/** What the operator does not let a pod template do, in words; the API server checks the rest. */
export function podTemplateProblems(design: ClusterDesign, role: Role): string[] {
  const template = templateOf(design, role);
  if (!template) return [];
  const field = `spec.managed.${role === "jobmanager" ? "jobManager" : "taskManager"}.podTemplate`;
  const unknown = Object.keys(template).filter(
    (name) => !["apiVersion", "kind", "metadata", "spec"].includes(name),
  );
  const spec = members(template.spec);
  const containers = entries(spec.containers);
  const main = containers.find(({ name }) => name === MAIN_CONTAINER) ?? {};
  const jar = hasJar(design, role)
    ? { volumes: [JAR_VOLUME], mounts: [JAR_MOUNT] }
    : { volumes: [], mounts: [] };
  const native = isNative(design)
    ? { volumes: NATIVE_VOLUMES, mounts: [TEMPLATE_MOUNT] }
    : { volumes: [], mounts: [] };
  const flinkMakesIt = role === "taskmanager" && isNative(design);
  const problems = [
    ...unknown.map((name) => `${name} is no part of a pod template`),
    ...["serviceAccountName", "serviceAccount"]
      .filter((name) => name in spec)
      .map((name) => `spec.${name}: use spec.managed.serviceAccountName`),
    ...("restartPolicy" in spec ? [`spec.restartPolicy: ${flinkMakesIt ? NEVER : ALWAYS}`] : []),
    ...(flinkMakesIt ? overwritten(spec, main) : []),
    ...["command", "args"]
      .filter((name) => name in main)
      .map((name) => `${MAIN_CONTAINER} must not set ${name}: the operator says what it runs`),
    ...(containers.some(({ name }) => typeof name !== "string") ? ["each container needs a name"] : []),
    ...entries(spec.volumes)
      .filter(({ name }) => [...OWN_VOLUMES, ...jar.volumes, ...native.volumes].includes(String(name)))
      .map(({ name }) => `the volume ${name} is the operator's: choose another name`),
    ...entries(main.volumeMounts)
      .filter(({ mountPath }) => [...OWN_MOUNTS, ...jar.mounts, ...native.mounts].includes(String(mountPath)))
      .map(({ mountPath }) => `${mountPath} is mounted by the operator`),
    ...entries(main.env)
      .filter(({ name }) => name === "POD_IP")
      .map(() => "the variable POD_IP is the operator's"),
  ];
  return problems.map((problem) => `${field}: ${problem}`);
}

const ALWAYS = "a Deployment's pods are always restarted";
const NEVER = "pods that the JobManager makes are never restarted, it makes others";

/** What Flink writes over without a word in the pods that it makes. */
function overwritten(spec: object, main: object): string[] {
  const fields = {
    image: "image",
    imagePullPolicy: "imagePullPolicy",
    resources: "taskManager.resources",
  };
  return [
    ...Object.entries(fields)
      .filter(([name]) => name in main)
      .map(([name, field]) => `${MAIN_CONTAINER} must not set ${name}: use spec.managed.${field}`),
    ...("hostNetwork" in spec ? ["spec.hostNetwork: not where the JobManager makes the pods"] : []),
  ];
}

function members(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function entries(value: unknown): Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.map(members) : [];
}
