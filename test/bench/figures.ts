/** One thing that was measured. */
export interface Figure {
  readonly name: string;
  readonly unit: "ms" | "s" | "MiB" | "per job" | "per minute" | "%" | "per second";
  /** Every single value; never averaged away. */
  readonly values: readonly number[];
  /** The same for something simpler, in the same run: what no operator could beat. */
  readonly floor?: { readonly name: string; readonly values: readonly number[] };
  readonly aim?: string;
  /** What the official operator needs, and where that was measured. */
  readonly peer?: string;
}

export interface Summary {
  readonly n: number;
  readonly min: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Of at least one value. */
export function summary(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
  return { n: sorted.length, min: at(0), p50: at(0.5), p99: at(0.99), max: at(1) };
}

/** For scripts: summaries, the ratio of the medians, and what stands beside. */
export function toJson(figures: readonly Figure[]): object[] {
  return figures.map(({ values, floor, ...rest }) => ({
    ...rest,
    ...summary(values),
    ...(floor
      ? { floor: { name: floor.name, ...summary(floor.values) }, ratio: ratio(values, floor.values) }
      : {}),
  }));
}

/** For people. */
export function toTable(figures: readonly Figure[]): string {
  const rows = figures.map(({ name, unit, values, floor, aim, peer }) => [
    `${name}, ${unit}`,
    spread(values),
    floor ? `${spread(floor.values)} (${floor.name})` : "",
    floor ? `${ratio(values, floor.values).toFixed(1)}x` : "",
    aim ?? "",
    peer ?? "",
  ]);
  const table = [
    ["measure", "min / p50 / p99 / max (n)", "floor", "ratio of p50", "aim", "official operator 1.15.0"],
    ...rows,
  ];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  return table
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function ratio(values: readonly number[], floor: readonly number[]): number {
  return summary(values).p50 / summary(floor).p50;
}

function spread(values: readonly number[]): string {
  const { n, min, p50, p99, max } = summary(values);
  if (n === 1) return short(min);
  return n < 10
    ? `${short(min)} / ${short(p50)} / ${short(max)} (${n}, no p99)`
    : `${short(min)} / ${short(p50)} / ${short(p99)} / ${short(max)} (${n})`;
}

function short(value: number): string {
  return Math.abs(value) >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toPrecision(2);
}
