import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type Fault, Faults } from "./faults.ts";
import { isTerminal } from "./job.ts";
import { JobManager } from "./job-manager.ts";
import { type JobRun, Ledger } from "./ledger.ts";
import type { Settings } from "./options.ts";
import { electing, type Reply } from "./replies.ts";
import { answer } from "./routes.ts";
import { MainGate, type RunningMain } from "./running-mains.ts";
import { Storage } from "./storage.ts";
import { throwable } from "./throwable.ts";

/** A request as it arrived; `status` is what was answered, if anything was. */
export interface RecordedRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  /** The JSON body; for anything else its size. */
  readonly body: unknown;
  readonly at: number;
  status?: number;
}

/** A Flink session cluster whose JobManager answers on 127.0.0.1, and the switches that a test needs. */
export class FakeFlink {
  /** Everything that arrived, in order, over all crashes. */
  readonly requests: RecordedRequest[] = [];
  readonly #settings: Settings;
  readonly #storage = new Storage();
  readonly #ledger = new Ledger();
  readonly #gate = new MainGate();
  readonly #faults = new Faults();
  #port: number;
  #server: Server | undefined;
  #manager: JobManager | undefined;
  #phase: "down" | "electing" | "leading" | "closed" = "down";
  #waiting: { phase: string; go: () => void }[] = [];

  /** Use startFakeFlink(). */
  constructor(settings: Settings) {
    this.#settings = settings;
    this.#port = settings.port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get version(): string {
    return this.#settings.version;
  }

  /** Of the JobManager process that runs, else undefined. */
  get incarnation(): string | undefined {
    return this.#manager?.incarnation;
  }

