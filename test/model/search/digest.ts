/** A 53-bit hash of a sequence of numbers and words: two 32-bit lanes, no strings built. */
export class Digest {
  #a = 0x9e3779b9;
  #b = 0x85ebca6b;

  number(value: number): void {
    const low = value | 0;
    const high = Math.floor(value / 0x1_0000_0000) | 0;
    this.#a = Math.imul(this.#a ^ low, 0xcc9e2d51);
    this.#a = (this.#a << 15) | (this.#a >>> 17);
    this.#a = Math.imul(this.#a + high, 5) + 0xe6546b64;
    this.#b = Math.imul(this.#b ^ low, 0x1b873593);
    this.#b = (this.#b << 13) | (this.#b >>> 19);
    this.#b = Math.imul(this.#b + high, 9) + 0x38495ab5;
  }

  word(value: string | undefined): void {
    this.number(value === undefined ? 7 : numberOf(value));
  }

  /** By its letters: the same in every process. */
  text(value: string): void {
    for (let index = 0; index < value.length; index++) this.number(value.charCodeAt(index));
  }

  get value(): number {
    let a = this.#a ^ (this.#b >>> 16);
    a = Math.imul(a ^ (a >>> 16), 0x85ebca6b);
    a = Math.imul(a ^ (a >>> 13), 0xc2b2ae35);
    let b = this.#b ^ (this.#a >>> 15);
    b = Math.imul(b ^ (b >>> 16), 0xc2b2ae35);
    b = Math.imul(b ^ (b >>> 13), 0x85ebca6b);
    return (a >>> 0) * 0x20_0000 + (b >>> 11);
  }
}

const words = new Map<string, number>();

/** The same number for the same word, as long as this process lives. */
export function numberOf(word: string): number {
  const known = words.get(word);
  if (known !== undefined) return known;
  const next = words.size + 1_000;
  words.set(word, next);
  return next;
}
