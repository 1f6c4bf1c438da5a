/** Sizes as Kubernetes writes them: `1048576`, `64Mi`, `1.5Gi`, `500M`. */

const bytesPerUnit: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
};

/** The size in whole bytes, or undefined when the text is not a size. */
export function parseByteSize(text: string): number | undefined {
  const match = /^([0-9]{1,15}(?:\.[0-9]{1,6})?)(k|M|G|Ki|Mi|Gi)?$/.exec(text);
  if (!match) return undefined;
  const bytes = Math.round(Number(match[1]) * (bytesPerUnit[match[2] ?? ""] ?? Number.NaN));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
