import type { Bounds } from "./adaptive-scheduler.ts";
import { Application } from "./application.ts";
import { CheckpointHistory, durationMs } from "./checkpoints.ts";
import type { ProcessTime } from "./clock.ts";
import { duplicateApplication, duplicateJob } from "./failures.ts";
import { isTerminal, Job, type JobHost, type TerminalState } from "./job.ts";
import type { Ledger } from "./ledger.ts";
import type { JobPlan, MainPlan } from "./mains.ts";
import type { Settings } from "./options.ts";
import { releaseOf } from "./release.ts";
import type { RunRequest } from "./run-request.ts";
import { Slots } from "./slots.ts";
import { ResultStore, type Storage, type StoredJob } from "./storage.ts";
import { FlinkFailure, type Throwable } from "./throwable.ts";

export interface Submission {
  readonly jobId: string;
  readonly plan: JobPlan;
  readonly request: RunRequest;
  readonly application: Application | undefined;
  /** The application's main() runs again after a failover and submits this job itself. */
  readonly byMain: boolean;
}

const NO_PLAN = { ends: "fails", message: "", elements: 0, worksMs: 0 } as const;
const retentionKeys = ["execution.checkpointing.externalized-checkpoint-retention"];
const retainedKeys = ["execution.checkpointing.num-retained", "state.checkpoints.num-retained"];

/** The jobs and applications of one JobManager process: what it refuses, keeps, recovers and forgets. */
export class Dispatcher {
  readonly slots: Slots;
  readonly #settings: Settings;
  readonly #storage: Storage;
  readonly #time: ProcessTime;
  readonly #ledger: Ledger;
  readonly #incarnation: string;
  readonly #jobs = new Map<string, Job>();
  readonly #applications = new Map<string, Application>();
  readonly #jobResults: ResultStore;
  readonly #applicationResults: ResultStore;
  /** When the first of what is remembered ended: before it is old, there is nothing to forget. */
  #firstEnd = Number.POSITIVE_INFINITY;

