/** What goes wrong with a request. */
export type FaultMode =
  /** The connection is cut before the request was read: nothing happens on the cluster. */
  | "refuse"
  /** The same after it was read. */
  | "reset-before"
  /** The request is carried out and the connection cut at once, while main() runs on. */
  | "reset-during"
  /** The request is carried out; instead of the answer the connection is cut. */
  | "reset-after"
  /** The request is carried out; no answer ever comes, until the client gives up. */
  | "lose-answer"
  /** Everything happens `delayMs` late. */
  | "delay"
  /** A proxy answers `status` itself: nothing happens on the cluster. */
  | "status";

export interface Fault {
  /** Method and path (without `/v1`, with the query) must match; a string is a prefix of the path. */
  readonly match?: { readonly method?: string; readonly path?: string | RegExp };
  readonly mode: FaultMode;
  /** How many requests it hits; default 1. */
  readonly times?: number;
  readonly delayMs?: number;
  /** Default 502. */
  readonly status?: number;
  readonly body?: object;
}

/** The faults that are due, the oldest first. */
export class Faults {
  #due: { fault: Fault; left: number }[] = [];

  /** Returns what takes it back. */
  add(fault: Fault): () => void {
    const entry = { fault, left: fault.times ?? 1 };
    this.#due.push(entry);
    return () => {
      this.#due = this.#due.filter((due) => due !== entry);
    };
  }

  /** The one that hits this request, if any; it is used up by that. */
  take(method: string, path: string): Fault | undefined {
    const hit = this.#due.find(({ fault }) => hits(fault, method, path));
    if (hit !== undefined && --hit.left <= 0) this.#due = this.#due.filter((due) => due !== hit);
    return hit?.fault;
  }
}

function hits({ match = {} }: Fault, method: string, path: string): boolean {
  if (match.method !== undefined && match.method !== method) return false;
  if (match.path === undefined) return true;
  return typeof match.path === "string" ? path.startsWith(match.path) : match.path.test(path);
}
