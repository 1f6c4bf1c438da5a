import { LIST_KEYS } from "./merge-pod.ts";
import { amountOf } from "./quantity.ts";

/**
 * Whether an object says all that it was applied with: members that others added, or the API server filled in, do not count.
 * Quantities are equal when they amount to the same, for the API server writes them in its own way.
 */
export function covers(live: unknown, wanted: unknown, member = ""): boolean {
  if (Array.isArray(wanted)) return Array.isArray(live) && coversList(live, wanted, LIST_KEYS[member]);
  if (typeof wanted === "object" && wanted !== null) {
    if (typeof live !== "object" || live === null) return Object.keys(wanted).length === 0;
    return Object.entries(wanted).every(
      ([name, value]) =>
        value === undefined ||
        covers((live as Record<string, unknown>)[name], value, isQuantities(member) ? "quantity" : name),
    );
  }
  if (member === "quantity") return amountOf(live) === amountOf(wanted);
  return live === wanted;
}

function coversList(live: readonly unknown[], wanted: readonly unknown[], key: string | undefined): boolean {
  if (key === undefined) {
    return live.length === wanted.length && wanted.every((entry, index) => covers(live[index], entry));
  }
  return wanted.every((entry) => {
    const id = (entry as Record<string, unknown>)[key];
    return covers(
      live.find((known) => (known as Record<string, unknown>)[key] === id),
      entry,
    );
  });
}

function isQuantities(member: string): boolean {
  return member === "requests" || member === "limits";
}
