/** A line now and then on standard error: how far it is, how fast, how long yet. */
export class Progress {
  readonly #whole: number;
  readonly #begin = performance.now();
  #told = this.#begin;

  constructor(whole: number) {
    this.#whole = whole;
  }

  /** How many a second. */
  rate(done: number): number {
    return Math.round(done / Math.max(0.001, (performance.now() - this.#begin) / 1_000));
  }

  tell(done: number): void {
    const now = performance.now();
    if (now - this.#told < (process.stderr.isTTY ? 500 : 10_000)) return;
    this.#told = now;
    const rate = this.rate(done);
    const left = Math.ceil((this.#whole - done) / Math.max(1, rate));
    const line = `${done.toLocaleString("en-US")} of ${this.#whole.toLocaleString("en-US")} schedules, ${rate.toLocaleString("en-US")} a second, ${timeText(left)} left`;
    process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${line}` : `${line}\n`);
  }

  end(): void {
    if (process.stderr.isTTY) process.stderr.write("\r\u001b[K");
  }
}

function timeText(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}
