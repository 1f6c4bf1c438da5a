import type { ApplicationState, FlinkJobState, RunOutcome } from "../../../src/core/observed.ts";
import { isTerminal } from "../../../src/core/observed.ts";
import type { MainEnd, Setting } from "../world/setting.ts";
import { acceptedApplication, outcomes } from "./outcomes.ts";

/** A job in the JobManager's memory, or as its HA storage keeps it. Values are replaced, never changed. */
export interface Job {
  readonly id: string;
  /** The spec that it was made from, as `numberOf` names it. */
  readonly content: number;
  readonly state: FlinkJobState;
  readonly startedAt: number;
  readonly endedAt: number;
  /** Its place in the order of everything that happened. */
  readonly begunAt: number;
}

export interface Application {
  readonly id: string;
  readonly content: number;
  readonly state: ApplicationState;
  readonly hasJob: boolean;
  readonly endedAt: number;
}

/** A main() that has not returned. */
export interface Main {
  readonly jobId: string;
  readonly content: number;
  readonly application: boolean;
  /** Who waits for its answer; 0: nobody. */
  readonly request: number;
  readonly jar: string | undefined;
  /** Its place in the order of everything that happened. */
  readonly begunAt: number;
  readonly doubled: boolean;
  /** Its request was meant for the process before. */
  readonly redirected: boolean;
}

/** How a job comes to run. */
export type Origin = "submitted" | "redirected" | "doubled" | "recovered" | "reRun";

/** A run request as it arrives. */
export interface Arrival {
  readonly id: number;
  readonly jobId: string;
  readonly content: number;
  readonly application: boolean;
  readonly jar: string | undefined;
  /** Something on the way sent it a second time. */
  readonly doubled: boolean;
  /** The process that its sender had looked at. */
  readonly incarnation: number;
}

/** Told of everything that really happens. */
export interface Witness {
  readonly now: number;
  readonly order: number;
  mainBegins(jobId: string, byFlink: boolean): void;
  jobBegins(jobId: string, content: number, how: Origin): void;
  jobEnds(jobId: string, state: FlinkJobState): void;
  jarMissing(jobId: string): void;
  answer(request: number, outcome: RunOutcome): void;
}

const HOUR = 3_600_000;

/** One JobManager process at a time, and what its HA storage keeps between them (reference: 2.4 and 3a of the facts). */
export class JobManager {
  up = true;
  incarnation = 1;
  jobs: Job[] = [];
  applications: Application[] = [];
  mains: Main[] = [];
  /** JobIDs that Flink refuses because their result is kept. */
  results: string[] = [];
  applicationResults: string[] = [];
  /** HA storage: what is brought back by the next process. */
  storedJobs: Job[] = [];
  storedApplications: Application[] = [];
  jars: string[] = [];

  clone(): JobManager {
    const copy = new JobManager();
    copy.up = this.up;
    copy.incarnation = this.incarnation;
    copy.jobs = this.jobs.slice();
    copy.applications = this.applications.slice();
    copy.mains = this.mains.slice();
    copy.results = this.results.slice();
    copy.applicationResults = this.applicationResults.slice();
    copy.storedJobs = this.storedJobs.slice();
    copy.storedApplications = this.storedApplications.slice();
    copy.jars = this.jars.slice();
    return copy;
  }

  job(id: string): Job | undefined {
    return this.jobs.find((job) => job.id === id);
  }

  application(id: string): Application | undefined {
    return this.applications.find((application) => application.id === id);
  }

  /** Everything that runs, or will run again when the process is back. */
  get live(): readonly Job[] {
    return this.up ? this.jobs.filter(({ state }) => !isTerminal(state)) : this.storedJobs;
  }

  arrive(request: Arrival, setting: Setting, witness: Witness): void {
    const { id, jobId, content, application, jar } = request;
    if (jar !== undefined && !this.jars.includes(jar)) {
      witness.answer(id, outcomes.jarNotFound);
      return;
    }
    if (application) {
      if (this.applicationResults.includes(jobId) || this.application(jobId)) {
        witness.answer(id, outcomes.duplicate);
        return;
      }
      const begun: Application = { id: jobId, content, state: "RUNNING", hasJob: false, endedAt: -1 };
      this.applications.push(begun);
      if (setting.protection !== "JobManagerLifetime") this.storedApplications.push(begun);
      witness.answer(id, acceptedApplication(jobId));
    }
    witness.mainBegins(jobId, false);
    // With HA an application's JAR is in the blob store.
    const kept = application && setting.protection !== "JobManagerLifetime";
    const waiting = application ? 0 : id;
    const begunAt = witness.order;
    const { doubled } = request;
    const redirected = request.incarnation !== this.incarnation;
    const needed = kept ? undefined : jar;
    this.mains.push({
      jobId,
      content,
      application,
      request: waiting,
      jar: needed,
      begunAt,
      doubled,
      redirected,
    });
  }

  /** A main() comes to its end, in one of the ways that the explorer may choose. */
  endMain(index: number, end: MainEnd, setting: Setting, witness: Witness): void {
    const main = this.mains[index]!;
    this.mains.splice(index, 1);
    if (end === "exits") {
      this.die(setting, witness, main);
      return;
    }
    const executes = end !== "throws" && end !== "noJob";
    const thrown = executes ? this.#execute(main, end === "burnsItsId", setting, witness) : undefined;
    const failure =
      thrown ??
      (end === "throws" || end === "submitsThenThrows"
        ? outcomes.mainFailed
        : end === "noJob"
          ? outcomes.noJob
          : undefined);
    if (main.application) this.#endApplicationMain(main, end, failure, setting, witness);
    else if (main.request !== 0) witness.answer(main.request, failure ?? outcomes.accepted);
  }

