import { type CallOptions, FlinkError } from "../flink/library.ts";

/** For calls that speak with the API server. */
export interface DeployOptions extends CallOptions {
  /** How long the API server may be away before the call gives up, in milliseconds. Default 60,000. */
  readonly patienceMs?: number | undefined;
}

/** What bounds one call. */
export class Call {
  readonly signal: AbortSignal;
  readonly patienceMs: number;

  constructor({ signal, timeoutMs, patienceMs = 60_000 }: DeployOptions) {
    const signals = [
      ...(signal === undefined ? [] : [signal]),
      ...(timeoutMs === undefined ? [] : [AbortSignal.timeout(timeoutMs)]),
    ];
    this.signal = AbortSignal.any(signals);
    this.patienceMs = patienceMs;
  }

  /** The FlinkErrors `Timeout` and `Aborted`, as everywhere in the library. `where`: how far it came. */
  givenUp(where: string): FlinkError {
    const cause: unknown = this.signal.reason;
    const late = (cause as { name?: unknown } | undefined)?.name === "TimeoutError";
    return late
      ? new FlinkError("Timeout", `not in the time given: ${where}`, { cause })
      : new FlinkError("Aborted", `given up by the caller: ${where}`, { cause });
  }
}