  constructor(context: {
    settings: Settings;
    storage: Storage;
    time: ProcessTime;
    ledger: Ledger;
    incarnation: string;
  }) {
    this.#settings = context.settings;
    this.#storage = context.storage;
    this.#time = context.time;
    this.#ledger = context.ledger;
    this.#incarnation = context.incarnation;
    const { ha, deleteOnCommit, slots, startUpMs } = context.settings;
    // Without HA the results live and die with the process, whatever delete-on-commit says.
    const keeps = !ha || !deleteOnCommit;
    this.#jobResults = new ResultStore(ha ? this.#storage.jobResults : new Set(), keeps);
    this.#applicationResults = new ResultStore(ha ? this.#storage.applicationResults : new Set(), keeps);
    this.slots = new Slots(slots, () => {
      for (const job of this.#jobs.values()) job.scheduler?.changed();
    });
    this.#time.after(startUpMs, () => this.slots.endStartUp());
  }

  /** Jobs that run or are remembered, the latest first. */
  get jobs(): Job[] {
    this.#forget();
    return [...this.#jobs.values()].reverse();
  }

  job(id: string): Job | undefined {
    this.#forget();
    return this.#jobs.get(id);
  }

  get applications(): Application[] {
    this.#forget();
    return [...this.#applications.values()].reverse();
  }

  application(id: string): Application | undefined {
    this.#forget();
    return this.#applications.get(id);
  }

  /** Throws FlinkFailure: duplicate. */
  newApplication(id: string, name: string): Application {
    if (this.#applicationResults.has(id) || this.application(id) !== undefined) {
      throw new FlinkFailure(duplicateApplication());
    }
    return this.adoptApplication(id, name);
  }

  /** One that the storage still has. */
  adoptApplication(id: string, name: string): Application {
    const application = new Application(id, name, this.#time);
    this.#applications.set(id, application);
    return application;
  }

  /** Settles when the job is initialised. Throws FlinkFailure: duplicate, or the job could not start and is FAILED. */
  async submit(submission: Submission): Promise<Job> {
    const { jobId } = submission;
    const known = this.#jobs.get(jobId);
    if ((known !== undefined && !isTerminal(known.state)) || this.#jobResults.has(jobId)) {
      throw new FlinkFailure(duplicateJob());
    }
    const stored = this.#storage.jobs.get(jobId);
    return await this.#start(submission, stored);
  }

  /**
   * HA, >= 2.3: the main() of an application that had not ended runs again and submits a job that had. It is listed with
   * its end and does not run. Undefined: there is no such result.
   */
  adoptEnded({ jobId, plan, request, application }: Submission): Job | undefined {
    const ended = this.#storage.endedJobs.get(jobId);
    if (ended === undefined || application === undefined || ended.applicationId !== application.id)
      return undefined;
    const checkpoints = this.#newHistory(jobId, plan, request);
    const bounds = boundsOf(request);
    const known = { plan, request, checkpoints, bounds, recovered: true };
    const spec = { id: jobId, applicationId: application.id, ...known };
    const job = new Job(spec, this.#host());
    job.restoreEnd(ended);
    this.#jobs.set(jobId, job);
    application.jobs.push(jobId);
    return job;
  }

  /**
   * `execution.submit-failed-job-on-application-error`: the JobManager's own main() failed before it had a job, and one that
   * is FAILED, and never ran, says why.
   */
  failBeforeJob(request: RunRequest, { entryClass }: MainPlan, thrown: Throwable): void {
    const id = request.jobId ?? "";
    if (this.#jobs.has(id) || this.#jobResults.has(id)) return;
    const plan = { ...NO_PLAN, name: entryClass, program: entryClass };
    const checkpoints = this.#newHistory(id, plan, request);
    const bounds = boundsOf(request);
    const spec = { id, applicationId: undefined, plan, request, checkpoints, bounds, recovered: false };
    const job = new Job(spec, this.#host());
    this.#jobs.set(id, job);
    job.failBeforeStart(thrown);
  }

  /** /run on >= 2.3: an application around one job, with the job's ID and fate. Throws FlinkFailure as `submit` does. */
  async submitAlone(submission: Omit<Submission, "application" | "byMain">): Promise<Job> {
    const { jobId, plan } = submission;
    const application = this.newApplication(jobId, `SingleJobApplication(${plan.name})`);
    try {
      return await this.submit({ ...submission, application, byMain: false });
    } catch (error) {
      // Only a job that could not start leaves its application behind: RUNNING, for ever.
      if (application.jobs.length === 0) this.#applications.delete(jobId);
      throw error;
    }
  }

  /** HA: everything that ran and is not resubmitted by a main(). */
  recoverJobs(): void {
    for (const stored of this.#storage.jobs.values()) {
      const { id, applicationId, byMain, plan, request } = stored;
      if (byMain) continue;
      const application =
        applicationId === undefined
          ? undefined
          : this.adoptApplication(applicationId, `SingleJobApplication(${plan.name})`);
      void this.#start({ jobId: id, plan, request, application, byMain }, stored);
    }
  }

  /** The outcome is final: nobody may use the ID again, as far as the stores keep it. */
  applicationEnded(application: Application): void {
    this.#firstEnd = Math.min(this.#firstEnd, application.endTime);
    this.#storage.applications.delete(application.id);
    this.#applicationResults.commit(application.id);
  }

  /** Forgets all that has ended, as `jobstore.expiration-time` does. */
  expire(whole = false): void {
    // An application that has not ended yet did not end an hour ago, and so neither did its jobs.
    const young = (job: Job) =>
      whole && this.#applications.get(job.spec.applicationId ?? "")?.ended === false;
    for (const job of this.#jobs.values()) {
      if (isTerminal(job.state) && !young(job)) this.#jobs.delete(job.id);
    }
    for (const app of this.#applications.values()) if (app.ended) this.#applications.delete(app.id);
  }

  /** The process is about to die: what its jobs had taken until now lies on disk. */
  settleCheckpoints(): void {
    for (const job of this.#jobs.values()) void job.checkpoints;
  }

  async #start(submission: Submission, recovered: StoredJob | undefined): Promise<Job> {
    const { jobId, plan, request, application, byMain } = submission;
    const checkpoints = recovered?.checkpoints ?? this.#newHistory(jobId, plan, request);
    const bounds = recovered?.bounds ?? boundsOf(request);
    const applicationId = application?.id;
    const known = { plan, request, checkpoints, bounds };
    const spec = { id: jobId, applicationId, ...known, recovered: recovered !== undefined };
    if (recovered !== undefined) checkpoints.restart(this.#time.now());
    const job = new Job(spec, this.#host());
    this.#jobs.delete(jobId);
    this.#jobs.set(jobId, job);
    application?.jobs.push(jobId);
    if (this.#settings.ha) {
      this.#storage.jobs.set(jobId, { id: jobId, applicationId, byMain, ...known });
    }
    this.#ledger.jobStarted(job, this.#incarnation);
    await job.start();
    return job;
  }

  #newHistory(jobId: string, plan: JobPlan, request: RunRequest): CheckpointHistory {
    const { snapshots } = this.#storage;
    const path = request.savepointPath;
    const id = path === undefined ? undefined : snapshots.find(path)?.id;
    const history = new CheckpointHistory({
      directory: `file:${this.#settings.directory}/checkpoints/${jobId}`,
      intervalMs: durationMs(this.#setting(request, "execution.checkpointing.interval")),
      retained: Number(this.#setting(request, ...retainedKeys) ?? 1),
      claims: request.claims,
      ...(path !== undefined && { restored: { path, at: this.#time.now(), id: id ?? 1, asked: true } }),
    });
    snapshots.follow(history, plan.program);
    return history;
  }

  /** The job's own, else the cluster's. */
  #setting({ configuration }: RunRequest, ...keys: readonly string[]): string | undefined {
    for (const key of keys) {
      const value = configuration[key] ?? this.#settings.configuration[key];
      if (value !== undefined) return value;
    }
    return undefined;
  }

  #host(): JobHost {
    return {
      time: this.#time,
      times: this.#settings.times,
      slots: this.slots,
      adaptive: this.#settings.configuration["jobmanager.scheduler"]?.toLowerCase() === "adaptive",
      patientScaling: releaseOf(this.#settings.version).patientScaling,
      findSnapshot: (path) => this.#storage.snapshots.find(path),
      ended: (job, state) => this.#jobEnded(job, state),
    };
  }

  #jobEnded(job: Job, state: TerminalState): void {
    this.#firstEnd = Math.min(this.#firstEnd, job.endTime);
    this.#ledger.jobEnded(job.id, state, job.endTime);
    this.#storage.jobs.delete(job.id);
    this.#jobResults.commit(job.id);
    const { ha, deleteOnCommit } = this.#settings;
    const { startTime, endTime } = job;
    const { applicationId } = job.spec;
    if (ha && !deleteOnCommit) {
      this.#storage.endedJobs.set(job.id, { applicationId, state, startTime, endTime });
    }
    job.checkpoints.end(this.#retains(job, state));
    if (applicationId === undefined) return;
    if (!job.initialized) {
      if (this.#settings.ha) this.#storage.orphanedResults.add(job.id);
      return;
    }
    const application = this.#applications.get(applicationId);
    if (application === undefined || !application.name.startsWith("SingleJobApplication(")) return;
    if (state === "CANCELED") application.enter("CANCELING");
    if (state === "FAILED") application.enter("FAILING");
    application.enter(state);
    this.applicationEnded(application);
  }

  /** The last checkpoint of a job that is over can be restored from only if it was to be retained. */
  #retains({ spec }: Job, state: TerminalState): boolean {
    const retention = this.#setting(spec.request, ...retentionKeys);
    if (state === "CANCELED") return retention === "RETAIN_ON_CANCELLATION";
    return state === "FAILED" && retention !== undefined && retention !== "NO_EXTERNALIZED_CHECKPOINTS";
  }

  #forget(): void {
    const old = this.#time.now() - this.#settings.jobStoreExpirationMs;
    if (this.#firstEnd > old) return;
    this.#firstEnd = Number.POSITIVE_INFINITY;
    for (const ended of [this.#jobs, this.#applications]) {
      for (const [id, { endTime }] of ended) {
        if (endTime === -1) continue;
        if (endTime <= old) ended.delete(id);
        else this.#firstEnd = Math.min(this.#firstEnd, endTime);
      }
    }
  }
}

/** Until somebody asks for something else. */
const boundsOf = ({ parallelism }: RunRequest): Bounds => ({ lower: 1, upper: parallelism });
