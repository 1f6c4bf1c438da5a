/** Watches which jobs of one FlinkJob live on a cluster, independently of the operator. */
export class LiveJobs {
  /** Every moment at which more than one lived. */
  readonly crowds: string[][] = [];
  /** How often the cluster told. */
  looks = 0;
  readonly #url: string;
  readonly #prefix: string;
  #watching = true;
  readonly #done: Promise<void>;

  constructor(url: string, jobId: string) {
    this.#url = url;
    this.#prefix = jobId.slice(0, 16);
    this.#done = this.#watch();
  }

  async close(): Promise<void> {
    this.#watching = false;
    await this.#done;
  }

  async #watch(): Promise<void> {
    while (this.#watching) {
      const live = await this.#live();
      if (live) this.looks++;
      if (live && live.length > 1) this.crowds.push(live);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  }

  /** Undefined while the JobManager does not answer. */
  async #live(): Promise<string[] | undefined> {
    try {
      const reply = await fetch(`${this.#url}/jobs/overview`, { signal: AbortSignal.timeout(5_000) });
      const { jobs } = (await reply.json()) as { jobs: { jid: string; state: string }[] };
      const over = ["FINISHED", "CANCELED", "FAILED"];
      const mine = jobs.filter(({ jid, state }) => jid.startsWith(this.#prefix) && !over.includes(state));
      return mine.map(({ jid, state }) => `${jid} ${state}`);
    } catch {
      return undefined;
    }
  }
}
