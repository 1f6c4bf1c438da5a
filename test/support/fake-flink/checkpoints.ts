/** A checkpoint or savepoint that was completed, or failed. */
export interface Checkpoint {
  readonly id: number;
  readonly at: number;
  readonly kind: "checkpoint" | "savepoint" | "stop";
  /** Of savepoints only. */
  readonly format: "CANONICAL" | "NATIVE" | null;
  /** Absent: it failed, with this message. */
  readonly path?: string;
  readonly failure?: string;
  /** Its files are gone: newer ones made it superfluous, or the job's end did. */
  discarded: boolean;
}

/** Where a job's state came from. */
export interface Restored {
  readonly path: string;
  readonly at: number;
  /** The checkpoint's own number, which the job's go on from. */
  readonly id: number;
  /** The run request named it; false: the job was restarted, or recovered by another JobManager. */
  readonly asked: boolean;
}

const units: Record<string, number> = { ms: 1, s: 1_000, min: 60_000, m: 60_000, h: 3_600_000 };

/** `"300 ms"`, `"2s"`, `"1 min"`, in ms; undefined for anything else. */
export function durationMs(text: string | undefined): number | undefined {
  const match = /^\s*(\d+)\s*([a-z]*)\s*$/.exec(text ?? "");
  const unit = match === null ? undefined : units[match[2] || "ms"];
  return match === null || unit === undefined ? undefined : Number(match[1]) * unit;
}

/** Which of Flink's words for the same file path it is, does not matter: `file:/x` is `file:///x`. */
export const plainPath = (path: string): string =>
  path.replace(/^file:\/*/, "file:/").replace(/(?<=.)\/+$/, "");

export interface HistoryOptions {
  /** Checkpoints get `DIRECTORY/chk-N`. */
  readonly directory: string;
  /** Undefined: none are taken by themselves. */
  readonly intervalMs: number | undefined;
  /** So many of the newest are kept. */
  readonly retained: number;
  readonly restored?: Restored | undefined;
  /** `claimMode: CLAIM`: what it was restored from is the job's own, and goes when it does not need it any more. */
  readonly claims: boolean;
}

/** Only so many are ever shown; a job that ran for long must not cost memory. */
const SHOWN = 10;

/** One job's checkpoints and their files. Periodic ones come into being when somebody looks: no timer runs for them. */
export class CheckpointHistory {
  restored: Restored | undefined;
  #restores: number;
  readonly #options: HistoryOptions;
  #all: Checkpoint[] = [];
  #nextId: number;
  #completed = 0;
  #failed = 0;
  #lastPeriodic: number | undefined;
  #claimedIsGone = false;

  constructor(options: HistoryOptions) {
    this.#options = options;
    this.restored = options.restored;
    this.#restores = options.restored === undefined ? 0 : 1;
    this.#nextId = (options.restored?.id ?? 0) + 1;
  }

  /** Tasks run from `since` on: takes what is due until `now`. */
  run(since: number, now: number): void {
    const { intervalMs } = this.#options;
    if (intervalMs === undefined) return;
    for (;;) {
      const due = Math.max(this.#lastPeriodic ?? since, since) + intervalMs;
      if (due > now) return;
      this.#lastPeriodic = due;
      this.complete(due);
    }
  }

  /** When the first periodic one after `at` is due, of tasks that run since `since`; undefined: none are taken. */
  due(since: number, at: number): number | undefined {
    const { intervalMs } = this.#options;
    if (intervalMs === undefined) return undefined;
    const last = Math.max(this.#lastPeriodic ?? since, since);
    return last + Math.max(1, Math.ceil((at - last) / intervalMs)) * intervalMs;
  }

  /** A checkpoint, or a savepoint at this path. */
  complete(at: number, savepoint?: Pick<Checkpoint, "kind" | "format"> & { path: string }): Checkpoint {
    const id = this.#nextId++;
    const own = { kind: "checkpoint", format: null, path: `${this.#options.directory}/chk-${id}` } as const;
    this.#completed++;
    const checkpoint = this.#add({ id, at, discarded: false, ...(savepoint ?? own) });
    if (savepoint === undefined) this.#discardOld();
    return checkpoint;
  }

  fail(at: number, kind: Checkpoint["kind"], failure: string): void {
    this.#failed++;
    const format = kind === "checkpoint" ? null : "CANONICAL";
    this.#add({ id: this.#nextId++, at, kind, format, failure, discarded: false });
  }

  /** The tasks start again, from the latest checkpoint if there is one. */
  restart(at: number): void {
    const latest = this.latest("checkpoint");
    if (latest?.path === undefined) return;
    this.restored = { path: latest.path, at, id: latest.id, asked: false };
    this.#restores++;
  }

  /** The job is over: without retention its checkpoints go, and what it had claimed. */
  end(retain: boolean): void {
    if (retain) return;
    for (const checkpoint of this.#all) if (checkpoint.kind === "checkpoint") checkpoint.discarded = true;
    this.#claimedIsGone = this.#options.claims;
  }

  /** Whether this path is one that this job wrote and that still lies there. */
  holds(path: string): boolean {
    return this.#all.some((one) => one.path !== undefined && plainPath(one.path) === path && !one.discarded);
  }

  /** Whether this job has deleted this path, which was another's. */
  hasDeleted(path: string): boolean {
    return this.#claimedIsGone && plainPath(this.#options.restored?.path ?? "") === path;
  }

  /** The number of the checkpoint at this path. */
  idOf(path: string): number | undefined {
    return this.#all.find((one) => one.path !== undefined && plainPath(one.path) === path)?.id;
  }

  get counts(): { restored: number; completed: number; failed: number } {
    return { restored: this.#restores, completed: this.#completed, failed: this.#failed };
  }

  /** What is shown, the latest first. */
  get shown(): readonly Readonly<Checkpoint>[] {
    return this.#all.slice(-SHOWN).reverse();
  }

  latest(which: "checkpoint" | "savepoint" | "failed"): Checkpoint | undefined {
    return this.#all.findLast((one) => {
      if (one.path === undefined) return which === "failed";
      return which === (one.kind === "checkpoint" ? "checkpoint" : "savepoint");
    });
  }

  #add(checkpoint: Checkpoint): Checkpoint {
    this.#all.push(checkpoint);
    // The latest of each kind is shown however old it is.
    const latest = [this.latest("checkpoint"), this.latest("savepoint"), this.latest("failed")];
    if (this.#all.length > 4 * SHOWN) {
      const old = this.#all.length - 2 * SHOWN;
      this.#all = this.#all.filter((one, i) => i >= old || latest.includes(one) || isSavepoint(one));
    }
    return checkpoint;
  }

  #discardOld(): void {
    const kept = this.#all.filter((one) => one.kind === "checkpoint" && one.path !== undefined);
    for (const old of kept.slice(0, -this.#options.retained)) old.discarded = true;
    if (kept.length >= this.#options.retained) this.#claimedIsGone = this.#options.claims;
  }
}

/** Their files stay, whatever becomes of the job. */
const isSavepoint = ({ kind, path }: Checkpoint) => kind !== "checkpoint" && path !== undefined;
