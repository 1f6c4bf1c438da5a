import type { FlinkJob } from "../../src/api/objects.ts";
import type { Pod } from "../../src/core/cluster/pods.ts";

/** What one look shows of a FlinkJob, and of the cluster that was made for it. */
export interface Sight {
  readonly job: FlinkJob | undefined;
  /** The cluster's name; undefined before it has one. */
  readonly cluster: string | undefined;
  readonly pods: readonly Pod[];
  /** Everything else that bears the cluster's name. */
  readonly objects: readonly { readonly kind: string; readonly name: string }[];
}

export const nothingYet: Sight = { job: undefined, cluster: undefined, pods: [], objects: [] };

/** One line of what was not so a look before. */
export interface Change {
  readonly text: string;
  /** For programs. */
  readonly data: Record<string, unknown>;
}

const COLUMNS = { trigger: 9, job: 10, ready: 6 } as const;
const WHAT = 9;

/** As `kubectl get fj -w` heads its lines. */
export const heading = line(
  "",
  `${"TRIGGER".padEnd(COLUMNS.trigger)}${"JOB".padEnd(COLUMNS.job)}READY REASON`,
);

/** What is different from the look before, line by line: the FlinkJob, then what comes, then what goes. */
export function changes(before: Sight, now: Sight): Change[] {
  return [...ofJob(before.job, now.job), ...ofObjects(before, now), ...ofPods(before, now)];
}

function ofJob(before: FlinkJob | undefined, now: FlinkJob | undefined): Change[] {
  const [was, is] = [before && row(before), now && row(now)];
  if (is === undefined)
    return was === undefined ? [] : [{ text: line("flinkjob", "gone"), data: { flinkJob: "gone" } }];
  if (is.text === was?.text || is.data.trigger === undefined) return [];
  return [{ text: line("flinkjob", is.text), data: { flinkJob: is.data } }];
}

function row({ status }: FlinkJob) {
  const trigger = status?.trigger?.state;
  const job = status?.job?.state;
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  const text = [
    (trigger ?? "").padEnd(COLUMNS.trigger),
    (job ?? "-").padEnd(COLUMNS.job),
    (ready?.status ?? "-").padEnd(COLUMNS.ready),
    ready?.reason ?? "-",
  ].join("");
  return { text, data: { trigger, job, ready: ready?.status, reason: ready?.reason } };
}

/** Together: there are a dozen, and they come and go at once. */
function ofObjects(before: Sight, now: Sight): Change[] {
  const key = ({ kind, name }: Sight["objects"][number]) => `${kind}/${name}`;
  const [had, has] = [new Set(before.objects.map(key)), new Set(now.objects.map(key))];
  const told = (sign: "+" | "-", some: Sight["objects"]): Change[] =>
    some.length === 0
      ? []
      : [
          {
            text: line("objects", `${sign} ${counted(some)}`),
            data: { [sign === "+" ? "made" : "gone"]: some.map(key) },
          },
        ];
  return [
    ...told(
      "+",
      now.objects.filter((one) => !had.has(key(one))),
    ),
    ...told(
      "-",
      before.objects.filter((one) => !has.has(key(one))),
    ),
  ];
}

/** "ConfigMap, 2 Deployment": in the order in which they are met. */
function counted(objects: Sight["objects"]): string {
  const kinds = Map.groupBy(objects, ({ kind }) => kind);
  return [...kinds].map(([kind, { length }]) => (length === 1 ? kind : `${length} ${kind}s`)).join(", ");
}

function ofPods(before: Sight, now: Sight): Change[] {
  const was = new Map(before.pods.map((pod) => [pod.metadata.name, stateOf(pod)]));
  const is = new Map(now.pods.map((pod) => [pod.metadata.name, stateOf(pod)]));
  const prefix = `${now.cluster ?? before.cluster}-`;
  const told = (pod: string, state: string): Change => {
    const short = pod.startsWith(prefix) ? pod.slice(prefix.length) : pod;
    return {
      text: line("pod", `${state.padEnd(COLUMNS.trigger + COLUMNS.job)}${short}`),
      data: { pod, state },
    };
  };
  return [
    ...[...is].filter(([pod, state]) => was.get(pod) !== state).map(([pod, state]) => told(pod, state)),
    ...[...was.keys()].filter((pod) => !is.has(pod)).map((pod) => told(pod, "gone")),
  ];
}

/** As `kubectl get pods` puts it, and "Ready" beyond "Running". */
function stateOf({ metadata, status }: Pod): string {
  if (metadata.deletionTimestamp !== undefined) return "Terminating";
  const all = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const waiting = all.map(({ state }) => state?.waiting?.reason).find((reason) => reason !== undefined);
  const ready = status?.conditions?.some((one) => one.type === "Ready" && one.status === "True") ?? false;
  return ready ? "Ready" : (waiting ?? status?.phase ?? "Pending");
}

function line(what: string, text: string): string {
  return `${what.padEnd(WHAT)} ${text}`.trimEnd();
}