  /** What execute() throws; undefined: the job runs. */
  #execute(main: Main, burns: boolean, setting: Setting, witness: Witness): RunOutcome | undefined {
    const { jobId, content, jar } = main;
    if (jar !== undefined && !this.jars.includes(jar)) {
      witness.jarMissing(jobId);
      return outcomes.jarGone;
    }
    const known = this.job(jobId);
    if ((known && !isTerminal(known.state)) || this.results.includes(jobId)) return outcomes.duplicate;
    const ha = setting.protection !== "JobManagerLifetime";
    const { now, order } = witness;
    const job: Job = { id: jobId, content, state: "RUNNING", startedAt: now, endedAt: -1, begunAt: order };
    this.jobs = this.jobs.filter(({ id }) => id !== jobId);
    this.jobs.push(job);
    if (ha) this.storedJobs.push(job);
    witness.jobBegins(jobId, content, originOf(main));
    if (!burns) return undefined;
    this.endJob(jobId, "FAILED", setting, witness);
    return outcomes.savepointNotFound;
  }

  #endApplicationMain(
    main: Main,
    end: MainEnd,
    failure: RunOutcome | undefined,
    setting: Setting,
    witness: Witness,
  ): void {
    const { jobId } = main;
    const application = this.application(jobId);
    if (application?.state !== "RUNNING") return;
    if (failure === undefined) {
      this.#setApplication(jobId, { hasJob: true });
    } else if (end === "noJob") {
      this.endApplication(jobId, "FINISHED", setting, witness);
    } else {
      const job = this.job(jobId);
      if (job && end === "submitsThenThrows") {
        this.#setApplication(jobId, { hasJob: true });
        if (!isTerminal(job.state)) this.endJob(jobId, "CANCELED", setting, witness);
      }
      this.endApplication(jobId, "FAILED", setting, witness);
    }
  }

  endJob(id: string, state: "FINISHED" | "FAILED" | "CANCELED", setting: Setting, witness: Witness): void {
    this.#setJob(id, { state, endedAt: witness.now });
    this.storedJobs = this.storedJobs.filter((job) => job.id !== id);
    if (setting.protection !== "RunningJobs" && !this.results.includes(id)) this.results.push(id);
    witness.jobEnds(id, state);
  }

  endApplication(
    id: string,
    state: "FINISHED" | "FAILED" | "CANCELED",
    setting: Setting,
    witness: Witness,
  ): void {
    this.#setApplication(id, { state, endedAt: witness.now });
    this.storedApplications = this.storedApplications.filter((application) => application.id !== id);
    if (setting.protection !== "RunningJobs") this.applicationResults.push(id);
  }

  cancelJob(id: string): void {
    const job = this.job(id);
    if (job && !isTerminal(job.state)) this.#setJob(id, { state: "CANCELLING" });
  }

  cancelApplication(id: string): void {
    if (this.application(id)?.state !== "RUNNING") return;
    this.#setApplication(id, { state: "CANCELING" });
    this.mains = this.mains.filter((main) => main.jobId !== id);
    this.cancelJob(id);
  }

  /** The process is gone, with every main() in it and every answer that was to come. */
  die(setting: Setting, witness: Witness, alsoCut?: Main): void {
    this.up = false;
    for (const { request } of alsoCut ? [alsoCut, ...this.mains] : this.mains)
      if (request !== 0) witness.answer(request, outcomes.reset);
    this.mains = [];
    this.jobs = [];
    this.applications = [];
    if (!setting.keepsJars) this.jars = [];
    if (setting.protection !== "JobManagerLifetime") return;
    this.results = [];
    this.applicationResults = [];
  }

  /** Another process; with HA it has brought back what ran before it answers anything. */
  start(setting: Setting, witness: Witness): void {
    this.up = true;
    this.incarnation++;
    if (setting.protection === "JobManagerLifetime") return;
    const applications = this.storedApplications;
    this.applications = applications.map((application) => ({ ...application, hasJob: false }));
    for (const { id, content } of applications) {
      witness.mainBegins(id, true);
      // Before everything that anybody saw of this process.
      const begunAt = -1;
      const common = { jar: undefined, begunAt, doubled: false, redirected: false };
      this.mains.push({ jobId: id, content, application: true, request: 0, ...common });
    }
    const resubmitted = new Set(applications.map(({ id }) => id));
    this.jobs = this.storedJobs
      .filter(({ id }) => !resubmitted.has(id))
      .map((job) => ({ ...job, state: "INITIALIZING" }));
    this.storedJobs = this.storedJobs.filter(({ id }) => !resubmitted.has(id));
    for (const { id, content } of this.jobs) witness.jobBegins(id, content, "recovered");
  }

  goOn(id: string): void {
    this.#setJob(id, { state: "RUNNING" });
  }

  /** jobstore.expiration-time: what ended an hour ago is forgotten. */
  forget(now: number): void {
    const remembered = ({ endedAt }: { endedAt: number }) => endedAt === -1 || now - endedAt < HOUR;
    if (!this.jobs.every(remembered)) this.jobs = this.jobs.filter(remembered);
    if (!this.applications.every(remembered)) this.applications = this.applications.filter(remembered);
  }

  #setJob(id: string, patch: Partial<Job>): void {
    this.jobs = this.jobs.map((job) => (job.id === id ? { ...job, ...patch } : job));
  }

  #setApplication(id: string, patch: Partial<Application>): void {
    this.applications = this.applications.map((one) => (one.id === id ? { ...one, ...patch } : one));
  }
}

function originOf({ begunAt, doubled, redirected }: Main): Origin {
  if (begunAt < 0) return "reRun";
  return doubled ? "doubled" : redirected ? "redirected" : "submitted";
}
