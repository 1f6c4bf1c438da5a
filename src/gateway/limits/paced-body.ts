import type { Readable } from "node:stream";
import { type Clock, sleep } from "../../kube/clock.ts";
import { GatewayError } from "../gateway-error.ts";

/** What a client must send within each `stallMs` that it keeps us waiting: 1 KiB/s with a minute. */
export const LEAST_BYTES = 64 * 1024;

export interface BodyPace {
  readonly clock: Clock;
  /** How long the client may keep us waiting, in ms, for each `leastBytes`. What the JobManager takes is not counted. */
  readonly stallMs: number;
  readonly leastBytes: number;
}

/**
 * What a client sends, as it comes, read no faster than it is taken. Throws the GatewayError RequestTimeout when the client sends
 * it too slowly: a drop each minute would hold a connection for ever.
 */
export async function* paced(body: Readable, pace: BodyPace): AsyncGenerator<Buffer> {
  const { clock, stallMs, leastBytes } = pace;
  // Left before its end it must not break the connection: the client is still to get an answer.
  const chunks = body.iterator({ destroyOnReturn: false });
  let leftMs = stallMs;
  let bytes = 0;
  try {
    for (;;) {
      const asked = clock.monotonic();
      const next = await within(clock, leftMs, chunks.next());
      if (next === undefined) throw tooSlow(pace);
      if (next.done === true) return;
      leftMs -= clock.monotonic() - asked;
      const chunk = next.value as Buffer;
      bytes += chunk.length;
      if (bytes >= leastBytes) {
        bytes = 0;
        leftMs = stallMs;
      }
      yield chunk;
    }
  } finally {
    // Not awaited: a read that never ends holds it up.
    void chunks.return?.().catch(() => undefined);
  }
}

/** The result, or undefined when it is not there in time. */
async function within<T>(clock: Clock, ms: number, result: Promise<T>): Promise<T | undefined> {
  const ended = new AbortController();
  const late = sleep(clock, Math.max(0, ms), ended.signal).then(() => undefined);
  try {
    return await Promise.race([result, late]);
  } finally {
    ended.abort();
    // Nobody waits for it any more if it comes late.
    result.catch(() => undefined);
  }
}

function tooSlow({ stallMs, leastBytes }: BodyPace): GatewayError {
  const message = `The request's body comes too slowly: less than ${leastBytes} bytes in ${stallMs} ms`;
  return new GatewayError("RequestTimeout", message);
}
