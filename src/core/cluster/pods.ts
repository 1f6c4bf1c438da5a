import type { ObjectMeta } from "../../api/meta.ts";
import type { Reason } from "../../api/reasons.ts";
import type { DeploymentStatus } from "./changes.ts";
import { FETCH_CONTAINER } from "./jar-fetcher.ts";
import { type ClusterObject, COMPONENT_LABEL } from "./objects.ts";

interface Terminated {
  exitCode?: number;
  reason?: string;
  message?: string;
}
interface ContainerStatus {
  name: string;
  ready?: boolean;
  restartCount?: number;
  state?: { waiting?: { reason?: string; message?: string }; terminated?: Terminated };
  lastState?: { terminated?: Terminated };
}

/** A pod, as far as it tells why it does not run. */
export interface Pod {
  metadata: ObjectMeta;
  spec?: unknown;
  status?: {
    phase?: string;
    conditions?: { type: string; status: string; reason?: string; message?: string }[];
    containerStatuses?: ContainerStatus[];
    initContainerStatuses?: ContainerStatus[];
  };
}

/** Why pods do not run. */
export interface PodTrouble {
  reason: Reason;
  message: string;
  /** Somebody has to do something: waiting alone will not help. */
  stalled: boolean;
}

const PULL = /^(ImagePullBackOff|ErrImagePull|InvalidImageName|ErrImageNeverPull|RegistryUnavailable)$/;
const CREATE = /^(CreateContainerConfigError|CreateContainerError|RunContainerError)$/;
const STACK_FRAME = /^\s+(at |\.\.\. (suppressed )?\d+ )/;
const LAST_WORDS = 800;
/** What the step that fetches a JAR can say. */
export const JAR_TROUBLES = [
  "JarNotFound",
  "JarForbidden",
  "JarFetchFailed",
  "JarFetchTimeout",
  "JarTooLarge",
  "JarChecksumMismatch",
  "NotAJar",
  "DestinationNotAllowed",
] as const satisfies Reason[];
const PASSING_JAR_TROUBLES: readonly Reason[] = ["JarFetchFailed", "JarFetchTimeout"];

/** The most telling trouble of a cluster's pods; undefined where there is none. */
export function troubleOf(
  pods: readonly Pod[],
  deployments: readonly ClusterObject[],
): PodTrouble | undefined {
  const living = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const troubles = [
    ...living.map(unfetchedJar),
    ...deployments.map(refusedPods),
    ...living.flatMap((pod) => containersOf(pod).map((container) => containerTrouble(pod, container))),
    ...living.map(unscheduled),
  ];
  return troubles.find((trouble) => trouble !== undefined);
}

/** How often the JobManager of a pod that is there was started again. */
export function jobManagerRestarts(pods: readonly Pod[]): number {
  const statuses = pods
    .filter(({ metadata }) => metadata.labels?.[COMPONENT_LABEL] === "jobmanager")
    .flatMap(({ status }) => status?.containerStatuses ?? []);
  return Math.max(0, ...statuses.map(({ restartCount = 0 }) => restartCount));
}

/** Whether a JobManager's pod is ready: it leads, or knows who does. */
export function hasReadyJobManager(pods: readonly Pod[]): boolean {
  return pods.some(
    (pod) =>
      pod.metadata.labels?.[COMPONENT_LABEL] === "jobmanager" &&
      pod.metadata.deletionTimestamp === undefined &&
      isReady(pod),
  );
}

export function isReady({ status }: Pod): boolean {
  return status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
}

function refusedPods({ metadata, status }: ClusterObject): PodTrouble | undefined {
  const { conditions = [] } = (status ?? {}) as DeploymentStatus;
  const failure = conditions.find(({ type, status }) => type === "ReplicaFailure" && status === "True");
  if (!failure) return undefined;
  return {
    reason: "PodsRefused",
    message: `${metadata.name}: ${failure.message ?? "unknown"}`,
    stalled: true,
  };
}

/** The step that fetches the JAR says itself why it could not; the kubelet tries it again for ever, with longer and longer waits. */
function unfetchedJar({ metadata, status }: Pod): PodTrouble | undefined {
  const step = status?.initContainerStatuses?.find(({ name }) => name === FETCH_CONTAINER);
  const { message = "" } = step?.state?.terminated ?? step?.lastState?.terminated ?? {};
  const [, code, words = ""] = /^(\w+): (.*)$/s.exec(message.trim()) ?? [];
  const reason = JAR_TROUBLES.find((known) => known === code);
  if (reason === undefined) return undefined;
  return { reason, message: `${metadata.name}: ${words}`, stalled: !PASSING_JAR_TROUBLES.includes(reason) };
}

function containerTrouble(pod: Pod, container: ContainerStatus): PodTrouble | undefined {
  const { waiting } = container.state ?? {};
  const name = `${pod.metadata.name} (${container.name})`;
  const reason = waiting?.reason ?? "";
  if (PULL.test(reason)) {
    return {
      reason: "ImagePullFailed",
      message: `${name}: ${cause(waiting?.message ?? reason)}`,
      stalled: true,
    };
  }
  if (CREATE.test(reason)) {
    return { reason: "PodsRefused", message: `${name}: ${waiting?.message ?? reason}`, stalled: true };
  }
  const last = container.lastState?.terminated ?? container.state?.terminated;
  const { ready, restartCount = 0 } = container;
  // One restart may be an accident: a failover.
  const loops = reason === "CrashLoopBackOff" || (!ready && restartCount > 1);
  if (last === undefined || !loops) return undefined;
  const message = `${name} ended with ${howItEnded(last)}, restarted ${restartCount} times${lastWords(last)}`;
  return { reason: "CrashLooping", message, stalled: true };
}

function unscheduled({ metadata, status }: Pod): PodTrouble | undefined {
  const scheduled = status?.conditions?.find(({ type }) => type === "PodScheduled");
  if (scheduled?.status !== "False") return undefined;
  return { reason: "Unschedulable", message: `${metadata.name}: ${scheduled.message ?? ""}`, stalled: false };
}

const TERMINATED = 143;
const KILLED = 137;

/** How a pod that is never restarted ended, name and last words; undefined where it did not, or was told to. */
export function howItBroke({ metadata, status }: Pod): string | undefined {
  const ends = (status?.containerStatuses ?? []).map(({ state }) => state?.terminated);
  const end = ends.find((one) => one !== undefined && one.exitCode !== 0 && one.exitCode !== TERMINATED);
  const wasKilled = end?.exitCode === KILLED && end.reason !== "OOMKilled";
  if (!end || (wasKilled && metadata.deletionTimestamp !== undefined)) return undefined;
  return `${metadata.name} ended with ${howItEnded(end)}${lastWords(end)}`;
}

function containersOf({ status }: Pod): ContainerStatus[] {
  return [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
}

function howItEnded({ exitCode, reason }: Terminated): string {
  const code = `exit code ${exitCode ?? "unknown"}`;
  return reason === undefined || reason === "Error" ? code : `${code} (${reason})`;
}

/** Whether the kubelet has just tried or waits before it tries again is not worth a word. */
function cause(message: string): string {
  return message.replace(/^Back-off pulling image "[^"]*": /, "").replace(/^ErrImagePull: /, "");
}

/** The end of what it wrote, for the cause comes last; of stack traces only what was thrown. */
function lastWords({ message = "" }: Terminated): string {
  const lines = message.split("\n").filter((line) => !STACK_FRAME.test(line));
  const words = lines.join("\n").trim();
  if (words === "") return "";
  return `: ${words.length > LAST_WORDS ? `…${words.slice(-LAST_WORDS)}` : words}`;
}
