/** First and longest wait between two run requests of one trigger, in milliseconds, unless told. */
export const SUBMISSION_BACKOFF_MS = 5_000;
const LONGEST_MS = 300_000;

/** The wait after the given number of tries: 5 s, 10 s, 20 s ... 5 min. A try that found nobody home does not count. */
export function waitAfterTries(tries: number, firstMs: number = SUBMISSION_BACKOFF_MS): number {
  return Math.min(LONGEST_MS, firstMs * 2 ** Math.max(0, tries - 1));
}

/**
 * What is left of that wait. A try in the future means that the clock was set back since: how long ago it was is not known,
 * and the wait must not last until then. Tries are bounded anyway.
 */
export function leftAfterTries(
  tries: number,
  triedAt: number | undefined,
  now: number,
  firstMs?: number,
): number {
  if (triedAt === undefined || triedAt > now) return 0;
  return Math.max(0, triedAt + waitAfterTries(tries, firstMs) - now);
}
