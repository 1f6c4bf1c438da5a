import type { OptionsOfVersion } from "./catalogue.ts";

/** Farther than this many changes of a letter, and a quarter of the key, nobody means it. */
const MOST_EDITS = 4;
/** Flink's own keys are shorter. Characters. */
const LONGEST_KEY = 120;

/** The key that was probably meant by one that is no option: spelt almost alike, or without its beginning. */
export function suggestionFor(key: string, options: OptionsOfVersion): string | undefined {
  if (key.length > LONGEST_KEY) return undefined;
  const wanted = plain(key);
  const most = Math.min(MOST_EDITS, Math.floor(wanted.length / 4));
  let best: { name: string; distance: number } | undefined;
  for (const [spelling, name] of options.spellings(plain)) {
    const distance = editDistance(wanted, spelling, Math.min(most, (best?.distance ?? most + 1) - 1));
    if (distance !== undefined) best = { name, distance };
    if (distance === 0) break;
  }
  const found = best?.name ?? withBeginning(wanted, options.spellings(plain));
  // A former name is understood, but who corrects a key may as well write today's.
  return found === undefined ? undefined : (options.find(found)?.option.key ?? found);
}

/** `checkpointing.interval` for `execution.checkpointing.interval`: only where one key alone ends like that. */
function withBeginning(wanted: string, spellings: ReadonlyMap<string, string>): string | undefined {
  if (wanted.length < 6) return undefined;
  const ending = [...spellings].filter(([spelling]) => spelling.endsWith(`.${wanted}`));
  return ending.length === 1 ? ending[0]?.[1] : undefined;
}

function plain(key: string): string {
  return key.trim().toLowerCase().replaceAll("_", "-");
}

/** Letters inserted, left out, exchanged or swapped with their neighbour; undefined where it takes more than `most`. */
export function editDistance(a: string, b: string, most: number): number | undefined {
  if (most < 0 || Math.abs(a.length - b.length) > most) return undefined;
  const far = most + 1;
  let before: number[] = [];
  let last: number[] = [];
  for (let column = 0; column <= Math.min(b.length, most); column++) last[column] = column;
  for (let row = 1; row <= a.length; row++) {
    const now: number[] = [];
    const begin = Math.max(0, row - most);
    const end = Math.min(b.length, row + most);
    let least = far;
    // Outside of this band it takes more than `most` anyway.
    for (let column = begin; column <= end; column++) {
      const distance = column === 0 ? row : step(a, b, row, column, { before, last, now, far });
      now[column] = distance;
      if (distance < least) least = distance;
    }
    if (least > most) return undefined;
    before = last;
    last = now;
  }
  const distance = last[b.length] ?? far;
  return distance <= most ? distance : undefined;
}

interface Rows {
  before: readonly number[];
  last: readonly number[];
  now: readonly number[];
  far: number;
}

function step(a: string, b: string, row: number, column: number, { before, last, now, far }: Rows): number {
  const same = a.charCodeAt(row - 1) === b.charCodeAt(column - 1);
  const exchanged = (last[column - 1] ?? far) + (same ? 0 : 1);
  const leftOut = (last[column] ?? far) + 1;
  const inserted = (now[column - 1] ?? far) + 1;
  const least = Math.min(exchanged, leftOut, inserted);
  const isSwap =
    row > 1 &&
    column > 1 &&
    a.charCodeAt(row - 1) === b.charCodeAt(column - 2) &&
    a.charCodeAt(row - 2) === b.charCodeAt(column - 1);
  return isSwap ? Math.min(least, (before[column - 2] ?? far) + 1) : least;
}
