/**
 * Durations as users write them, the way Go and Flink do: `500ms`, `5s`, `1m30s`, `1.5h`, `7d`, or plain `0`.
 * The one place that knows the notation: the CRDs, the flags and the configuration all use it.
 */

/** For a CRD's `pattern` (RE2 and ECMAScript agree on it). */
export const durationPattern = "^(0|([0-9]+(\\.[0-9]+)?(ms|s|m|h|d))+)$";

/** Longest text that is looked at; the value of the CRD's `maxLength`. */
export const durationMaxLength = 32;

const millisecondsPerUnit: Readonly<Record<string, number>> = {
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
};

const wholeText = new RegExp(durationPattern);
const oneTerm = /([0-9.]+)(ms|s|m|h|d)/g;

/** The duration in whole milliseconds, or undefined when the text is not one (or exceeds 2^53 ms). */
export function parseDuration(text: string): number | undefined {
  if (text.length > durationMaxLength || !wholeText.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(oneTerm)) {
    total += Number(amount) * (millisecondsPerUnit[unit ?? ""] ?? Number.NaN);
  }
  const rounded = Math.round(total);
  return Number.isSafeInteger(rounded) ? rounded : undefined;
}

/** The shortest usual text for a number of milliseconds: `0s`, `250ms`, `1.5s`, `1m30s`, `1d2h`. Negative counts as zero. */
export function formatDuration(milliseconds: number): string {
  let rest = Math.max(0, Math.round(milliseconds));
  if (rest === 0) return "0s";
  if (rest < 1_000) return `${rest}ms`;
  let text = "";
  for (const unit of ["d", "h", "m"]) {
    const size = millisecondsPerUnit[unit] ?? 1;
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return rest > 0 ? `${text}${rest / 1_000}s` : text;
}
