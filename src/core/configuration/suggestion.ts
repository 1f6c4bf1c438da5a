import type { OptionsOfVersion } from "./catalogue.ts";

/** Farther than this many changes of a letter, and a quarter of the key, nobody means it. */
const MOST_EDITS = 4;

/** The key that was probably meant by one that is no option: spelt almost alike, or without its beginning. */
export function suggestionFor(key: string, options: OptionsOfVersion): string | undefined {
  if (key.length > 200) return undefined;
  const wanted = plain(key);
  const most = Math.min(MOST_EDITS, Math.floor(wanted.length / 4));
  let best: { name: string; distance: number } | undefined;
  for (const name of options.names()) {
    const distance = editDistance(wanted, plain(name), Math.min(most, (best?.distance ?? most + 1) - 1));
    if (distance !== undefined) best = { name, distance };
    if (distance === 0) break;
  }
  const found = best?.name ?? withBeginning(wanted, options.names());
  // A former name is understood, but who corrects a key may as well write today's.
  return found === undefined ? undefined : (options.find(found)?.option.key ?? found);
}

/** `checkpointing.interval` for `execution.checkpointing.interval`: only where one key alone ends like that. */
function withBeginning(wanted: string, names: readonly string[]): string | undefined {
  if (wanted.length < 6) return undefined;
  const ending = names.filter((name) => plain(name).endsWith(`.${wanted}`));
  return ending.length === 1 ? ending[0] : undefined;
}

function plain(key: string): string {
  return key.trim().toLowerCase().replaceAll("_", "-");
}

/** Letters inserted, left out, exchanged or swapped with their neighbour; undefined where it takes more than `most`. */
export function editDistance(a: string, b: string, most: number): number | undefined {
  if (most < 0 || Math.abs(a.length - b.length) > most) return undefined;
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const now = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let least = Math.min(
        (last[column] ?? 0) + 1,
        (now[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      );
      const isSwap = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (isSwap) least = Math.min(least, (before[column - 2] ?? 0) + 1);
      now.push(least);
    }
    if (Math.min(...now) > most) return undefined;
    before = last;
    last = now;
  }
  const distance = last[b.length] ?? 0;
  return distance <= most ? distance : undefined;
}
