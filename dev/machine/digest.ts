import { createHash } from "node:crypto";

/** A short name for everything that goes into a cached thing: other inputs, another name. */
export function digest(...inputs: readonly (string | Buffer)[]): string {
  const hash = createHash("sha256");
  for (const input of inputs) hash.update(input).update("\0");
  return hash.digest("hex").slice(0, 12);
}
