import * as z from "zod";
import { parseDuration } from "../api/duration.ts";
import { parseByteSize } from "./byte-size.ts";
import { parseAddressRange, parseListenAddress } from "./network-address.ts";

/** A text that `read` understands, or the sentence `problem` (it follows "... is not"). */
export function parsed<Value>(
  read: (text: string) => Value | undefined,
  problem: string,
): z.ZodType<Value, string> {
  return z.string().transform((text, context) => {
    const value = read(text.trim());
    if (value !== undefined) return value;
    context.addIssue({ code: "custom", message: problem });
    return z.NEVER;
  });
}

export const text = parsed((value) => (value === "" ? undefined : value), "a text (it is empty)");
export const duration = parsed(parseDuration, "a duration; write for example 500ms, 5s, 1m30s or 2h");
export const positiveDuration = parsed(
  (value) => parseDuration(value) || undefined,
  "a duration longer than zero; write for example 500ms, 5s, 1m30s or 2h",
);
export const bytes = parsed(
  (value) => parseByteSize(value) || undefined,
  "a size above zero; write for example 64Mi or 1Gi",
);
export const flag = parsed(
  (value) => ({ true: true, false: false })[value],
  'a boolean; write "true" or "false", or give the flag without a value',
);
export const listen = parsed(
  (value) => (value === "off" ? { off: true as const } : parseListenAddress(value)),
  'an address to listen on; write HOST:PORT, :PORT for all addresses, or "off"',
);
export const range = parsed(
  parseAddressRange,
  "a range of addresses; write for example 10.0.0.0/8, fd00::/8 or 169.254.169.254",
);
export const dnsLabel = parsed(
  (value) => (/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(value) ? value : undefined),
  "a Kubernetes name: up to 63 small letters, digits and dashes",
);
export const count = (least: number, most: number) =>
  parsed((value) => {
    const number = /^[0-9]{1,9}$/.test(value) ? Number(value) : Number.NaN;
    return number >= least && number <= most ? number : undefined;
  }, `a whole number from ${least} to ${most}`);
export const choice = <const Word extends string>(...words: Word[]) =>
  parsed((value) => words.find((word) => word === value), `one of ${words.join(", ")}`);
