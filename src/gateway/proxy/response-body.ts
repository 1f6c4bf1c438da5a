import type { ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import { type Clock, sleep } from "../../kube/clock.ts";

/** A client does not read its answer. */
export class ClientStalled extends Error {
  override readonly name = "ClientStalled";
  readonly code = "FLINKJOB_CLIENT_STALLED";
  readonly retryable = false;
}

/**
 * Hands an answer on as it comes, read no faster than the client takes it. Waits for the JobManager without limit, for the client
 * `stallMs`: throws ClientStalled then, and whatever breaks the source.
 */
export async function deliver(
  source: Readable,
  response: ServerResponse,
  { clock, stallMs }: { clock: Clock; stallMs: number },
): Promise<void> {
  for await (const chunk of source) {
    if (response.destroyed) return;
    if (!response.write(chunk) && !(await drained(response, clock, stallMs)))
      throw new ClientStalled(`the client took nothing of its answer for ${stallMs} ms`);
  }
  response.end();
}

/** Whether there is room again, or nobody any more who needs it. */
async function drained(response: ServerResponse, clock: Clock, limitMs: number): Promise<boolean> {
  const ready = new AbortController();
  const end = () => ready.abort();
  response.once("drain", end).once("close", end);
  await sleep(clock, limitMs, ready.signal);
  response.off("drain", end).off("close", end);
  return ready.signal.aborted;
}