  /** Starts the JobManager process, after a crash without restart. Returns when it listens; with HA it answers 503 first. */
  async start(): Promise<void> {
    if (this.#phase !== "down") return;
    // Flink leaves idle connections open; Node would close them after 5 s, which looks like a new JobManager.
    const server = createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
      void this.#serve(request, response);
    });
    server.listen(this.#port, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("The fake listens on no port");
    this.#port = address.port;
    this.#server = server;
    const manager = new JobManager({
      settings: this.#settings,
      storage: this.#storage,
      ledger: this.#ledger,
      gate: this.#gate,
      exit: () => void this.crash({ restart: true }),
    });
    this.#manager = manager;
    this.#enter("electing");
    const lead = () => {
      if (manager.recover()) this.#enter("leading");
      else void this.crash({ restart: true });
    };
    if (this.#settings.ha) manager.time.after(this.#settings.times.election, lead);
    else lead();
  }

  /** Waits until the JobManager leads and answers. */
  async answering(): Promise<void> {
    while (this.#phase !== "leading")
      await new Promise<void>((go) => this.#waiting.push({ phase: "leading", go }));
  }

  /** kill -9: connections break, nobody listens. With `restart` (default false) a new process starts by itself. */
  async crash({ restart = false }: { restart?: boolean } = {}): Promise<void> {
    const manager = this.#manager;
    const server = this.#server;
    if (manager === undefined || server === undefined) return;
    manager.die();
    this.#manager = undefined;
    this.#server = undefined;
    this.#enter("down");
    const { ha, clock, times } = this.#settings;
    this.#ledger.processDied((jobId) => ha && this.#storage.jobs.has(jobId), clock.now());
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
    if (restart) clock.setTimeout(() => void this.start(), times.down);
  }

  /** A crash and all of what follows, until the new JobManager answers. */
  async failover(): Promise<void> {
    await this.crash({ restart: true });
    await this.answering();
  }

  /** The job store forgets everything that has ended, now. */
  expireJobs(): void {
    this.#manager?.dispatcher.expire();
  }

  /** Holds the main() of this JobID or application ID, or every one, before its first execute(). */
  pauseMain(id?: string): void {
    this.#gate.pause(id);
  }

  /** Lets it go on; without an ID, all of them. */
  releaseMain(id?: string): void {
    this.#gate.release(id);
  }

  /** The main()s that have not returned. */
  get runningMains(): readonly RunningMain[] {
    return this.#manager?.mains.list ?? [];
  }

  /** Something goes wrong with the next requests that match. Returns what takes it back. */
  fault(fault: Fault): () => void {
    return this.#faults.add(fault);
  }

  /** How often a main() started whose request carried this JobID or application ID. */
  mainRuns(id: string): number {
    return this.#ledger.mainRuns(id);
  }

  /** Every job that ever started, in order: the same JobID twice means that it ran twice. */
  jobsEverRun(): readonly Readonly<JobRun>[] {
    return this.#ledger.runs;
  }

  /** The JobIDs that are not over, as the JobManager that runs now sees it. */
  liveJobs(): string[] {
    return (this.#manager?.dispatcher.jobs ?? [])
      .filter((job) => !isTerminal(job.state))
      .map((job) => job.id);
  }

  /** Ends a running job as if its sources had. Throws when it is not there. */
  finishJob(jobId: string): void {
    this.#liveJob(jobId).finish();
  }

  /** A task of the job throws; its restart strategy decides what follows. Throws when it is not there. */
  failJob(jobId: string, message = "a task failed"): void {
    this.#liveJob(jobId).fail(throwable("java.lang.IllegalStateException", message));
  }

  /** A savepoint or retained checkpoint that lies there from before. */
  addSavepoint(path: string): void {
    this.#storage.savepoints.add(path);
  }

  /** Ends the fake for good. */
  async close(): Promise<void> {
    await this.crash();
    this.#phase = "closed";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #liveJob(jobId: string) {
    const job = this.#manager?.dispatcher.job(jobId);
    if (job === undefined || isTerminal(job.state)) throw new Error(`No live job ${jobId}`);
    return job;
  }

  #enter(phase: "down" | "electing" | "leading"): void {
    this.#phase = phase;
    const going = this.#waiting.filter((waiting) => waiting.phase === phase);
    this.#waiting = this.#waiting.filter((waiting) => waiting.phase !== phase);
    for (const { go } of going) go();
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(message.url ?? "/", "http://fake");
    const path = url.pathname.replace(/^\/v1(?=\/)/, "");
    const method = message.method ?? "GET";
    const fault = this.#faults.take(method, path + url.search);
    if (fault?.mode === "refuse") {
      message.socket.destroy();
      return;
    }
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of message) chunks.push(chunk);
    } catch {
      return; // the client went away in the middle of its request: there is no request
    }
    const body = Buffer.concat(chunks);
    const record = this.#record(method, path + url.search, body);
    if (fault?.mode === "delay") await this.#manager?.time.wait(fault.delayMs ?? 0);
    if (fault?.mode === "reset-before") {
      message.socket.destroy();
      return;
    }
    const request = { method, path, query: url.searchParams, headers: message.headers, body };
    const manager = this.#manager;
    const replying =
      fault?.mode === "status"
        ? { status: fault.status ?? 502, body: fault.body ?? {} }
        : this.#phase !== "leading" || manager === undefined
          ? electing
          : answer(manager, request);
    if (fault?.mode === "reset-during") message.socket.destroy();
    const reply = await replying;
    if (fault?.mode === "lose-answer") return;
    if (fault?.mode === "reset-after") {
      message.socket.destroy();
      return;
    }
    record.status = reply.status;
    send(response, reply);
  }

  #record(method: string, path: string, body: Buffer): RecordedRequest {
    const text = body.subarray(0, 1).toString() === "{" ? body.toString() : undefined;
    const record: RecordedRequest = {
      method,
      path,
      body: text === undefined ? body.length || undefined : parsed(text),
      at: this.#settings.clock.now(),
    };
    this.requests.push(record);
    return record;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text; // recorded as it came; the route says what is wrong with it
  }
}

function send(response: ServerResponse, { status, body }: Reply): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "content-type": "application/json; charset=UTF-8",
    "access-control-allow-origin": "*",
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
}
