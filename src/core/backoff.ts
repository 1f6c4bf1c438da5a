/** First and longest wait between two run requests of one trigger, in milliseconds. */
const FIRST_MS = 5_000;
const LONGEST_MS = 300_000;

/** The wait after the given number of tries: 5 s, 10 s, 20 s ... 5 min. A try that found nobody home does not count. */
export function waitAfterTries(tries: number): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.max(0, tries - 1));
}
