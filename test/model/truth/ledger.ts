import type { FlinkJobState } from "../../../src/core/observed.ts";

export type End = "FINISHED" | "FAILED" | "CANCELED" | "STOPPED" | "LOST";

/** What really became of one JobID. Values are replaced, never changed. */
export interface Entry {
  readonly jobId: string;
  readonly uid: number;
  readonly trigger: string;
  readonly attempt: number;
  /** How many times a job began under this JobID, without those that Flink recovered. */
  readonly begun: number;
  readonly content: number;
  /** How much had been done by what it started from. */
  readonly base: number;
  readonly end: End | undefined;
  /** How many run requests arrived, without copies that something on the way made. */
  readonly arrived: number;
}

/** State that the next job may count on. */
export interface Promised {
  readonly jobId: string;
  readonly trigger: string;
  readonly work: number;
  readonly base: number;
}

/** The truth, which no operator can read: what was recorded, what ran, how it ended. */
export class Ledger {
  entries: Entry[] = [];
  /** How often the JobManager was replaced, and hours went by. */
  failovers = 0;
  hours = 0;
  wiped = 0;
  /** What the last job to end left, and what it had started from. */
  promise: Promised | undefined;
  /** The status has said that the job which was to be adopted is followed. */
  adopted = false;
  /** How many restarts the job had behind it when the status last said that it restarts. */
  restartsSeen = 0;
  /** A FlinkJob was let go before its job was seen to end, with an event that says so. */
  letGoLate = 0;
  /** A FlinkCluster was made when nobody wanted it any more: between the look and the making an operator stood still. */
  madeLate = 0;
  /** FlinkClusters that somebody took away with their finalizer. */
  forced = 0;

  /** What Flink was asked for and took, by JobID. */
  scaled: readonly string[] = [];
  /** It took something when another was on record as taken. */
  requiredLate = false;

  clone(): Ledger {
    const copy = new Ledger();
    copy.entries = this.entries.slice();
    copy.failovers = this.failovers;
    copy.hours = this.hours;
    copy.wiped = this.wiped;
    copy.adopted = this.adopted;
    copy.restartsSeen = this.restartsSeen;
    copy.letGoLate = this.letGoLate;
    copy.madeLate = this.madeLate;
    copy.forced = this.forced;
    copy.scaled = this.scaled;
    copy.requiredLate = this.requiredLate;
    copy.promise = this.promise;
    return copy;
  }

  of(jobId: string): Entry | undefined {
    for (const entry of this.entries) if (entry.jobId === jobId) return entry;
    return undefined;
  }

  required(jobId: string, parallelism: number): void {
    const text = `${jobId}/${parallelism}`;
    if (!this.scaled.includes(text)) this.scaled = [...this.scaled, text].sort();
  }

  wasRequired(jobId: string, parallelism: number): boolean {
    return this.scaled.includes(`${jobId}/${parallelism}`);
  }

  recorded(jobId: string, uid: number, trigger: string, attempt: number): void {
    if (this.of(jobId)) return;
    this.entries.push({
      jobId,
      uid,
      trigger,
      attempt,
      begun: 0,
      content: 0,
      base: 0,
      end: undefined,
      arrived: 0,
    });
  }

  began(jobId: string, content: number, base: number): void {
    const begun = (this.of(jobId)?.begun ?? 0) + 1;
    this.#set(jobId, { begun, content, base, end: undefined });
  }

  /** STOPPED: with a savepoint, by the operator. */
  ended(jobId: string, end: FlinkJobState | "STOPPED" | "LOST"): void {
    this.#set(jobId, { end: end as End });
  }

  arrived(jobId: string): void {
    this.#set(jobId, { arrived: (this.of(jobId)?.arrived ?? 0) + 1 });
  }

  #set(jobId: string, patch: Partial<Entry>): void {
    this.entries = this.entries.map((entry) => (entry.jobId === jobId ? { ...entry, ...patch } : entry));
  }
}
