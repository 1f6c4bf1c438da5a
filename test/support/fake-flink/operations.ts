import { randomBytes } from "node:crypto";
import type { ProcessTime } from "./clock.ts";
import type { Dispatcher } from "./dispatcher.ts";
import * as failures from "./failures.ts";
import { isTerminal, type Job } from "./job.ts";
import { serialized } from "./job-views.ts";
import type { Settings } from "./options.ts";
import { ok, type Reply, refusal } from "./replies.ts";
import type { Storage } from "./storage.ts";
import type { Throwable } from "./throwable.ts";

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
  readonly #known = new Map<string, Operation>();

  constructor(settings: Settings, storage: Storage, time: ProcessTime, dispatcher: Dispatcher) {
    this.#settings = settings;
    this.#storage = storage;
    this.#time = time;
    this.#dispatcher = dispatcher;
  }

  /** A savepoint, and then what `after` does with the job. Trigger IDs are shared by savepoints and stops. */
  savepoint(
    jobId: string,
    trigger: string | undefined,
    directory: string | undefined,
    after: "go on" | "cancel" | "stop",
  ): Reply {
    const target = directory ?? this.#settings.savepointDirectory;
    if (target === null || target === undefined) return refusal(400, failures.rest(noDirectory));
    return this.#trigger("savepoint", jobId, trigger, (job, now) => {
      const path = `${target.replace(/^file:\/+/, "file:/")}/savepoint-${job.id.slice(0, 6)}-${randomBytes(6).toString("hex")}`;
      this.#storage.savepoints.add(path);
      job.checkpoints.complete(now, path);
      if (after === "cancel") job.cancel();
      if (after === "stop") job.finish();
      return { location: path };
    });
  }

  checkpoint(jobId: string, trigger: string | undefined): Reply {
    return this.#trigger("checkpoint", jobId, trigger, (job, now) => ({
      checkpointId: job.checkpoints.complete(now, undefined).id,
    }));
  }

  status(kind: "savepoint" | "checkpoint", jobId: string, trigger: string): Reply {
    const operation = this.#operation(kind, jobId, trigger);
    if (operation === undefined) {
      const message = `There is no ${kind} operation with triggerId=${trigger} for job ${jobId}.`;
      return refusal(404, failures.rest(message));
    }
    const id = operation.completedAt === undefined ? "IN_PROGRESS" : "COMPLETED";
    return ok({ status: { id }, operation: operation.result });
  }

  #trigger(
    kind: "savepoint" | "checkpoint",
    jobId: string,
    given: string | undefined,
    take: (job: Job, now: number) => object,
  ): Reply {
    const trigger = given ?? randomBytes(16).toString("hex");
    const reply = ok({ "request-id": trigger }, 202);
    if (this.#operation(kind, jobId, trigger) !== undefined) return reply;
    const operation: Operation = { completedAt: undefined, result: null };
    this.#known.set(keyOf(kind, jobId, trigger), operation);
    const complete = (result: object) => {
      operation.completedAt = this.#time.now();
      operation.result = result;
    };
    const fail = (thrown: Throwable) =>
      complete({
        [kind === "savepoint" ? "failure-cause" : "failureCause"]: serialized(failures.inFuture(thrown)),
      });
    const job = this.#dispatcher.job(jobId);
    if (job === undefined || isTerminal(job.state)) {
      fail(failures.jobNotFound(jobId));
    } else if (job.state !== "RUNNING" || job.tasks !== "running") {
      fail(failures.tasksNotRunning(jobId, job.spec.request.parallelism));
    } else {
      this.#time.after(this.#settings.times.savepoint, () => {
        if (job.state !== "RUNNING" || job.tasks !== "running") fail(failures.checkpointStopped());
        else complete(take(job, this.#time.now()));
      });
    }
    return reply;
  }

  #operation(kind: string, jobId: string, trigger: string): Operation | undefined {
    const key = keyOf(kind, jobId, trigger);
    const operation = this.#known.get(key);
    const completedAt = operation?.completedAt;
    if (completedAt === undefined || completedAt + this.#settings.operationStoreMs > this.#time.now())
      return operation;
    this.#known.delete(key);
    return undefined;
  }
}

const noDirectory =
  "Config key [execution.checkpointing.savepoint-dir] is not set. Property [target-directory] must be provided.";
const keyOf = (kind: string, jobId: string, trigger: string) => `${kind} ${jobId} ${trigger}`;
