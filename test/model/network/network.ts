import type { RequirementsSeen, RunOutcome } from "../../../src/core/observed.ts";

/** How long a run request may be on its way and still arrive, in milliseconds (docs/guarantees.md, "Windows"). */
export const LONGEST_WAY_MS = 5_000;

/** One run request on its way, in the JobManager, or its answer on the way back. Values are replaced, never changed. */
export interface Request {
  readonly id: number;
  readonly operator: number;
  readonly epoch: number;
  readonly jobId: string;
  readonly content: number;
  readonly application: boolean;
  readonly jar: string | undefined;
  /** What its job is to start from. */
  readonly from: string | undefined;
  /** When it can last have left: what the others go by is when it was recorded. */
  readonly leftAt: number;
  readonly recordedAt: number;
  /** Which JobManager it is sent to (World.managers). */
  readonly at: number;
  /** The JobManager process that it is meant for. */
  readonly incarnation: number;
  readonly phase: "way" | "there" | "answer";
  readonly outcome: RunOutcome | undefined;
  /** Something on the way sent it a second time: it, or its copy. */
  readonly doubled: boolean;
}

/** A question what is required of a job, or a request for something else. Values are replaced, never changed. */
export interface Call {
  readonly id: number;
  readonly operator: number;
  readonly epoch: number;
  readonly jobId: string;
  /** Which parallelism it asks for; undefined: it asks only what is required. */
  readonly asks: number | undefined;
  readonly at: number;
  readonly leftAt: number;
  /** Undefined: it is on its way there. */
  readonly answer: RequirementsSeen["result"] | undefined;
}

/** Everything that is between the operators and the JobManager. */
export class Network {
  requests: Request[] = [];
  calls: readonly Call[] = [];
  /** How many there were, and how many of them asked for something. */
  asked = 0;
  required = 0;
  #last = 0;

  clone(): Network {
    const copy = new Network();
    copy.requests = this.requests.slice();
    copy.calls = this.calls;
    copy.asked = this.asked;
    copy.required = this.required;
    copy.#last = this.#last;
    return copy;
  }

  leave(request: Omit<Request, "id" | "phase" | "outcome" | "doubled">, doubled = false): number {
    const id = ++this.#last;
    this.requests.push({ ...request, id, phase: "way", outcome: undefined, doubled });
    return id;
  }

  /** One that left long after it was recorded: nobody can tell from the record that it is on its way. */
  get hasLate(): boolean {
    return this.requests.some(({ phase, leftAt, recordedAt }) => phase === "way" && leftAt > recordedAt);
  }

  get(id: number): Request | undefined {
    for (const request of this.requests) if (request.id === id) return request;
    return undefined;
  }

  set(id: number, patch: Partial<Request>): void {
    this.requests = this.requests.map((request) => (request.id === id ? { ...request, ...patch } : request));
  }

  remove(id: number): void {
    this.requests = this.requests.filter((request) => request.id !== id);
  }

  call(id: number): Call | undefined {
    return this.calls.find((call) => call.id === id);
  }

  ask(call: Omit<Call, "id" | "answer">): void {
    this.asked++;
    if (call.asks !== undefined) this.required++;
    this.calls = [...this.calls, { ...call, id: ++this.#last, answer: undefined }];
  }

  answerCall(id: number, answer: Call["answer"]): void {
    this.calls = this.calls.map((call) => (call.id === id ? { ...call, answer } : call));
  }

  endCall(id: number): void {
    this.calls = this.calls.filter((call) => call.id !== id);
  }

  /** Of what a dead process asked, only what changes something matters. */
  forgetCallsOf(operator: number): void {
    this.calls = this.calls.filter(
      (call) => call.operator !== operator || (call.answer === undefined && call.asks !== undefined),
    );
  }

  /** A proxy sends it once more: nobody waits for the copy's answer. */
  duplicate(id: number): void {
    const request = this.get(id);
    if (!request) return;
    this.set(id, { doubled: true });
    this.leave({ ...request, operator: -1 }, true);
  }
}
