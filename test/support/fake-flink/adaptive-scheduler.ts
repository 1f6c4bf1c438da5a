import type { ProcessTime, Timer } from "./clock.ts";
import type { Times } from "./options.ts";
import type { Slots } from "./slots.ts";

/** Between how many subtasks the job's one vertex may have. The same object lies in the store of high availability. */
export interface Bounds {
  lower: number;
  upper: number;
}

/** What the scheduler has the job do. */
export interface Tasks {
  /** Slots for so many are held. */
  start(parallelism: number): void;
  /** Stops them, to start again from the newest checkpoint; calls `stopped` unless the job has ended then. */
  restart(stopped: () => void): void;
  /** There were not enough slots for too long. */
  starve(): void;
  /** When the first checkpoint after `at` is complete; undefined where none is taken. */
  nextCheckpoint(at: number): number | undefined;
}

interface Around {
  readonly time: ProcessTime;
  readonly times: Times;
  readonly slots: Slots;
  /** >= 2.0: goes on running while it waits for better, and is scaled when a checkpoint is complete. */
  readonly patient: boolean;
}

/** Flink's adaptive scheduler for one job: runs it with as many subtasks as there are slots for, within its bounds. */
export class AdaptiveScheduler {
  readonly bounds: Bounds;
  readonly #tasks: Tasks;
  readonly #around: Around;
  #phase: "idle" | "seeking" | "running" = "idle";
  #parallelism = 0;
  #startedAt = 0;
  /** From when on a checkpoint is what it waits for. */
  #soonest = 0;
  /** The last moment for which it waits for slots, or the next at which it may scale. */
  #timer: Timer | undefined;
  #sufficientSince: number | undefined;

  constructor(bounds: Bounds, tasks: Tasks, around: Around) {
    this.bounds = bounds;
    this.#tasks = tasks;
    this.#around = around;
  }

  /** Looks for slots: the job is CREATED, without tasks, until there are enough. */
  seek(): void {
    this.#phase = "seeking";
    this.#sufficientSince = undefined;
    this.#wait(this.#around.times.resourceWait, () => this.#tasks.starve());
    this.#look();
  }

  /** The job's tasks are gone, and it does not want others for now. */
  rest(): void {
    this.#phase = "idle";
    this.#timer?.cancel();
  }

  /** The bounds, or what slots there are, are others. */
  changed(): void {
    if (this.#phase === "seeking") this.#look();
    if (this.#phase === "running") this.#consider();
  }

  /** One is complete that nobody could foresee. */
  checkpointed(): void {
    const waits = this.#phase === "running" && this.#around.patient && this.#wantsOther();
    if (waits && this.#around.time.now() >= this.#soonest) this.#scale();
  }

  /** How many subtasks there are slots for. */
  get #possible(): number {
    return Math.min(this.bounds.upper, this.#around.slots.possible(this));
  }

  #look(): void {
    const possible = this.#possible;
    if (possible === this.bounds.upper) {
      this.#start(possible);
    } else if (possible >= this.bounds.lower && this.#sufficientSince === undefined) {
      this.#sufficientSince = this.#around.time.now();
      this.#wait(this.#around.times.stabilization, () => {
        this.#sufficientSince = undefined;
        if (this.#possible >= this.bounds.lower) this.#start(this.#possible);
        else this.seek();
      });
    }
  }

  #start(parallelism: number): void {
    this.#timer?.cancel();
    this.#phase = "running";
    this.#parallelism = parallelism;
    this.#startedAt = this.#around.time.now();
    this.#around.slots.hold(this, parallelism);
    this.#tasks.start(parallelism);
    this.#consider();
  }

  /** Not before the tasks have run for a while; since 2.0 not without need between two checkpoints. */
  #consider(): void {
    if (!this.#wantsOther()) return;
    const { time, times, patient } = this.#around;
    const now = time.now();
    const short = patient && this.#possible < this.bounds.upper ? times.executingStabilization : 0;
    this.#soonest = Math.max(now + short, this.#startedAt + times.cooldown);
    const at = (patient ? this.#tasks.nextCheckpoint(this.#soonest) : undefined) ?? this.#soonest;
    this.#wait(at - now, () => {
      if (this.#wantsOther()) this.#scale();
    });
  }

  #wantsOther(): boolean {
    return this.#possible >= this.bounds.lower && this.#possible !== this.#parallelism;
  }

  #scale(): void {
    this.rest();
    this.#tasks.restart(() => {
      const possible = this.#possible;
      // What was there when it was decided is what it goes on with.
      if (this.#around.patient && possible >= this.bounds.lower) this.#start(possible);
      else this.seek();
    });
  }

  #wait(ms: number, then: () => void): void {
    this.#timer?.cancel();
    this.#timer = this.#around.time.after(ms, then);
  }
}
