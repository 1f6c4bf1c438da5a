/** A completed checkpoint or savepoint. */
export interface Checkpoint {
  readonly id: number;
  readonly path: string;
  readonly at: number;
  readonly savepoint: boolean;
}

const units: Record<string, number> = { ms: 1, s: 1_000, min: 60_000, m: 60_000, h: 3_600_000 };

/** `"300 ms"`, `"2s"`, `"1 min"`, in ms; undefined for anything else. */
export function durationMs(text: string | undefined): number | undefined {
  const match = /^\s*(\d+)\s*([a-z]*)\s*$/.exec(text ?? "");
  const unit = match === null ? undefined : units[match[2] || "ms"];
  return match === null || unit === undefined ? undefined : Number(match[1]) * unit;
}

/** One job's checkpoints. Periodic ones come into being when somebody looks: no timer runs for them. */
export class CheckpointHistory {
  readonly #directory: string;
  readonly #intervalMs: number | undefined;
  readonly #completed: Checkpoint[] = [];
  #nextId = 1;
  #lastPeriodic: number | undefined;
  readonly restored: { checkpoint: Checkpoint; at: number } | undefined;

  constructor(directory: string, intervalMs: number | undefined, restored?: { path: string; at: number }) {
    this.#directory = directory;
    this.#intervalMs = intervalMs;
    if (restored === undefined) return;
    const savepoint = !restored.path.includes("/chk-");
    this.restored = {
      at: restored.at,
      checkpoint: { id: 1, path: restored.path, at: restored.at, savepoint },
    };
    this.#nextId = 2;
  }

  /** Tasks run from `since` on: count what is due until `now`. */
  run(since: number, now: number): void {
    if (this.#intervalMs === undefined) return;
    for (;;) {
      const due = Math.max(this.#lastPeriodic ?? since, since) + this.#intervalMs;
      if (due > now) return;
      this.#lastPeriodic = due;
      this.complete(due, undefined);
      // Only the latest ten are ever shown; a job that ran for long must not cost memory.
      if (this.#completed.length > 10) this.#completed.shift();
    }
  }

  /** A checkpoint without a path, or a savepoint at one. */
  complete(at: number, savepointPath: string | undefined): Checkpoint {
    const id = this.#nextId++;
    const path = savepointPath ?? `${this.#directory}/chk-${id}`;
    const checkpoint = { id, path, at, savepoint: savepointPath !== undefined };
    this.#completed.push(checkpoint);
    return checkpoint;
  }

  get count(): number {
    return this.#nextId - (this.restored === undefined ? 1 : 2);
  }

  /** Oldest first. */
  get completed(): readonly Checkpoint[] {
    return [...this.#completed];
  }

  latest(savepoint: boolean): Checkpoint | undefined {
    return this.#completed.findLast((checkpoint) => checkpoint.savepoint === savepoint);
  }
}
