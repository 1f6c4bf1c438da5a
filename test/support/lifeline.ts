/** What can go wrong with one call of an operator. "Killed": from that instant the operator reaches nobody any more. */
export const faultModes = [
  "killed before send",
  /** The server is at it and the answer is not there yet. */
  "killed while it was carried out",
  "killed after commit, before the reply",
  /** The server has carried it out; no answer ever comes, until the client or something in between gives up. */
  "reply lost, kept hanging",
  "reply lost, connection reset",
  "connection reset before send",
  "409",
  "429",
  "500",
  "503",
] as const;
export type FaultMode = (typeof faultModes)[number];

/** The fault's call is known by its name and by how often that name has come, so that it is found again in another run. */
export interface Fault {
  readonly name: string;
  /** From 1. */
  readonly occurrence: number;
  readonly mode: FaultMode;
}

/** One call of an operator, as a proxy saw it. */
export interface Call {
  /** Of all calls, from 1. */
  readonly number: number;
  /** Milliseconds since the lifeline began. */
  readonly at: number;
  /** Which operator: 1 until it is killed, then 2. */
  readonly instance: number;
  readonly target: string;
  /** Method and path without what differs from run to run. */
  readonly name: string;
  readonly occurrence: number;
  /** Of the server's answer; absent while there is none. */
  status?: number;
  /** The server itself broke it off. */
  broken?: true;
  fault?: FaultMode;
}

export const isKill = (mode: FaultMode): boolean => mode.startsWith("killed");

/**
 * Everything that an operator says to anybody: its calls through all its proxies, numbered, with at most one fault. Cut,
 * nothing passes any more, until the next operator begins.
 */
export class Lifeline {
  readonly calls: Call[] = [];
  readonly #began = performance.now();
  readonly #counts = new Map<string, number>();
  readonly #onCut: (() => void)[] = [];
  #fault: Fault | undefined;
  #instance = 1;
  #cut = false;

  get isCut(): boolean {
    return this.#cut;
  }

  get instance(): number {
    return this.#instance;
  }

  /** Whether the fault has happened. */
  get struck(): boolean {
    return this.calls.some(({ fault }) => fault !== undefined);
  }

  now(): number {
    return Math.round(performance.now() - this.#began);
  }

  /** From now on calls are counted from 1 again, and this goes wrong with one of them. */
  arm(fault: Fault | undefined): void {
    this.#counts.clear();
    this.#fault = fault;
  }

  /** Called at the instant of the cut. */
  onCut(act: () => void): void {
    this.#onCut.push(act);
  }

  cut(): void {
    if (this.#cut) return;
    this.#cut = true;
    for (const act of this.#onCut) act();
  }

  /** The operator that was cut off is gone; the next one may speak. */
  restore(): void {
    if (!this.#cut) throw new Error("Nobody was cut off");
    this.#cut = false;
    this.#instance++;
  }

  /** Notes a call that arrived at a proxy, with what is to go wrong with it. */
  note(target: string, name: string): Call {
    const occurrence = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, occurrence);
    const number = this.calls.length + 1;
    const call: Call = { number, at: this.now(), instance: this.#instance, target, name, occurrence };
    const fault = this.#fault;
    if (fault && fault.name === name && fault.occurrence === occurrence) {
      call.fault = fault.mode;
      this.#fault = undefined;
    }
    this.calls.push(call);
    return call;
  }
}
