import type { ProcessTime } from "./clock.ts";
import type { Throwable } from "./throwable.ts";

export type ApplicationState =
  | "CREATED"
  | "RUNNING"
  | "FAILING"
  | "FAILED"
  | "CANCELING"
  | "CANCELED"
  | "FINISHED";
const states: ApplicationState[] = [
  "CREATED",
  "FAILING",
  "FAILED",
  "RUNNING",
  "CANCELED",
  "CANCELING",
  "FINISHED",
];

/** 2.3: what owns jobs. `/run` makes one around each job; `/run-application` one around a main(). */
export class Application {
  readonly id: string;
  readonly name: string;
  /** JobIDs, in the order of submission. */
  readonly jobs: string[] = [];
  readonly exceptions: { thrown: Throwable; at: number }[] = [];
  readonly startTime: number;
  readonly #time: ProcessTime;
  readonly #entered: Partial<Record<ApplicationState, number>> = {};
  #state: ApplicationState = "CREATED";
  endTime = -1;

  constructor(id: string, name: string, time: ProcessTime) {
    this.id = id;
    this.name = name;
    this.#time = time;
    this.startTime = time.now();
    this.enter("CREATED");
    this.enter("RUNNING");
  }

  get state(): ApplicationState {
    return this.#state;
  }

  get ended(): boolean {
    return this.endTime !== -1;
  }

  enter(state: ApplicationState): void {
    if (this.ended) return;
    this.#state = state;
    this.#entered[state] = this.#time.now();
    if (state === "FAILED" || state === "CANCELED" || state === "FINISHED") this.endTime = this.#time.now();
  }

  /** A row of /applications/overview; `jobStates` are those of its jobs that the JobManager still knows. */
  overviewRow(jobStates: readonly string[]): object {
    const jobs: Record<string, number> = {};
    for (const state of jobStates) jobs[state] = (jobs[state] ?? 0) + 1;
    return { id: this.id, name: this.name, ...this.#span(), status: this.#state, jobs };
  }

  /** /applications/:id. */
  details(jobRows: readonly object[]): object {
    const timestamps = Object.fromEntries(states.map((state) => [state, this.#entered[state] ?? 0]));
    return { id: this.id, name: this.name, status: this.#state, ...this.#span(), timestamps, jobs: jobRows };
  }

  #span(): object {
    const until = this.ended ? this.endTime : this.#time.now();
    return { "start-time": this.startTime, "end-time": this.endTime, duration: until - this.startTime };
  }
}
