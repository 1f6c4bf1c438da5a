import type { CheckpointHistory } from "./checkpoints.ts";
import { durationMs } from "./checkpoints.ts";
import type { ProcessTime } from "./clock.ts";
import { noResources, restartSuppressed, savepointNotFound, userException } from "./failures.ts";
import { type JobPlan, scenarioClass } from "./mains.ts";
import type { Times } from "./options.ts";
import type { RunRequest } from "./run-request.ts";
import type { Slots } from "./slots.ts";
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
  readonly at: number;
}

/** What a job needs of the JobManager around it. */
export interface JobHost {
  readonly time: ProcessTime;
  readonly times: Times;
  readonly slots: Slots;
  savepointExists(path: string): boolean;
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
  readonly startTime: number;
  readonly #host: JobHost;
  #state: JobState = "INITIALIZING";
  #tasks: TaskPhase = "none";
  #entered: Partial<Record<JobState, number>> = {};
  #runningSince: number | undefined;
  #changed: number;
  endTime = -1;
  restarts = 0;
  failure: JobFailure | undefined;
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

  /** Settles when the job is initialised. Throws FlinkFailure when it could not be: it is FAILED then. */
  async start(): Promise<void> {
    await this.#host.time.wait(this.#host.times.initialize);
    if (isTerminal(this.#state)) return;
    const path = this.spec.recovered ? undefined : this.spec.request.savepointPath;
    if (path !== undefined && !this.#host.savepointExists(path)) {
      const thrown = savepointNotFound(path);
      this.failure = { thrown, at: this.#host.time.now() };
      this.#end("FAILED");
      throw new FlinkFailure(thrown);
    }
    this.initialized = true;
    this.#enter("CREATED");
    this.#schedule();
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
    const at = this.#host.time.now();
    this.failure = { thrown: restartSuppressed(strategy.name, byTask), byTask, at };
    if (this.restarts >= strategy.attempts) {
      this.#end("FAILED", "failed");
      return;
    }
    this.#enter("RESTARTING");
    this.#host.slots.release(this);
    this.#host.time.after(strategy.delayMs, () => {
      if (this.#state !== "RESTARTING") return;
      this.restarts++;
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
    const { ends, message } = this.spec.plan;
    if (ends === "never") return;
    this.#host.time.after(this.#host.times.work, () => {
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
  const type = configuration["restart-strategy.type"] ?? (checkpoints ? "exponential-delay" : "none");
  if (!/fixed|exponential/.test(type))
    return { name: "NoRestartBackoffTimeStrategy", attempts: 0, delayMs: 0 };
  const fixed = type.startsWith("fixed");
  const setting = (name: string) => configuration[`restart-strategy.fixed-delay.${name}`];
  const attempts = fixed ? Number(setting("attempts") ?? 1) : Number.POSITIVE_INFINITY;
  const delayMs = (fixed ? durationMs(setting("delay")) : undefined) ?? defaultDelayMs;
  const described = `(maxNumberRestartAttempts=${attempts}, backoffTimeMS=${delayMs})`;
  return { name: `FixedDelayRestartBackoffTimeStrategy${described}`, attempts, delayMs };
}
