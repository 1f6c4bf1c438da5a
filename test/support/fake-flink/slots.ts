interface Waiting {
  readonly owner: object;
  readonly count: number;
  readonly granted: () => void;
  readonly refused: () => void;
}

/**
 * The TaskManagers' slots: a job gets all it needs or waits, first come, first served. Once the cluster has been up for a
 * while (`resourcemanager.standalone.start-up-time`) nobody waits any more: what does not fit fails at once.
 */
export class Slots {
  readonly total: number;
  readonly #held = new Map<object, number>();
  #taken = 0;
  #waiting: Waiting[] = [];
  #startingUp = true;
  readonly #freed: () => void;

  /** `freed`: slots may have become free. */
  constructor(total: number, freed: () => void = () => {}) {
    this.total = total;
    this.#freed = freed;
  }

  /** A waiting job holds what there is, as with Flink's default scheduler. */
  get available(): number {
    const waited = this.#waiting.reduce((sum, { count }) => sum + count, 0);
    return Math.max(0, this.#free() - waited);
  }

  request(owner: object, count: number, granted: () => void, refused: () => void): void {
    this.#waiting.push({ owner, count, granted, refused });
    this.#serve();
  }

  /** How many it could have: what it holds, and what nobody has. */
  possible(owner: object): number {
    return this.#free() + (this.#held.get(owner) ?? 0);
  }

  /** So many of what is possible, in place of what it holds. */
  hold(owner: object, count: number): void {
    this.#taken += count - (this.#held.get(owner) ?? 0);
    this.#held.set(owner, count);
    this.#serve();
    this.#freed();
  }

  release(owner: object): void {
    this.#taken -= this.#held.get(owner) ?? 0;
    this.#held.delete(owner);
    this.#waiting = this.#waiting.filter((waiting) => waiting.owner !== owner);
    this.#serve();
    this.#freed();
  }

  endStartUp(): void {
    this.#startingUp = false;
    this.#serve();
  }

  #free(): number {
    return this.total - this.#taken;
  }

  #serve(): void {
    for (const waiting of [...this.#waiting]) {
      const fits = waiting.count <= this.#free();
      if (!this.#waiting.includes(waiting) || (!fits && this.#startingUp)) continue;
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
      if (!fits) {
        waiting.refused();
        continue;
      }
      this.#held.set(waiting.owner, waiting.count);
      this.#taken += waiting.count;
      waiting.granted();
    }
  }
}
