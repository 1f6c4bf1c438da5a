import { randomBytes } from "node:crypto";
import type { Application } from "./application.ts";
import { durationMs } from "./checkpoints.ts";
import type { ProcessTime } from "./clock.ts";
import type { Dispatcher } from "./dispatcher.ts";
import * as failures from "./failures.ts";
import { isTerminal, type Job } from "./job.ts";
import type { Ledger } from "./ledger.ts";
import { type JobPlan, type MainPlan, planMain } from "./mains.ts";
import type { OwnMain, Settings } from "./options.ts";
import type { Release } from "./release.ts";
import { ok, type Reply, refusal, serverError, thrownBy } from "./replies.ts";
import type { RunRequest } from "./run-request.ts";
import type { RunningMains } from "./running-mains.ts";
import type { Jar, Storage, StoredApplication } from "./storage.ts";
import { FlinkFailure, type Throwable, throwable, wrapped } from "./throwable.ts";

/** The ID of every application that a JobManager runs by itself. */
const OWN_APPLICATION = "0".repeat(32);
/** A run request's fields that a command line has not. */
const NOTHING_ASKED = {
  applicationId: undefined,
  parallelism: 1,
  allowNonRestoredState: false,
  claims: false,
  configuration: {},
} as const;

/** POST /jars/:jarid/run and /run-application: from the request to what main() made of it. */
export class Submissions {
  readonly #settings: Settings;
  readonly #release: Release;
  readonly #storage: Storage;
  readonly #time: ProcessTime;
  readonly #ledger: Ledger;
  readonly #dispatcher: Dispatcher;
  readonly #mains: RunningMains;
  readonly #exit: () => void;

  constructor(context: {
    settings: Settings;
    release: Release;
    storage: Storage;
    time: ProcessTime;
    ledger: Ledger;
    dispatcher: Dispatcher;
    mains: RunningMains;
    exit: () => void;
  }) {
    this.#settings = context.settings;
    this.#release = context.release;
    this.#storage = context.storage;
    this.#time = context.time;
    this.#ledger = context.ledger;
    this.#dispatcher = context.dispatcher;
    this.#mains = context.mains;
    this.#exit = context.exit;
  }

