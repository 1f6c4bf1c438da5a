import { Busboy, type BusboyInstance } from "@fastify/busboy";
import { PLAN_FILE_PATTERN } from "../../api/plan.ts";
import { GatewayError } from "../gateway-error.ts";

/** What a `POST /jobs` of Flink's own client says of its plan. */
export interface PlanFacts {
  /** As the client calls it: the same in all its tries. */
  readonly file: string;
  readonly jobId: string;
  /** `jobgraph`: Flink 1.x. `executionPlan`: 2.0 and later. */
  readonly format: PlanFormat;
}
export type PlanFormat = "jobgraph" | "executionPlan";

/** As RFC 2046 has it, without the blank. */
const BOUNDARY =
  /^multipart\/form-data *;(?:.*;)? *boundary=(?:"([0-9A-Za-z'()+_,./:=?-]{1,70})"|([0-9A-Za-z'()+_.-]{1,70}))(?: *;.*)?$/i;
const FIRST_LINE = /^--([0-9A-Za-z'()+_,./:=?-]{1,70})\r\n/;
const NAME = new RegExp(PLAN_FILE_PATTERN, "u");
const PARTS = /^flink-(jobgraph|executionPlan)-([0-9a-f]{32})/;
/** JARs and artifacts of one job. */
const MOST_FILES = 1_024;
const LONGEST_REQUEST = 256 * 1024;
const limits = {
  ...{ fieldNameSize: 100, fieldSize: LONGEST_REQUEST, fields: 1 },
  ...{ files: MOST_FILES, parts: MOST_FILES + 1, headerPairs: 32, headerSize: 8_192 },
};

/** The boundary in a Content-Type. Throws the GatewayError UnsupportedMediaType for whatever else it is. */
export function boundaryOf(contentType: string | undefined): string {
  const [, quoted, plain] = BOUNDARY.exec(contentType ?? "") ?? [];
  const boundary = quoted ?? plain;
  if (boundary !== undefined) return boundary;
  const message = "Flink's client sends a job as multipart/form-data; this is no such form";
  throw new GatewayError("UnsupportedMediaType", message);
}

/** The boundary that a kept body begins with, and the whole body. Throws RangeError where it is none that was kept by us. */
export async function boundaryIn(
  content: AsyncIterable<Buffer>,
): Promise<{ boundary: string; body: AsyncIterable<Buffer> }> {
  const chunks = content[Symbol.asyncIterator]();
  const first = await chunks.next();
  const begin = first.done === true ? Buffer.alloc(0) : first.value;
  const [, boundary] = FIRST_LINE.exec(begin.subarray(0, 80).toString("latin1")) ?? [];
  if (boundary === undefined) throw new RangeError("a kept plan does not begin with a boundary");
  async function* body() {
    yield begin;
    yield* { [Symbol.asyncIterator]: () => chunks };
  }
  return { boundary: `"${boundary}"`, body: body() };
}

/**
 * Reads a `POST /jobs` as it passes, for its plan's name alone: nothing of plans and JARs is kept. What a JobManager will look at
 * is left to it.
 */
export class PlanForm {
  readonly #form: BusboyInstance;
  readonly #boundary: string;
  readonly #onPlan: (facts: PlanFacts) => void;
  #facts: PlanFacts | undefined;
  #hasPlan = false;
  #problem: GatewayError | undefined;
  #begun = false;
  #begin = Buffer.alloc(0);

  /** `onPlan` may throw, to refuse what has hardly begun to come. */
  constructor(contentType: string | undefined, onPlan: (facts: PlanFacts) => void = () => {}) {
    this.#boundary = boundaryOf(contentType);
    this.#onPlan = onPlan;
    const headers = { "content-type": `multipart/form-data; boundary="${this.#boundary}"` };
    this.#form = new Busboy({ headers, limits, preservePath: true });
    const wrong = (error: unknown) => this.#refuse("it cannot be read", error);
    this.#form
      .on("error", wrong)
      .on("field", (name, value, _nameCut, valueCut) => this.#read(name, value, valueCut))
      .on("file", (_name, content, file) => {
        if (this.#facts !== undefined && file === this.#facts.file) this.#hasPlan = true;
        content.on("error", wrong).resume();
      });
    for (const limit of ["partsLimit", "filesLimit", "fieldsLimit"] as const)
      this.#form.on(limit, () => this.#refuse("it has too many parts"));
  }

  /** Throws the GatewayError BadRequest as soon as it is known, and what `onPlan` throws. */
  async write(chunk: Buffer): Promise<void> {
    this.#look(chunk);
    this.#check();
    await new Promise<void>((resolve) => this.#form.write(chunk, () => resolve()));
    this.#check();
  }

  /** The body has ended. Throws the GatewayError BadRequest. */
  async end(): Promise<PlanFacts> {
    this.#check();
    await new Promise<void>((resolve) => {
      this.#form.once("finish", resolve).once("error", () => resolve());
      this.#form.end();
    });
    this.#check();
    if (this.#facts === undefined) throw this.#refuse("it has no part request");
    if (!this.#hasPlan) throw this.#refuse("it does not have the plan that its request names");
    return this.#facts;
  }

  /** A kept body is read by its first line alone: a form may have a preamble, but Flink's client writes none. */
  #look(chunk: Buffer): void {
    if (this.#begun) return;
    const first = `--${this.#boundary}\r\n`;
    this.#begin = Buffer.concat([this.#begin, chunk.subarray(0, first.length)]);
    const seen = this.#begin.subarray(0, first.length).toString("latin1");
    this.#begun = seen.length === first.length;
    if (!first.startsWith(seen)) this.#refuse("it does not begin with its boundary");
  }

  #read(name: string, value: string, cut: boolean): void {
    if (name !== "request" || cut) {
      this.#refuse("its first part is no request");
      return;
    }
    const file = planName(value);
    const [, format, jobId] = PARTS.exec(file ?? "") ?? [];
    if (file === undefined || jobId === undefined) {
      this.#refuse("its request names no plan as Flink's client calls them");
      return;
    }
    this.#facts = { file, jobId, format: format as PlanFormat };
    try {
      this.#onPlan(this.#facts);
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      this.#problem ??= error;
    }
  }

  #refuse(why: string, cause?: unknown): GatewayError {
    const message = `This is not the form in which Flink's client sends a job: ${why}`;
    this.#problem ??= new GatewayError("BadRequest", message, { cause });
    return this.#problem;
  }

  #check(): void {
    if (this.#problem) throw this.#problem;
  }
}

function planName(request: string): string | undefined {
  try {
    const read = JSON.parse(request) as {
      executionPlanFileName?: unknown;
      jobGraphFileName?: unknown;
    } | null;
    const name = read?.executionPlanFileName ?? read?.jobGraphFileName;
    return typeof name === "string" && NAME.test(name) ? name : undefined;
  } catch {
    return undefined;
  }
}
