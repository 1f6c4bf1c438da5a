import { ConnectFailure } from "./connections.ts";
import { KubeError } from "./errors.ts";

/** A deadline and a caller's signal as one signal that remembers which of them ended the request. */
export class Limit implements Disposable {
  readonly #abort = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #onCaller = () => this.#abort.abort();
  readonly #deadlineMs: number;
  #timer: NodeJS.Timeout | undefined;
  #expired = false;

  constructor(caller: AbortSignal | undefined, deadlineMs: number) {
    this.#caller = caller;
    this.#deadlineMs = deadlineMs;
    if (caller?.aborted) this.#abort.abort();
    caller?.addEventListener("abort", this.#onCaller, { once: true });
    // A timer of no time at all still loses to an answer that is quick.
    if (deadlineMs <= 0) this.#expire();
    else this.#timer = setTimeout(() => this.#expire(), deadlineMs);
  }

  #expire(): void {
    this.#expired = true;
    this.#abort.abort();
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Ends the request now. */
  end(): void {
    this.#abort.abort();
    this[Symbol.dispose]();
  }

  /** Takes the deadline away; the caller's signal stays. */
  lift(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  [Symbol.dispose](): void {
    this.lift();
    this.#caller?.removeEventListener("abort", this.#onCaller);
  }

  /** What an exception of the request means. */
  explain(error: unknown, context: string): KubeError {
    if (error instanceof KubeError) return error;
    if (this.#expired)
      return new KubeError("Timeout", `${context}: no answer in ${this.#deadlineMs} ms`, { cause: error });
    if (this.#abort.signal.aborted) return new KubeError("Aborted", `${context}: aborted`, { cause: error });
    const message = error instanceof Error ? error.message : String(error);
    if (!(error instanceof ConnectFailure))
      return new KubeError("Network", `${context}: ${message}`, { cause: error });
    const code = /CERT|SSL|TLS|SIGNATURE|ISSUER|ALTNAME/.test(error.code) ? "Untrusted" : "Unreachable";
    return new KubeError(code, `${context}: not sent: ${message}`, { cause: error });
  }
}
