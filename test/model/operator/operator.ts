import type {
  ClusterObservation,
  Flight,
  Look,
  OperationSeen,
  PerJobSeen,
  RequirementsSeen,
  SnapshotsSeen,
  TroublesSeen,
} from "../../../src/core/observed.ts";
import type { Step } from "../../../src/core/step.ts";
import type { Version } from "../kube/api-server.ts";

/** What stands between a decision and its end: each stage is a point at which the process may die. */
export interface Task {
  readonly stage: "write" | "effect" | "call" | "create" | "lookForMains" | "lookForJob";
  readonly version: Version;
  readonly step: Step;
  /** What the first half of a look-up found. */
  readonly half?: { readonly at: number; readonly begunAt: number; readonly look: Omit<Look, "endedAt"> };
  /** When the look-up began that the decision rests on, in the order of everything; -1: it rests on none. */
  readonly lookBegunAt: number;
}

/** The memory of one operator process. All of it is lost with the process. */
export class Operator {
  alive: boolean;
  /** Which process of this operator it is. */
  epoch = 0;
  /** The newest version of the object that its watch cache shows, by index. */
  seen = 0;
  written: Version | undefined;
  /** The same of the FlinkClusters. */
  clustersSeen = 0;
  /** The address that it polls. */
  url: string | undefined;
  /** A FlinkCluster that is not there by the API server's own word. */
  absent: NonNullable<PerJobSeen["absent"]> | undefined;
  /** Whose memory this is. */
  uid = 0;
  flight: Flight | undefined;
  /** The flight's request in the network; 0: it has none yet. */
  request = 0;
  /** What that request asks for. */
  content = 0;
  from: string | undefined;
  to: string | undefined;
  /** The process that it is meant for. */
  incarnation = 0;
  look: Look | undefined;
  lookBegunAt = -1;
  operation: OperationSeen | undefined;
  snapshots: SnapshotsSeen | undefined;
  troubles: TroublesSeen | undefined;
  requirements: RequirementsSeen | undefined;
  cluster: ClusterObservation | undefined;
  failures = 0;
  watching = false;
  swept = false;
  /** The JAR that its submission holds. */
  jar: string | undefined;
  queued = true;
  dueAt = Number.POSITIVE_INFINITY;
  task: Task | undefined;

  constructor(alive: boolean) {
    this.alive = alive;
  }

  clone(): Operator {
    return Object.assign(new Operator(this.alive), this);
  }

  /** Another process: it knows what the API server lists, and nothing else. */
  restart(seen: number, clustersSeen: number): void {
    const { epoch } = this;
    Object.assign(this, new Operator(true));
    this.epoch = epoch + 1;
    this.seen = seen;
    this.clustersSeen = clustersSeen;
  }

  die(): void {
    const { epoch, seen, clustersSeen } = this;
    Object.assign(this, new Operator(false));
    this.epoch = epoch;
    this.seen = seen;
    this.clustersSeen = clustersSeen;
    this.queued = false;
  }

  /** The newest version that it knows: what it wrote itself, until the cache has seen it (src/controller/versions.ts). */
  newest(versions: readonly Version[]): Version | undefined {
    const cached = versions[this.seen];
    const { written } = this;
    if (!written) return cached;
    if (!cached?.job || cached.uid !== written.uid || cached.resourceVersion >= written.resourceVersion) {
      this.written = undefined;
      return cached;
    }
    return written;
  }

  /** Memory belongs to a uid (src/controller/job-reconciler.ts). */
  follow(uid: number): void {
    if (this.uid !== 0 && this.uid !== uid) {
      this.flight = undefined;
      this.request = 0;
      this.look = undefined;
      this.lookBegunAt = -1;
      this.operation = undefined;
      this.snapshots = undefined;
      this.troubles = undefined;
      this.requirements = undefined;
      this.absent = undefined;
    }
    this.uid = uid;
  }

  requeue(at: number, now: number): void {
    if (at <= now) this.queued = true;
    else this.dueAt = at;
  }
}
