import type { CheckpointHistory } from "./checkpoints.ts";
import { durationMs } from "./checkpoints.ts";
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
  findSnapshot(path: string): SavedState | undefined;
  ended(job: Job, state: TerminalState): void;
}

export interface JobSpec {
  readonly id: string;
  readonly applicationId: string | undefined;
  readonly plan: JobPlan;
  readonly request: RunRequest;
  readonly checkpoints: CheckpointHistory;
  /** After a failover: goes on instead of starting. */
  readonly recovered: boolean;
}

/** A Flink job inside one JobManager process. */
export class Job {
  readonly spec: JobSpec;
  startTime: number;
  readonly #host: JobHost;
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
    this.#enter("RESTARTING");
    this.#host.slots.release(this);
    this.#host.time.after(strategy.delayMs, () => {
      if (this.#state !== "RESTARTING") return;
      this.restarts++;
      this.checkpoints.restart(this.#host.time.now());
      this.#schedule();
    });
  }

  #schedule(): void {
    this.#enter("RUNNING");
    this.#tasks = "scheduled";
    const granted = () => {
      this.#tasks = "deploying";
      this.#host.time.after(this.#host.times.deploy, () => this.#work());
    };
    this.#host.slots.request(this, this.spec.request.parallelism, granted, () => this.fail(noResources()));
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
    this.#host.slots.release(this);
    this.#host.ended(this, state);
  }
}

/** Without checkpoints a job is not restarted unless it asks for it; with checkpoints for ever. */
function restartStrategy(
  configuration: Readonly<Record<string, string>>,
  defaultDelayMs: number,
): { name: string; attempts: number; delayMs: number } {
  const checkpoints = configuration["execution.checkpointing.interval"] !== undefined;
  const asked = configuration["restart-strategy.type"] ?? configuration["restart-strategy"];
  const type = asked ?? (checkpoints ? "exponential-delay" : "none");
  if (!/fixed|exponential/.test(type))
    return { name: "NoRestartBackoffTimeStrategy", attempts: 0, delayMs: 0 };
  const fixed = type.startsWith("fixed");
  const setting = (name: string) => configuration[`restart-strategy.fixed-delay.${name}`];
  const attempts = fixed ? Number(setting("attempts") ?? 1) : Number.POSITIVE_INFINITY;
  const delayMs = (fixed ? durationMs(setting("delay")) : undefined) ?? defaultDelayMs;
  const described = `(maxNumberRestartAttempts=${attempts}, backoffTimeMS=${delayMs})`;
  return { name: `FixedDelayRestartBackoffTimeStrategy${described}`, attempts, delayMs };
}
