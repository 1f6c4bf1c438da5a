import { LONGEST_EXECUTION_RESULT } from "../api/plan.ts";
import type {
  ConfigurationSeen,
  ExecutionResultSeen,
  SnapshotsSeen,
  TroublesSeen,
} from "../core/observed.ts";
import type { Effect } from "../core/step.ts";
import type { Clock } from "../kube/clock.ts";
import type { JobManagerPort } from "../ports.ts";

type ReadEffect = Extract<
  Effect,
  { kind: "readSnapshots" | "readTroubles" | "readConfiguration" | "readExecutionResult" }
>;
type ReadingPort = Pick<
  JobManagerPort,
  "snapshots" | "exceptions" | "jobRestarts" | "configuration" | "verbatimResult"
>;

/** What this process last read of jobs, by FlinkJob: their snapshots, why they restarted, what they run with, how they ended. */
export class JobNews {
  readonly #clock: Clock;
  readonly #snapshots = new Map<string, SnapshotsSeen>();
  readonly #troubles = new Map<string, TroublesSeen>();
  readonly #configurations = new Map<string, ConfigurationSeen>();
  readonly #results = new Map<string, ExecutionResultSeen>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  snapshots(uid: string): SnapshotsSeen | undefined {
    return this.#snapshots.get(uid);
  }

  troubles(uid: string): TroublesSeen | undefined {
    return this.#troubles.get(uid);
  }

  configuration(uid: string): ConfigurationSeen | undefined {
    return this.#configurations.get(uid);
  }

  executionResult(uid: string): ExecutionResultSeen | undefined {
    return this.#results.get(uid);
  }

  forget(uid: string): void {
    this.#results.delete(uid);
    this.#configurations.delete(uid);
    this.#snapshots.delete(uid);
    this.#troubles.delete(uid);
  }

  /** `told`: what may be told of a message. Throws FlinkError. */
  async read(
    uid: string,
    jobManager: ReadingPort,
    effect: ReadEffect,
    told: (message: string) => string,
    signal: AbortSignal,
  ): Promise<void> {
    const { jobId } = effect;
    const at = this.#clock.now();
    if (effect.kind === "readSnapshots") {
      const snapshots = await jobManager.snapshots(jobId, signal);
      this.#snapshots.set(uid, { jobId, at, incarnation: effect.incarnation, snapshots });
      return;
    }
    if (effect.kind === "readConfiguration") {
      const shown = await jobManager.configuration(jobId, signal).catch(unlessAborted(signal));
      this.#configurations.set(uid, { jobId, at: this.#clock.now(), shown });
      return;
    }
    if (effect.kind === "readExecutionResult") {
      const result = await jobManager.verbatimResult(jobId, LONGEST_EXECUTION_RESULT, signal);
      this.#results.set(uid, { jobId, at: this.#clock.now(), result });
      return;
    }
    const newest = (await jobManager.exceptions(jobId, signal))?.[0];
    const restarts = await jobManager.jobRestarts(jobId, signal);
    this.#troubles.set(uid, {
      jobId,
      at,
      ...(restarts === undefined ? {} : { restarts }),
      ...(newest ? { newest: { at: newest.at, message: told(newest.message) } } : {}),
    });
  }
}

/** What is beside the point is asked for once: a failure must not come between the job and the rest. */
function unlessAborted(signal: AbortSignal): (error: unknown) => undefined {
  return (error) => {
    if (signal.aborted) throw error;
  };
}
