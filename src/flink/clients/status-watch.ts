import type { FlinkRest } from "../rest/flink-rest.ts";
import { isTerminal } from "../rest/replies.ts";
import { type WaitOptions, Watch } from "./calls.ts";
import type { FlinkJobState, StatusChange } from "./job-facts.ts";
import { throwIfGone } from "./presence.ts";

/** Yields each state that differs from the one before. */
export async function* watchStatus(
  rest: FlinkRest,
  jobId: string,
  options: WaitOptions,
): AsyncGenerator<StatusChange, void, void> {
  const watch = new Watch(options);
  let previous: FlinkJobState | undefined;
  for (;;) {
    const state = await watch.attempt(async () => {
      const seen = await rest.jobStatus(jobId, watch.signal);
      if (seen === undefined) await throwIfGone(rest, jobId, watch.signal);
      return seen;
    });
    if (state !== undefined && state !== previous) {
      yield { jobId, state, previous };
      if (isTerminal(state)) return;
      previous = state;
      watch.quicken();
    }
    await watch.pause();
  }
}
