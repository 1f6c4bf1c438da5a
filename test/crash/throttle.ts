import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";

/** Between two looks, in milliseconds: so often a run may begin. */
const LOOK_MS = 25;
/** Busier than this, in parts of 1, answers come late enough to be taken for lost ones. */
const BUSIEST = 0.8;

/** Lets runs begin as fast as this thread can play them, however little of the machine is left to it. */
export class Throttle {
  #before = performance.eventLoopUtilization();
  #turn: Promise<void> = Promise.resolve();
  #playing = 0;

  /** Plays a run when the thread has time for it, or has nothing else to do. */
  async play<T>(run: () => Promise<T>): Promise<T> {
    await this.#myTurn();
    this.#playing++;
    try {
      return await run();
    } finally {
      this.#playing--;
    }
  }

  #myTurn(): Promise<void> {
    const turn = this.#turn.then(async () => {
      do await sleep(LOOK_MS);
      while (this.#isBusy() && this.#playing > 0);
    });
    this.#turn = turn;
    return turn;
  }

  #isBusy(): boolean {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#before);
    this.#before = now;
    return utilization > BUSIEST;
  }
}
