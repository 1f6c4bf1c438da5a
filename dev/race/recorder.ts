import { setTimeout as delay } from "node:timers/promises";

/** One job of GET /jobs/overview. */
interface Row {
  jid: string;
  name: string;
  state: string;
  "start-time": number;
}

/** What the JobManager is like, as anybody sees it who asks. */
export type Answer =
  | { readonly kind: "refused" }
  | { readonly kind: "electing" }
  /** The names of the jobs that live. */
  | { readonly kind: "listed"; readonly live: readonly string[] };

/** One run of a Flink job. The same JobID may have several, one after the other. */
interface Run {
  readonly jobId: string;
  readonly name: string;
  readonly startTime: number;
  state: string;
}

const EVERY_MS = 60;
const PATIENCE_MS = 2_000;

/**
 * Counts the Flink jobs that ever ran on one cluster, by asking it all the time. It knows nothing of FlinkJobs, agents and
 * JobIDs that anybody derives: only what Flink lists, by the name that main() gave the job.
 */
export class Recorder {
  readonly #url: string;
  readonly #onAnswer: (answer: Answer) => void;
  readonly #highAvailability: boolean;
  readonly #runs: Run[] = [];
  readonly #mostAlive = new Map<string, number>();
  readonly #stop = new AbortController();
  readonly #loop: Promise<void>;
  #answer: Answer = { kind: "refused" };

  /** Without high availability every job ends with its JobManager. */
  constructor(url: string, highAvailability: boolean, onAnswer: (answer: Answer) => void = () => {}) {
    this.#url = url;
    this.#highAvailability = highAvailability;
    this.#onAnswer = onAnswer;
    this.#loop = this.#record();
  }

  /** How often jobs of this name ran. */
  runs(name: string): number {
    return this.#of(name).length;
  }

  jobIds(name: string): string[] {
    return [...new Set(this.#of(name).map(({ jobId }) => jobId))];
  }

  alive(name: string): number {
    return this.#of(name).filter(isAlive).length;
  }

  /** The most of this name that Flink ever listed alive at the same time. */
  mostAlive(name: string): number {
    return this.#mostAlive.get(name) ?? 0;
  }

  get answer(): Answer {
    return this.#answer;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
  }

  #of(name: string): Run[] {
    return this.#runs.filter((run) => run.name === name);
  }

  async #record(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const seen = await this.#ask();
      if (signal.aborted) return;
      this.#see(seen);
      // Ends early, and that is all, when the signal comes.
      await delay(EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async #ask(): Promise<Row[] | "refused" | "electing"> {
    try {
      const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(PATIENCE_MS)]);
      const reply = await fetch(`${this.#url}/jobs/overview`, { signal });
      const text = await reply.text();
      return reply.ok ? (JSON.parse(text) as { jobs: Row[] }).jobs : "electing";
    } catch {
      // Nobody home, or it died while it spoke.
      return "refused";
    }
  }

  #see(seen: Row[] | "refused" | "electing"): void {
    if (typeof seen === "string") {
      if (seen === "refused" && !this.#highAvailability) this.#loseAll();
      this.#tell({ kind: seen });
      return;
    }
    for (const row of seen) this.#take(row);
    const live = seen.filter(({ state }) => !isTerminal(state)).map(({ name }) => name);
    for (const name of new Set(live)) {
      const count = live.filter((one) => one === name).length;
      this.#mostAlive.set(name, Math.max(this.mostAlive(name), count));
    }
    this.#tell({ kind: "listed", live });
  }

  #take({ jid: jobId, name, state, "start-time": startTime }: Row): void {
    const last = this.#runs.findLast((run) => run.jobId === jobId);
    if (last === undefined || this.#runsAgain(last, state, startTime)) {
      this.#runs.push({ jobId, name, state, startTime });
    } else {
      last.state = state;
    }
  }

  /**
   * A job that high availability brings back goes on. Of one that has ended it may list the kept result once more, with
   * another start; that is no run.
   */
  #runsAgain(last: Run, state: string, startTime: number): boolean {
    if (isAlive(last)) return false;
    return this.#highAvailability ? !isTerminal(state) : last.startTime !== startTime;
  }

  #loseAll(): void {
    for (const run of this.#runs) if (isAlive(run)) run.state = "LOST";
  }

  #tell(answer: Answer): void {
    this.#answer = answer;
    this.#onAnswer(answer);
  }
}

function isTerminal(state: string): boolean {
  return /^(FINISHED|CANCELED|FAILED)$/.test(state);
}

function isAlive({ state }: Run): boolean {
  return !isTerminal(state) && state !== "LOST";
}
