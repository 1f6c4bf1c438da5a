import type { FlinkClusterStatus } from "../../../src/api/flinkcluster.ts";
import { JOB_ID_LABEL } from "../../../src/api/group.ts";
import type { FlinkCluster } from "../../../src/api/objects.ts";
import { EPOCH, idOf } from "./interned.ts";

/** What the operator has written of a FlinkCluster. Times are milliseconds since EPOCH. */
export interface MadeState {
  readonly phase: "new" | "deploying" | "ready" | "looping";
  readonly since: number;
  /** A JobManager has answered. */
  readonly reached: boolean;
  readonly deletedAt: number | undefined;
}

/** One version of a FlinkCluster; immutable, and the same object for the same content. */
export interface Made {
  /** The same for the same content. */
  readonly key: string;
  readonly name: string;
  readonly jobId: string;
  readonly uid: number;
  /** As it was made. */
  readonly base: FlinkCluster;
  readonly state: MadeState;
  readonly object: FlinkCluster;
}

const bases = new Map<string, FlinkCluster>();
const all = new Map<string, Made>();
const lists = new Map<string, readonly Made[]>();
const MANY = 30_000;

const REASONS = { new: "", deploying: "Deploying", ready: "Reachable", looping: "CrashLooping" } as const;

export function madeOf(wanted: FlinkCluster, uid: number, change: Partial<MadeState>): Made {
  const text = JSON.stringify(wanted);
  const base = bases.get(text) ?? wanted;
  bases.set(text, base);
  const state: MadeState = { phase: "new", since: 0, reached: false, deletedAt: undefined, ...change };
  const { phase, since, reached, deletedAt } = state;
  const key = `${idOf(base)}.${uid}.${phase}.${since}.${reached}.${deletedAt}`;
  const known = all.get(key);
  if (known) return known;
  if (all.size > MANY) all.clear();
  const condition = {
    type: "Ready",
    status: phase === "ready" ? ("True" as const) : ("False" as const),
    reason: REASONS[phase],
    message: "as Kubernetes says",
    lastTransitionTime: iso(since),
  };
  const status: FlinkClusterStatus = {
    observedGeneration: 1,
    ...(reached ? { incarnation: "p" } : {}),
    conditions: [condition],
  };
  const deleted = deletedAt === undefined ? {} : { deletionTimestamp: iso(deletedAt) };
  const object: FlinkCluster = {
    apiVersion: base.apiVersion,
    kind: base.kind,
    metadata: { ...base.metadata, uid: `c-${uid}`, ...deleted },
    spec: base.spec,
    ...(phase === "new" ? {} : { status }),
  };
  const made: Made = {
    key,
    ...{ name: base.metadata.name, jobId: base.metadata.labels?.[JOB_ID_LABEL] ?? "" },
    ...{ uid, base, state, object },
  };
  all.set(key, made);
  return made;
}

const iso = (time: number) => new Date(EPOCH + time).toISOString();

/** The same list for the same ones. */
export function listOf(made: readonly Made[]): readonly Made[] {
  const key = made.map(idOf).join();
  const known = lists.get(key);
  if (known) return known;
  if (lists.size > MANY) lists.clear();
  lists.set(key, made);
  return made;
}

export const NONE: readonly Made[] = listOf([]);
