import { isTerminal } from "../../../src/core/observed.ts";
import type { Setting } from "../world/setting.ts";
import { parallelismOf } from "../world/wishes.ts";
import type { Application, Job, Main, Operation, Stored, Witness } from "./records.ts";
import { failStops } from "./snapshots.ts";

const HOUR = 3_600_000;
/** rest.async.store-duration */
const FIVE_MINUTES = 300_000;

/** One JobManager process at a time, and what its HA storage keeps between them (reference: 2.4 and 3a of the facts). */
export class JobManager {
  up = true;
  incarnation = 1;
  /** Its pods are not there: nothing of it runs again by itself. */
  gone = false;
  jobs: Job[] = [];
  applications: Application[] = [];
  mains: Main[] = [];
  /** JobIDs that Flink refuses because their result is kept. */
  results: string[] = [];
  applicationResults: string[] = [];
  /** HA storage: what is brought back by the next process. */
  storedJobs: Job[] = [];
  storedApplications: Application[] = [];
  /** Application mode: the jobs whose results are kept. */
  ended: readonly Job[] = [];
  jars: string[] = [];
  /** Stops with savepoint that this process knows of. */
  operations: Operation[] = [];
  /** How many were asked for. */
  savepoints = 0;
  /** Savepoints and checkpoints, wherever they are kept. */
  storage: readonly Stored[] = [];
  /** HA storage: what each job goes on from. */
  recoveries: readonly { readonly jobId: string; readonly from: Stored }[] = [];

  /** What is required of jobs that were scaled, wherever it is kept. */
  required: readonly { readonly jobId: string; readonly parallelism: number }[] = [];

  clone(): JobManager {
    const copy = new JobManager();
    copy.up = this.up;
    copy.incarnation = this.incarnation;
    copy.gone = this.gone;
    copy.ended = this.ended;
    copy.jobs = this.jobs.slice();
    copy.applications = this.applications.slice();
    copy.mains = this.mains.slice();
    copy.results = this.results.slice();
    copy.applicationResults = this.applicationResults.slice();
    copy.storedJobs = this.storedJobs.slice();
    copy.storedApplications = this.storedApplications.slice();
    copy.jars = this.jars.slice();
    copy.operations = this.operations.slice();
    copy.savepoints = this.savepoints;
    copy.storage = this.storage;
    copy.recoveries = this.recoveries;
    copy.required = this.required;
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
    if (this.gone) return [];
    return this.up ? this.jobs.filter(({ state }) => !isTerminal(state)) : this.storedJobs;
  }

  endJob(id: string, state: "FINISHED" | "FAILED" | "CANCELED", setting: Setting, witness: Witness): void {
    this.setJob(id, { state, endedAt: witness.now });
    this.storedJobs = this.storedJobs.filter((job) => job.id !== id);
    if (this.recoveries.length > 0) this.recoveries = this.recoveries.filter(({ jobId }) => jobId !== id);
    if (this.required.length > 0) this.required = this.required.filter(({ jobId }) => jobId !== id);
    const kept = state !== "FINISHED" && setting.retains;
    if (!kept && this.storage.length > 0)
      this.storage = this.storage.filter(({ jobId, kind }) => jobId !== id || kind === "savepoint");
    if (setting.protection !== "RunningJobs" && !this.results.includes(id)) this.results.push(id);
    if (setting.ownCluster === "application") this.ended = [...this.ended, this.job(id)!];
    if (this.operations.length > 0) failStops(this, witness.now);
    witness.jobEnds(this.job(id)!, state);
  }

  endApplication(
    id: string,
    state: "FINISHED" | "FAILED" | "CANCELED",
    setting: Setting,
    witness: Witness,
  ): void {
    this.setApplication(id, { state, endedAt: witness.now });
    this.storedApplications = this.storedApplications.filter((application) => application.id !== id);
    if (setting.protection !== "RunningJobs") this.applicationResults.push(id);
  }

  cancelJob(id: string, now: number): void {
    const job = this.job(id);
    if (!job || isTerminal(job.state)) return;
    this.setJob(id, { state: "CANCELLING" });
    if (this.operations.length > 0) failStops(this, now);
  }

  cancelApplication(id: string, now: number): void {
    if (this.application(id)?.state !== "RUNNING") return;
    this.setApplication(id, { state: "CANCELING" });
    this.mains = this.mains.filter((main) => main.jobId !== id);
    this.cancelJob(id, now);
  }

  stored(path: string | undefined): Stored | undefined {
    return path === undefined ? undefined : this.storage.find((one) => one.path === path);
  }

  recoveryOf(id: string): Stored | undefined {
    return this.recoveries.find(({ jobId }) => jobId === id)?.from;
  }

  /** What the job goes on from after a failover. */
  remember(id: string, from: Stored): void {
    this.recoveries = [...this.recoveries.filter(({ jobId }) => jobId !== id), { jobId: id, from }];
  }

  /** A task has failed, and Flink restarts the job by itself. */
  restart(id: string, now: number): void {
    this.setJob(id, { state: "RESTARTING", restarts: this.job(id)!.restarts + 1 });
    if (this.operations.length > 0) failStops(this, now);
  }

  /** With how much parallelism a job is to run. */
  requiredOf(id: string, content: number): number {
    return this.required.find(({ jobId }) => jobId === id)?.parallelism ?? parallelismOf(content);
  }

  require(id: string, parallelism: number): void {
    this.required = [...this.required.filter(({ jobId }) => jobId !== id), { jobId: id, parallelism }];
  }

  goOn(id: string): void {
    this.setJob(id, { state: "RUNNING" });
  }

  /** jobstore.expiration-time: what ended an hour ago is forgotten. */
  forget(now: number): void {
    const remembered = ({ endedAt }: { endedAt: number }) => endedAt === -1 || now - endedAt < HOUR;
    if (!this.jobs.every(remembered)) this.jobs = this.jobs.filter(remembered);
    if (this.operations.length > 0)
      this.operations = this.operations.filter(
        ({ endedAt }) => endedAt === -1 || now - endedAt < FIVE_MINUTES,
      );
    if (!this.applications.every(remembered)) this.applications = this.applications.filter(remembered);
  }

  setJob(id: string, patch: Partial<Job>): void {
    this.jobs = this.jobs.map((job) => (job.id === id ? { ...job, ...patch } : job));
  }

  setApplication(id: string, patch: Partial<Application>): void {
    this.applications = this.applications.map((one) => (one.id === id ? { ...one, ...patch } : one));
  }
}
