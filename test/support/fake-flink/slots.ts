/** The TaskManagers' slots: a job gets all it needs or waits, first come, first served. */
export class Slots {
  readonly total: number;
  readonly #held = new Map<object, number>();
  #waiting: { owner: object; count: number; granted: () => void }[] = [];

  constructor(total: number) {
    this.total = total;
  }

  /** A waiting job holds what there is, as with Flink's default scheduler. */
  get available(): number {
    const waited = this.#waiting.reduce((sum, { count }) => sum + count, 0);
    return Math.max(0, this.#free() - waited);
  }

  request(owner: object, count: number, granted: () => void): void {
    this.#waiting.push({ owner, count, granted });
    this.#grant();
  }

  release(owner: object): void {
    this.#held.delete(owner);
    this.#waiting = this.#waiting.filter((waiting) => waiting.owner !== owner);
    this.#grant();
  }

  #free(): number {
    let free = this.total;
    for (const count of this.#held.values()) free -= count;
    return free;
  }

  #grant(): void {
    for (const waiting of [...this.#waiting]) {
      if (waiting.count > this.#free() || !this.#waiting.includes(waiting)) continue;
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
      this.#held.set(waiting.owner, waiting.count);
      waiting.granted();
    }
  }
}
