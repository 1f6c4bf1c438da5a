import type { FlinkJob } from "../../api/objects.ts";
import { type Clock, sleep } from "../../kube/clock.ts";
import { Recent } from "../../kube/recent.ts";
import { isGatewayError } from "../gateway-error.ts";
import type { OwnJobManagers, Told } from "../plans/own-job-managers.ts";

/** Savepoints, also those that stop a job, and checkpoints: what Flink calls asynchronous operations. */
export type OperationKind = "savepoints" | "checkpoints";

export interface OperationsOptions {
  readonly own: Pick<OwnJobManagers, "tell">;
  readonly clock: Clock;
  /** Ends all following. */
  readonly signal: AbortSignal;
}

const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 500;
const MOST_MS = 3_600_000;
/** So often in a row nobody answers, and it is given up: a minute. */
const MOST_SILENCES = 120;
const MOST_FOLLOWED = 64;
const MOST_KEPT = 1_024;

/**
 * A client that stops a job with a savepoint asks for the savepoint's path when the job has ended, and its cluster may be gone by
 * then. So each operation that is asked about is followed to its end, and its outcome kept for a while.
 */
export class Operations {
  readonly #options: OperationsOptions;
  readonly #outcomes = new Recent<string>(MOST_KEPT);
  readonly #followed = new Set<string>();

  constructor(options: OperationsOptions) {
    this.#options = options;
  }

  /** The outcome in Flink's JSON, where it was seen. */
  outcome(job: FlinkJob, kind: OperationKind, id: string): string | undefined {
    return this.#outcomes.get(keyOf(job, kind, id));
  }

  /** Follows it, from now on and in the background. */
  follow(job: FlinkJob, kind: OperationKind, id: string): void {
    const key = keyOf(job, kind, id);
    if (this.#followed.has(key) || this.#followed.size >= MOST_FOLLOWED) return;
    this.#followed.add(key);
    void this.#follow(job, kind, id, key).finally(() => this.#followed.delete(key));
  }

  /** Notes an outcome that somebody was told. */
  note(job: FlinkJob, kind: OperationKind, id: string, told: Told): void {
    if (isCompleted(told)) this.#outcomes.set(keyOf(job, kind, id), told.text);
  }

  async #follow(job: FlinkJob, kind: OperationKind, id: string, key: string): Promise<void> {
    const { own, clock, signal } = this.#options;
    const began = clock.monotonic();
    const path = `/v1/jobs/${job.spec.trigger?.jobId}/${kind}/${id}`;
    let silences = 0;
    for (let wait = FIRST_WAIT_MS; silences < MOST_SILENCES; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
      await sleep(clock, wait, signal);
      if (signal.aborted || clock.monotonic() - began > MOST_MS || this.#outcomes.get(key) !== undefined)
        return;
      const told = await own.tell(job, { method: "GET", path }).catch((error: unknown) => {
        if (isGatewayError(error)) return undefined;
        throw error;
      });
      silences = told === undefined ? silences + 1 : 0;
      // Its JobManager does not know it.
      if (told !== undefined && told.status >= 400 && told.status < 500) return;
      if (told !== undefined) this.note(job, kind, id, told);
    }
  }
}

function keyOf({ metadata }: FlinkJob, kind: OperationKind, id: string): string {
  return `${metadata.uid}/${kind}/${id}`;
}

function isCompleted({ status, text }: Told): boolean {
  if (status !== 200) return false;
  try {
    return (JSON.parse(text) as { status?: { id?: string } }).status?.id === "COMPLETED";
  } catch {
    return false;
  }
}
