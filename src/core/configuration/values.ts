import type { FlinkOption, OptionType } from "./catalogue.ts";

// How Flink reads the text of a value (TimeUtils, MemorySize, ConfigurationUtils). Measured: the conformance tests ask
// Flink's own classes the same. Where Flink's versions differ, the more generous one counts: what we refuse, none accepts.

const INTEGER_RANGE = { min: -(2n ** 31n), max: 2n ** 31n - 1n };
const LONG_RANGE = { min: -(2n ** 63n), max: 2n ** 63n - 1n };
const NANOSECONDS: Readonly<Record<string, bigint>> = {
  ...unit(86_400_000_000_000n, "d", "day", "days"),
  ...unit(3_600_000_000_000n, "h", "hour", "hours"),
  ...unit(60_000_000_000n, "m", "min", "minute", "minutes"),
  ...unit(1_000_000_000n, "s", "sec", "secs", "second", "seconds"),
  ...unit(1_000_000n, "", "ms", "milli", "millis", "millisecond", "milliseconds"),
  ...unit(1_000n, "µs", "micro", "micros", "microsecond", "microseconds"),
  ...unit(1n, "ns", "nano", "nanos", "nanosecond", "nanoseconds"),
};
const BYTES: Readonly<Record<string, bigint>> = {
  ...unit(1n, "", "b", "bytes"),
  ...unit(1n << 10n, "k", "kb", "kibibytes"),
  ...unit(1n << 20n, "m", "mb", "mebibytes"),
  ...unit(1n << 30n, "g", "gb", "gibibytes"),
  ...unit(1n << 40n, "t", "tb", "tebibytes"),
};
const LONGEST_DURATION = (LONG_RANGE.max + 1n) * 1_000_000_000n;
/** Java's floating-point literals, which Double.parseDouble reads, and its two words. */
const FLOATING_POINT =
  /^[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|0x([\da-f]+\.?|[\da-f]*\.[\da-f]+)p[+-]?\d+)[fd]?$/i;
const NOT_FINITE = /^[+-]?(NaN|Infinity)$/;

/** Why Flink cannot read this text as the option's value, in words that do not repeat it; undefined where it can. */
export function problemWith({ type, list, values }: FlinkOption, text: string): string | undefined {
  if (!list) return problemOf(type, values, text);
  // Since 2.0 a list may be YAML, and quotes are for Flink to read.
  if (/^\s*\[|['"]/.test(text)) return undefined;
  const parts = text.split(";").map((part) => part.trim());
  const problem = parts
    .map((part) => (part === "" ? undefined : problemOf(type, values, part)))
    .find(Boolean);
  return problem === undefined ? undefined : `each entry of the list, separated by semicolons, ${problem}`;
}

function problemOf(type: OptionType, values: readonly string[], text: string): string | undefined {
  switch (type) {
    case "Integer":
      return wholeNumber(text, INTEGER_RANGE, "a whole number of 32 bits");
    case "Long":
      return wholeNumber(text, LONG_RANGE, "a whole number of 64 bits");
    case "Float":
    case "Double":
      return FLOATING_POINT.test(text.trim()) || NOT_FINITE.test(text.trim())
        ? undefined
        : "must be a number";
    case "Boolean":
      return /^(true|false)$/i.test(text) ? undefined : "must be true or false";
    case "Duration":
      return quantity(text, NANOSECONDS, LONGEST_DURATION, "a duration such as 10 s, 5 min or 500 ms");
    case "MemorySize":
      return quantity(text, BYTES, LONG_RANGE.max, "a memory size such as 64 mb or 1 gb");
    case "Enum":
      return oneOf(values, text);
    case "Map":
      return entries(text);
    case "String":
    case "Any":
      return undefined;
  }
}

function wholeNumber(text: string, { min, max }: { min: bigint; max: bigint }, what: string) {
  if (!/^[+-]?\p{Nd}+$/u.test(text)) return `must be ${what}`;
  // Java reads the digits of every script.
  if (!/^[+-]?\d+$/.test(text)) return undefined;
  const value = BigInt(text.replace("+", ""));
  return value < min || value > max ? `must be ${what}` : undefined;
}

/** A whole number of a unit: no sign, no fraction. ISO 8601 (PT10S) is for Flink to read: 2.3 does. */
function quantity(text: string, units: Readonly<Record<string, bigint>>, max: bigint, what: string) {
  if (units === NANOSECONDS && /^\s*[+-]?P(T|[+-]?\d)/i.test(text)) return undefined;
  const [, number, label = ""] = /^(\d+)\s*(\D*)$/.exec(text.trim()) ?? [];
  const factor = Object.hasOwn(units, label.trim().toLowerCase())
    ? units[label.trim().toLowerCase()]
    : undefined;
  if (number === undefined || factor === undefined) return `must be ${what}`;
  return BigInt(number) * factor > max ? "is too large" : undefined;
}

/** A duration in milliseconds, rounded down; undefined for what is none, and for ISO 8601. */
export function durationMs(text: string): number | undefined {
  const [, number, label = ""] = /^(\d+)\s*(\D*)$/.exec(text.trim()) ?? [];
  const unit = label.trim().toLowerCase();
  if (number === undefined || !Object.hasOwn(NANOSECONDS, unit)) return undefined;
  return Number((BigInt(number) * (NANOSECONDS[unit] ?? 0n)) / 1_000_000n);
}

function oneOf(values: readonly string[], text: string): string | undefined {
  const wanted = text.toUpperCase();
  return values.some((value) => value.toUpperCase() === wanted)
    ? undefined
    : `must be one of ${values.join(", ")}`;
}

function entries(text: string): string | undefined {
  if (/^\s*\{|['"]/.test(text)) return undefined;
  const parts = text.split(",").filter((part) => part.trim() !== "");
  const isEntry = (part: string) => part.split(":").filter((word) => word !== "").length === 2;
  return parts.every(isEntry) ? undefined : "must be entries such as a:1,b:2";
}

function unit(factor: bigint, ...labels: string[]): Record<string, bigint> {
  return Object.fromEntries(labels.map((label) => [label, factor]));
}
