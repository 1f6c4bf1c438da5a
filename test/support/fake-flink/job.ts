import { AdaptiveScheduler, type Bounds } from "./adaptive-scheduler.ts";
import type { CheckpointHistory } from "./checkpoints.ts";
import type { ProcessTime } from "./clock.ts";
import {
  cannotRestore,
  noResources,
  restartSuppressed,
  savepointNotFound,
  userException,
} from "./failures.ts";
import { type JobPlan, scenarioClass } from "./mains.ts";
import type { Times } from "./options.ts";
import { restartStrategy } from "./restart-strategy.ts";
import type { RunRequest } from "./run-request.ts";
import type { Slots } from "./slots.ts";
import type { EndedJob, SavedState } from "./storage.ts";
import { FlinkFailure, type Throwable } from "./throwable.ts";

export const jobStates = [
  "INITIALIZING",
  "CREATED",
  "RUNNING",
  "FAILING",
  "FAILED",
  "CANCELLING",
  "CANCELED",
  "FINISHED",
  "RESTARTING",
  "SUSPENDED",
  "RECONCILING",
] as const;
export type JobState = (typeof jobStates)[number];
export type TerminalState = "FAILED" | "CANCELED" | "FINISHED";

export const isTerminal = (state: JobState): state is TerminalState =>
  state === "FAILED" || state === "CANCELED" || state === "FINISHED";

/** Where all tasks of a job are; one chained vertex, so they go together. */
export type TaskPhase = "none" | "scheduled" | "deploying" | "running" | "failed" | "canceled" | "finished";

export interface JobFailure {
  readonly thrown: Throwable;
  /** The task's own exception; absent where the job could not even start. */
  readonly byTask?: Throwable;
  /** How often the job had been restarted before. */
  readonly execution: number;
  readonly at: number;
}

/** What a job needs of the JobManager around it. */
export interface JobHost {
  readonly time: ProcessTime;
  readonly times: Times;
  readonly slots: Slots;
  /** `jobmanager.scheduler` is adaptive; a batch job gets another scheduler all the same. */
  readonly adaptive: boolean;
  /** >= 2.0 */
  readonly patientScaling: boolean;
  findSnapshot(path: string): SavedState | undefined;
  ended(job: Job, state: TerminalState): void;
}

export interface JobSpec {
  readonly id: string;
  readonly applicationId: string | undefined;
  readonly plan: JobPlan;
  readonly request: RunRequest;
  readonly checkpoints: CheckpointHistory;
  readonly bounds: Bounds;
  /** After a failover: goes on instead of starting. */
  readonly recovered: boolean;
}

/** A Flink job inside one JobManager process. */
export class Job {
  readonly spec: JobSpec;
  startTime: number;
  readonly #host: JobHost;
  /** Undefined: the default scheduler, or AdaptiveBatch. */
  readonly scheduler: AdaptiveScheduler | undefined;
  #parallelism: number;
  #state: JobState = "INITIALIZING";
  #tasks: TaskPhase = "none";
  #entered: Partial<Record<JobState, number>> = {};
  #runningSince: number | undefined;
  #changed: number;
  endTime = -1;
  restarts = 0;
  /** The latest first. */
  readonly failures: JobFailure[] = [];
  /** Why it could not start: such a job has no vertices. */
  initialized = false;

  constructor(spec: JobSpec, host: JobHost) {
    this.spec = spec;
    this.#host = host;
    this.#parallelism = spec.request.parallelism;
    if (host.adaptive && !isBatch(spec.request)) this.scheduler = this.#adaptive();
    this.startTime = host.time.now();
    this.#changed = this.startTime;
    this.#entered.INITIALIZING = this.startTime;
  }

  get id(): string {
    return this.spec.id;
  }

  get state(): JobState {
    return this.#state;
  }

  get tasks(): TaskPhase {
    return this.#tasks;
  }

  get isBatch(): boolean {
    return isBatch(this.spec.request);
  }

  /** Of its one vertex; what was submitted while it has no tasks. */
  get parallelism(): number {
    return this.#parallelism;
  }

  get lastModification(): number {
    return this.#changed;
  }

  entered(state: JobState): number {
    return this.#entered[state] ?? 0;
  }

