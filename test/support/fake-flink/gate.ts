/**
 * Holds main()s before their first execute(), or savepoints before they are complete, for as long as a test likes; it
 * belongs to the test, not to a process.
 */
export class Gate {
  #all = false;
  readonly #held = new Set<string>();
  #waiting: { ids: (string | undefined)[]; go: () => void }[] = [];

  /** Without an ID: everything that comes from now on. */
  pause(id: string | undefined): void {
    if (id === undefined) this.#all = true;
    else this.#held.add(id);
  }

  release(id: string | undefined): void {
    if (id === undefined) {
      this.#all = false;
      this.#held.clear();
    } else {
      this.#held.delete(id);
    }
    const going = this.#waiting.filter(({ ids }) => id === undefined || ids.includes(id));
    this.#waiting = this.#waiting.filter((waiting) => !going.includes(waiting));
    for (const { go } of going) go();
  }

  pass(ids: (string | undefined)[]): Promise<void> {
    if (!this.#all && !ids.some((id) => id !== undefined && this.#held.has(id))) return Promise.resolve();
    return new Promise((go) => this.#waiting.push({ ids, go }));
  }
}