  /** Answers when main() is over, however long that takes. */
  async run(jarId: string, request: RunRequest): Promise<Reply> {
    const main = this.#program(jarId, request);
    if ("status" in main) return main;
    const jobs: Job[] = [];
    const { jobId } = request;
    this.#ledger.mainStarted({ jobId, applicationId: undefined });
    try {
      await this.#mains.run(
        main,
        { kind: "run", jobId, applicationId: undefined },
        async (plan) => {
          // Before 2.3 the second execute() with a fixed JobID is given the first one's client, and runs nothing.
          if (jobId !== undefined && jobs.length > 0 && !this.#release.applications) return;
          jobs.push(
            await this.#execute(plan, request, jarId, { id: jobId ?? newId(), application: undefined }),
          );
        },
        this.#exit,
      );
    } catch (error) {
      return refusal(400, failures.couldNotExecute(failures.mainFailed(thrownBy(error))));
    }
    const first = jobs[0];
    if (first === undefined) return refusal(400, failures.rest("No jobs included in application."));
    return ok({ jobid: first.id, ...(this.#release.applications ? { applicationId: first.id } : {}) });
  }

  /** Answers at once; main() runs afterwards. */
  runApplication(jarId: string, request: RunRequest): Reply {
    const main = this.#program(jarId, request);
    if ("status" in main) return main;
    const id = request.applicationId ?? newId();
    let application: Application;
    try {
      application = this.#dispatcher.newApplication(id, main.entryClass);
    } catch (error) {
      return refusal(400, failures.rest("Could not submit application.", failures.inFuture(thrownBy(error))));
    }
    if (this.#settings.ha) this.#storage.applications.set(id, { id, name: main.entryClass, main, request });
    void this.#drive(application, main, request, this.#settings.ha ? undefined : jarId);
    return ok({ applicationid: id }, 202);
  }

  /** HA, after a failover: main() runs again, from the JAR in the blob store. */
  recover({ id, name, main, request }: StoredApplication): void {
    void this.#drive(this.#dispatcher.adoptApplication(id, name), main, request, undefined);
  }

  /** `standalone-job`: whether its job has ended before is known by the results that are kept. */
  runOwn({ entryClass, args, jobId, savepointPath }: OwnMain): void {
    const main = planMain(entryClass, args);
    const request: RunRequest = { ...NOTHING_ASKED, entryClass, args, jobId, savepointPath };
    if (!this.#release.applications) {
      void this.#driveOwn(main, request, jobId);
      return;
    }
    try {
      const application = this.#dispatcher.newApplication(OWN_APPLICATION, entryClass);
      void this.#drive(application, main, request, undefined);
    } catch {
      // It has ended before, and is not run again.
    }
  }

  /** False: unknown, or already over, which Flink does not distinguish. */
  cancel(applicationId: string): boolean {
    const application = this.#dispatcher.application(applicationId);
    if (application === undefined || application.ended) return false;
    application.enter("CANCELING");
    this.#mains.interrupt(applicationId);
    const sticks = this.#settings.applicationCancelSticks;
    void this.#cancelJobs(application).then(() => sticks || this.#finish(application, "CANCELED"));
    return true;
  }

  async #drive(application: Application, main: MainPlan, request: RunRequest, jarId: string | undefined) {
    const { id } = application;
    const jobId = request.jobId ?? (this.#settings.ha ? id : undefined);
    this.#ledger.mainStarted({ jobId: request.jobId, applicationId: id });
    try {
      await this.#mains.run(
        main,
        { kind: "application", jobId: request.jobId, applicationId: id },
        async (plan) =>
          void (await this.#execute(plan, request, jarId, { id: jobId ?? newId(), application })),
        this.#exit,
      );
    } catch (error) {
      if (application.state !== "RUNNING") return;
      const thrown = failures.applicationFailed(failures.mainFailed(thrownBy(error)));
      application.exceptions.push({ thrown, at: this.#time.now() });
      if (id === OWN_APPLICATION) this.#dispatcher.failBeforeJob(request, main, thrown);
      application.enter("FAILING");
      await this.#cancelJobs(application);
      this.#finish(application, "FAILED");
      return;
    }
    await this.#awaitJobs(application);
  }

  /** Before 2.3 nothing but its job tells of a main() that the JobManager runs itself. */
  async #driveOwn(main: MainPlan, request: RunRequest, jobId: string): Promise<void> {
    this.#ledger.mainStarted({ jobId, applicationId: undefined });
    const owner = { kind: "application", jobId, applicationId: undefined } as const;
    const execute = async (plan: JobPlan) =>
      void (await this.#execute(plan, request, undefined, { id: jobId, application: undefined }));
    try {
      await this.#mains.run(main, owner, execute, this.#exit);
    } catch (error) {
      const thrown = failures.applicationFailed(failures.mainFailed(thrownBy(error)));
      this.#dispatcher.failBeforeJob(request, main, thrown);
    }
  }

  /** The application looks at its jobs now and then, and so ends a while after the last of them. */
  async #awaitJobs(application: Application): Promise<void> {
    while (this.#liveJobs(application).length > 0)
      await this.#time.wait(this.#settings.times.applicationPoll);
    if (application.state !== "RUNNING") return;
    const states = application.jobs.map((id) => this.#dispatcher.job(id)?.state);
    if (states.includes("FAILED")) {
      application.enter("FAILING");
      this.#finish(application, "FAILED");
    } else if (states.includes("CANCELED")) {
      application.enter("CANCELING");
      this.#finish(application, "CANCELED");
    } else {
      this.#finish(application, "FINISHED");
    }
  }

  async #cancelJobs(application: Application): Promise<void> {
    for (const job of this.#liveJobs(application)) job.cancel();
    while (this.#liveJobs(application).length > 0) await this.#time.wait(1);
  }

  #liveJobs(application: Application): Job[] {
    return application.jobs
      .map((id) => this.#dispatcher.job(id))
      .filter((job): job is Job => job !== undefined && !isTerminal(job.state));
  }

  #finish(application: Application, state: "FAILED" | "CANCELED" | "FINISHED"): void {
    application.enter(state);
    this.#dispatcher.applicationEnded(application);
  }

  /** What Flink finds out before main() starts; it answers 500 to all of it. */
  #program(jarId: string, request: RunRequest): MainPlan | Reply {
    const jar = this.#storage.jars.get(jarId);
    if (jar === undefined) return serverError(failures.inFuture(failures.jarNotFound(this.#path(jarId))));
    if (!jar.readable) return serverError(failures.inFuture(failures.notAJar(this.#path(jarId))));
    const entryClass = request.entryClass ?? mainClassOf(jar);
    if (entryClass === undefined) return serverError(failures.inFuture(failures.noEntryClass()));
    if (!this.#settings.entryClasses.includes(entryClass)) {
      return serverError(failures.inFuture(failures.entryClassNotFound(entryClass)));
    }
    return planMain(entryClass, request.args);
  }

  /** One execute(). Throws FlinkFailure with what it throws in main(). */
  async #execute(
    plan: JobPlan,
    request: RunRequest,
    jarId: string | undefined,
    { id, application }: { id: string; application: Application | undefined },
  ): Promise<Job> {
    const invalid = invalidSetting(request);
    if (invalid !== undefined) throw new FlinkFailure(invalid);
    const failed = (cause: Throwable) => new FlinkFailure(failures.executeFailed(plan.name, cause));
    if (jarId !== undefined && !this.#storage.jars.has(jarId)) {
      throw failed(failures.jarUploadFailed(this.#path(jarId)));
    }
    const submission = { jobId: id, plan, request };
    try {
      if (application === undefined && this.#release.applications) {
        return await this.#dispatcher.submitAlone(submission);
      }
      const byMain = application !== undefined;
      const ended = this.#dispatcher.adoptEnded({ ...submission, application, byMain });
      return ended ?? (await this.#dispatcher.submit({ ...submission, application, byMain }));
    } catch (error) {
      const thrown = thrownBy(error);
      throw failed(
        thrown.type.endsWith("JobInitializationException")
          ? wrapped("java.lang.RuntimeException", thrown)
          : thrown,
      );
    }
  }

  #path(jarId: string): string {
    return `${this.#settings.directory}/upload/flink-web-upload/${jarId}`;
  }
}

const mainClassOf = (jar: Jar): string | undefined => jar.mainClass;

/** What the job's own configuration makes main() throw. */
function invalidSetting(request: RunRequest): Throwable | undefined {
  const illegal = (message: string) => throwable("java.lang.IllegalArgumentException", message);
  if (!(request.parallelism >= 1)) {
    return illegal(
      "The parallelism of an operator must be at least 1, or ExecutionConfig.PARALLELISM_DEFAULT (use system default).",
    );
  }
  const key = "execution.checkpointing.interval";
  const value = request.configuration[key];
  if (value === undefined || durationMs(value) !== undefined) return undefined;
  return illegal(`Could not parse value '${value}' for key '${key}'.`);
}

const newId = () => randomBytes(16).toString("hex");
