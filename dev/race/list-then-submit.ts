import { setTimeout as delay } from "node:timers/promises";

/** What the agent looks after. */
export interface Watched {
  readonly url: string;
  /** Of a JAR that was uploaded before. */
  readonly jarId: string;
  readonly entryClass: string;
  readonly args: readonly string[];
  /** The job's name: by it the agent knows its job in the list. */
  readonly name: string;
  readonly endpoint: "run" | "run-application";
  /** How long it waits for an answer, in milliseconds. */
  readonly patienceMs: number;
  /**
   * Its own JobID, made before the first request and sent with each: a later generation of agents does this. Without one
   * Flink makes a new JobID for each request, as the letter has it.
   */
  readonly jobId?: string;
}

export type Tell = (text: string, again?: boolean) => void;

const EVERY_MS = 250;

/**
 * The agent that the letter of 2017 describes: 1. is the JobManager there? 2. does the job run? 3. if not, submit it;
 * 4. retry if there are any issues. It is fair: it never submits while the JobManager does not answer, and after an
 * accepted request it waits until it has seen the job.
 */
export class ListThenSubmit {
  readonly #watched: Watched;
  readonly #tell: Tell;
  readonly #stop = new AbortController();
  #loop: Promise<void> | undefined;
  #requests = 0;
  #sees = 0;
  #accepted = false;
  #last = "";

  constructor(watched: Watched, tell: Tell) {
    this.#watched = watched;
    this.#tell = tell;
  }

  /** Run requests that it sent. */
  get requests(): number {
    return this.#requests;
  }

  /** How many jobs it took for its own when it last saw one. */
  get sees(): number {
    return this.#sees;
  }

  start(): this {
    this.#loop = this.#run();
    return this;
  }

  /** At once, whatever it waits for: as kill -9 would. */
  async kill(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const states = await this.#list();
      if (states === undefined) this.#say("no JobManager: waits");
      else if (states.length > 0) this.#found(states);
      else if (!this.#accepted) await this.#submit();
      await delay(EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  #found(states: readonly string[]): void {
    // From now on it knows that its job is there; should it vanish, it has to be submitted again.
    this.#accepted = false;
    this.#sees = states.length;
    this.#say(states.length === 1 ? `sees it ${states[0]}` : `sees ${states.length} of it`);
  }

  /** The states of its job in the list; undefined where the JobManager does not answer. */
  async #list(): Promise<string[] | undefined> {
    const { url, name, jobId } = this.#watched;
    try {
      const reply = await fetch(`${url}/jobs/overview`, { signal: this.#patience() });
      if (!reply.ok) return undefined;
      const { jobs } = (await reply.json()) as { jobs: { jid: string; name: string; state: string }[] };
      return jobs
        .filter((job) => (jobId === undefined ? job.name === name : job.jid === jobId))
        .map(({ state }) => state);
    } catch {
      return undefined;
    }
  }

  async #submit(): Promise<void> {
    const { url, jarId, endpoint, entryClass, args, jobId, patienceMs } = this.#watched;
    this.#say(this.#requests === 0 ? "submits it" : "not in the list: submits it again", this.#requests > 0);
    this.#requests++;
    const body = {
      entryClass,
      programArgsList: args,
      parallelism: 1,
      ...(jobId === undefined ? {} : { jobId }),
    };
    try {
      const reply = await fetch(`${url}/jars/${jarId}/${endpoint}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
        signal: this.#patience(),
      });
      await reply.text();
      this.#accepted = reply.ok;
      this.#say(reply.ok ? `accepted (${reply.status})` : `refused (${reply.status}): retries`);
    } catch {
      if (!this.#stop.signal.aborted) this.#say(`no answer after ${patienceMs / 1000} s: retries`);
    }
  }

  #patience(): AbortSignal {
    return AbortSignal.any([this.#stop.signal, AbortSignal.timeout(this.#watched.patienceMs)]);
  }

  #say(text: string, again = false): void {
    if (text === this.#last) return;
    this.#last = text;
    this.#tell(text, again);
  }
}
