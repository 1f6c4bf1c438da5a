/** First and longest wait between two run requests of one trigger, in milliseconds, unless told. */
export const SUBMISSION_BACKOFF_MS = 5_000;
const LONGEST_MS = 300_000;

/** The wait after the given number of tries: 5 s, 10 s, 20 s ... 5 min. A try that found nobody home does not count. */
export function waitAfterTries(tries: number, firstMs: number = SUBMISSION_BACKOFF_MS): number {
  return Math.min(LONGEST_MS, firstMs * 2 ** Math.max(0, tries - 1));
}