  get checkpoints(): CheckpointHistory {
    const until = this.endTime === -1 ? this.#host.time.now() : this.endTime;
    if (this.#runningSince !== undefined) this.spec.checkpoints.run(this.#runningSince, until);
    return this.spec.checkpoints;
  }

  /** One that had ended before this process began: only its result is known. */
  restoreEnd({ state, startTime, endTime }: EndedJob): void {
    this.startTime = startTime;
    this.endTime = endTime;
    this.#enter(state);
  }

  /** Settles when the job is initialised. Throws FlinkFailure when it could not be: it is FAILED then. */
  async start(): Promise<void> {
    await this.#host.time.wait(this.#host.times.initialize);
    if (isTerminal(this.#state)) return;
    const thrown = this.#cannotRestore();
    if (thrown !== undefined) {
      this.failBeforeStart(thrown);
      throw new FlinkFailure(thrown);
    }
    this.initialized = true;
    this.#enter("CREATED");
    this.#schedule();
  }

  failBeforeStart(thrown: Throwable): void {
    this.failures.unshift({ thrown, execution: 0, at: this.#host.time.now() });
    this.#end("FAILED");
  }

  #cannotRestore(): Throwable | undefined {
    const { savepointPath: path, allowNonRestoredState } = this.spec.request;
    if (this.spec.recovered || path === undefined) return undefined;
    const snapshot = this.#host.findSnapshot(path);
    if (snapshot === undefined) return savepointNotFound(path);
    const { entryClass } = snapshot;
    const foreign = entryClass !== undefined && entryClass !== this.spec.plan.program;
    return foreign && !allowNonRestoredState ? cannotRestore(path) : undefined;
  }

  cancel(): void {
    if (isTerminal(this.#state) || this.#state === "CANCELLING") return;
    this.#enter("CANCELLING");
    this.#host.time.after(this.#host.times.cancel, () => this.#end("CANCELED", "canceled"));
  }

  finish(): void {
    this.#end("FINISHED", "finished");
  }

  /** A task throws; the job's restart strategy decides what follows. */
  fail(byTask: Throwable): void {
    if (isTerminal(this.#state) || this.#state === "CANCELLING") return;
    const strategy = restartStrategy(this.spec.request.configuration, this.#host.times.restart);
    this.#tasks = "failed";
    const final = this.restarts >= strategy.attempts;
    const thrown = final ? restartSuppressed(strategy.name, byTask) : byTask;
    this.failures.unshift({ thrown, byTask, execution: this.restarts, at: this.#host.time.now() });
    // `web.exception-history-size`
    this.failures.splice(16);
    if (final) {
      this.#end("FAILED", "failed");
      return;
    }
    this.#restart(strategy.delayMs, () => this.#schedule());
  }

  #restart(delayMs: number, then: () => void): void {
    this.#enter("RESTARTING");
    this.scheduler?.rest();
    this.#host.slots.release(this.scheduler ?? this);
    // What was taken until now; no task runs any more.
    void this.checkpoints;
    this.#runningSince = undefined;
    this.#host.time.after(delayMs, () => {
      if (this.#state !== "RESTARTING") return;
      this.restarts++;
      if (this.scheduler === undefined) this.checkpoints.restart(this.#host.time.now());
      then();
    });
  }

  #adaptive(): AdaptiveScheduler {
    const { time, times, slots, patientScaling: patient } = this.#host;
    const tasks = {
      start: (parallelism: number) => {
        if (this.restarts > 0) this.checkpoints.restart(time.now());
        this.#parallelism = parallelism;
        this.#enter("RUNNING");
        this.#deploy();
      },
      restart: (stopped: () => void) => {
        this.#tasks = "canceled";
        this.#restart(times.cancel, () => {
          this.#unscheduled();
          stopped();
        });
      },
      starve: () => this.fail(noResources()),
      nextCheckpoint: (at: number) => this.spec.checkpoints.due(this.#runningSince ?? time.now(), at),
    };
    return new AdaptiveScheduler(this.spec.bounds, tasks, { time, times, slots, patient });
  }

  #unscheduled(): void {
    this.#enter("CREATED");
    this.#tasks = "none";
    this.#parallelism = this.spec.request.parallelism;
  }

  #schedule(): void {
    if (this.scheduler !== undefined) {
      this.#unscheduled();
      this.scheduler.seek();
      return;
    }
    this.#enter("RUNNING");
    this.#tasks = "scheduled";
    const granted = () => this.#deploy();
    this.#host.slots.request(this, this.spec.request.parallelism, granted, () => this.fail(noResources()));
  }

  #deploy(): void {
    const start = this.restarts;
    this.#tasks = "deploying";
    this.#host.time.after(this.#host.times.deploy, () => start === this.restarts && this.#work());
  }

  #work(): void {
    if (this.#state !== "RUNNING") return;
    this.#tasks = "running";
    this.#changed = this.#host.time.now();
    this.#runningSince = this.#changed;
    const { ends, message, worksMs } = this.spec.plan;
    if (ends === "never") return;
    this.#host.time.after(this.#host.times.work + worksMs, () => {
      if (this.#state !== "RUNNING") return;
      if (ends === "finishes") this.finish();
      else this.fail(userException("java.lang.IllegalStateException", message, `${scenarioClass}$Work`));
    });
  }

  #enter(state: JobState): void {
    this.#state = state;
    this.#changed = this.#host.time.now();
    this.#entered[state] = this.#changed;
  }

  #end(state: TerminalState, tasks: TaskPhase = "none"): void {
    if (isTerminal(this.#state)) return;
    this.endTime = this.#host.time.now();
    this.#enter(state);
    this.#tasks = tasks;
    this.scheduler?.rest();
    this.#host.slots.release(this.scheduler ?? this);
    this.#host.ended(this, state);
  }
}

const isBatch = ({ configuration }: RunRequest) =>
  configuration["execution.runtime-mode"]?.toUpperCase() === "BATCH";
