import { randomBytes } from "node:crypto";
import { plainPath } from "./checkpoints.ts";
import type { ProcessTime } from "./clock.ts";
import type { Dispatcher } from "./dispatcher.ts";
import * as failures from "./failures.ts";
import type { Gate } from "./gate.ts";
import { isTerminal, type Job } from "./job.ts";
import { serialized } from "./job-views.ts";
import type { Settings } from "./options.ts";
import { ok, type Reply, refusal } from "./replies.ts";
import type { Storage } from "./storage.ts";
import { headline, type Throwable } from "./throwable.ts";

/** What a savepoint request asks for. */
export interface SavepointRequest {
  readonly trigger: string | undefined;
  readonly directory: string | undefined;
  readonly format: "CANONICAL" | "NATIVE";
  /** What becomes of the job afterwards. */
  readonly after: "go on" | "cancel" | "stop";
}

interface Operation {
  completedAt: number | undefined;
  /** The body's `operation`. */
  result: object | null;
}

/** Savepoints, stops and checkpoints: triggered once per trigger ID, remembered in this process for a while. */
export class Operations {
  readonly #settings: Settings;
  readonly #storage: Storage;
  readonly #time: ProcessTime;
  readonly #dispatcher: Dispatcher;
  readonly #gate: Gate;
  readonly #unwritable: ReadonlySet<string>;
  readonly #known = new Map<string, Operation>();

  constructor(context: {
    settings: Settings;
    storage: Storage;
    time: ProcessTime;
    dispatcher: Dispatcher;
    savepointGate: Gate;
    unwritable: ReadonlySet<string>;
  }) {
    this.#settings = context.settings;
    this.#storage = context.storage;
    this.#time = context.time;
    this.#dispatcher = context.dispatcher;
    this.#gate = context.savepointGate;
    this.#unwritable = context.unwritable;
  }

  /** Trigger IDs are shared by savepoints and stops; what else a repeated request says does not matter. */
  savepoint(jobId: string, request: SavepointRequest): Reply {
    const { trigger, format } = request;
    const target = request.directory ?? this.#settings.savepointDirectory;
    if (target === null || target === undefined) return refusal(400, failures.rest(noDirectory));
    const kind = request.after === "stop" ? "stop" : "savepoint";
    return this.#trigger("savepoint", jobId, trigger, kind, target, (job, now) => {
      const name = `savepoint-${job.id.slice(0, 6)}-${randomBytes(6).toString("hex")}`;
      const path = `${plainPath(target)}/${name}`;
      const { id } = job.checkpoints.complete(now, { kind, format, path });
      this.#storage.snapshots.add(path, { id, entryClass: job.spec.plan.program });
      if (request.after === "cancel") job.cancel();
      if (request.after === "stop") job.finish();
      return { location: path };
    });
  }

  checkpoint(jobId: string, trigger: string | undefined): Reply {
    return this.#trigger("checkpoint", jobId, trigger, "checkpoint", undefined, (job, now) => {
      const { id } = job.checkpoints.complete(now);
      job.scheduler?.checkpointed();
      return { checkpointId: id };
    });
  }

  /** Its outcome is asked for under an ID that Flink chooses: a client's own is ignored. */
  disposal(path: string): Reply {
    const trigger = randomBytes(16).toString("hex");
    const found = this.#storage.snapshots.delete(path);
    const result = found ? {} : { "failure-cause": serialized(failures.cannotDispose(path)) };
    this.#known.set(keyOf("disposal", "", trigger), { completedAt: this.#time.now(), result });
    return ok({ "request-id": trigger });
  }

  status(kind: "savepoint" | "checkpoint" | "disposal", jobId: string, trigger: string): Reply {
    const operation = this.#operation(kind, jobId, trigger);
    if (operation === undefined) {
      const message = `There is no ${kind} operation with triggerId=${trigger} for job ${jobId}.`;
      return refusal(404, kind === "disposal" ? failures.operationNotFound() : failures.rest(message));
    }
    const id = operation.completedAt === undefined ? "IN_PROGRESS" : "COMPLETED";
    return ok({ status: { id }, operation: operation.result });
  }

  /** Forgets every outcome, as time does. */
  expire(): void {
    for (const [key, { completedAt }] of this.#known) if (completedAt !== undefined) this.#known.delete(key);
  }

  #trigger(
    route: "savepoint" | "checkpoint",
    jobId: string,
    given: string | undefined,
    kind: "savepoint" | "stop" | "checkpoint",
    target: string | undefined,
    take: (job: Job, now: number) => object,
  ): Reply {
    const trigger = given ?? randomBytes(16).toString("hex");
    const reply = ok({ "request-id": trigger }, 202);
    if (this.#operation(route, jobId, trigger) !== undefined) return reply;
    const operation: Operation = { completedAt: undefined, result: null };
    this.#known.set(keyOf(route, jobId, trigger), operation);
    const complete = (result: object) => {
      operation.completedAt = this.#time.now();
      operation.result = result;
    };
    const fail = (thrown: Throwable, job?: Job) => {
      // A job's own statistics know only of what its coordinator began.
      job?.checkpoints.fail(this.#time.now(), kind, thrown.message ?? headline(thrown));
      complete({
        [route === "savepoint" ? "failure-cause" : "failureCause"]: serialized(failures.inFuture(thrown)),
      });
    };
    const job = this.#dispatcher.job(jobId);
    if (job === undefined || isTerminal(job.state)) {
      fail(failures.jobNotFound(jobId));
    } else if (!tasksRun(job)) {
      fail(failures.tasksNotRunning(jobId, job.parallelism), job);
    } else if (target !== undefined && !this.#isWritable(target)) {
      fail(failures.directoryUnusable(plainPath(target)), job);
    } else {
      void this.#complete(job).then(() => {
        if (this.#time.dead) return;
        if (tasksRun(job)) complete(take(job, this.#time.now()));
        else fail(failures.checkpointStopped());
      });
    }
    return reply;
  }

  async #complete(job: Job): Promise<void> {
    await this.#time.wait(this.#settings.times.savepoint);
    await this.#gate.pass([job.id]);
  }

  #isWritable(directory: string): boolean {
    const path = plainPath(directory);
    const scheme = /^([a-z0-9+.-]+):/i.exec(path)?.[1] ?? "file";
    if (!this.#settings.fileSystems.includes(scheme)) return false;
    // The kernel's own: no directory can be made there.
    return ![...this.#unwritable, "file:/proc"].some((broken) => path.startsWith(plainPath(broken)));
  }

  #operation(route: string, jobId: string, trigger: string): Operation | undefined {
    const key = keyOf(route, jobId, trigger);
    const operation = this.#known.get(key);
    const completedAt = operation?.completedAt;
    if (completedAt === undefined || completedAt + this.#settings.operationStoreMs > this.#time.now())
      return operation;
    this.#known.delete(key);
    return undefined;
  }
}

const tasksRun = (job: Job) => job.state === "RUNNING" && job.tasks === "running";
const noDirectory =
  "Config key [execution.checkpointing.savepoint-dir] is not set. Property [target-directory] must be provided.";
const keyOf = (route: string, jobId: string, trigger: string) => `${route} ${jobId} ${trigger}`;
