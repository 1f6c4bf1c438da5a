/** A text that must not be seen: printed, logged or made JSON of, it says only that there is one. */
export class Confidential {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** For the run request alone. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return HIDDEN;
  }

  toJSON(): string {
    return HIDDEN;
  }
}

/** What stands in place of a value that is not told. */
export const HIDDEN = "[hidden]";

/** Shorter pieces of a value give nothing away, and would take words apart that have nothing to do with it. Characters. */
const SHORTEST_PIECE = 4;
/** How a message ends that was cut. */
const CUT = "…";

/**
 * A text without the given values, however it writes them: in another case, each line of its own, or cut off at the
 * text's end. A value of less than 4 characters is taken out where it stands alone.
 */
export function withoutValues(text: string, values: Iterable<string>): string {
  const pieces = [...new Set([...values].flatMap(piecesOf))].sort((a, b) => b.length - a.length);
  if (pieces.length === 0) return text;
  const shown = text.replace(new RegExp(pieces.map(patternOf).join("|"), "giu"), HIDDEN);
  return withoutBeginning(shown, pieces);
}

function piecesOf(value: string): string[] {
  const lines = value.split(/\r?\n/).map((line) => line.trim());
  const long = lines.filter((line) => line.length >= SHORTEST_PIECE);
  return [value, value.trim(), ...long].filter((piece) => piece.trim() !== "");
}

function patternOf(piece: string): string {
  const literal = piece.replace(/[\\^$.*+?()[\]{}|/]/g, (character) => `\\${character}`);
  return piece.length < SHORTEST_PIECE ? `(?<![\\p{L}\\p{N}])${literal}(?![\\p{L}\\p{N}])` : literal;
}

/** Messages are cut, and a value at the end with them. */
function withoutBeginning(text: string, pieces: readonly string[]): string {
  if (!text.endsWith(CUT)) return text;
  const body = text.slice(0, -CUT.length);
  const lower = body.toLowerCase();
  for (const piece of pieces) {
    for (let length = piece.length - 1; length >= SHORTEST_PIECE; length--) {
      if (lower.endsWith(piece.slice(0, length).toLowerCase()))
        return `${body.slice(0, body.length - length)}${HIDDEN}${CUT}`;
    }
  }
  return text;
}
