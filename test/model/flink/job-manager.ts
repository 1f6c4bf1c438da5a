import { isTerminal } from "../../../src/core/observed.ts";
import type { Setting } from "../world/setting.ts";
import type { Application, Job, Main, Witness } from "./records.ts";

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

  endJob(id: string, state: "FINISHED" | "FAILED" | "CANCELED", setting: Setting, witness: Witness): void {
    this.setJob(id, { state, endedAt: witness.now });
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
    this.setApplication(id, { state, endedAt: witness.now });
    this.storedApplications = this.storedApplications.filter((application) => application.id !== id);
    if (setting.protection !== "RunningJobs") this.applicationResults.push(id);
  }

  cancelJob(id: string): void {
    const job = this.job(id);
    if (job && !isTerminal(job.state)) this.setJob(id, { state: "CANCELLING" });
  }

  cancelApplication(id: string): void {
    if (this.application(id)?.state !== "RUNNING") return;
    this.setApplication(id, { state: "CANCELING" });
    this.mains = this.mains.filter((main) => main.jobId !== id);
    this.cancelJob(id);
  }

  goOn(id: string): void {
    this.setJob(id, { state: "RUNNING" });
  }

  /** jobstore.expiration-time: what ended an hour ago is forgotten. */
  forget(now: number): void {
    const remembered = ({ endedAt }: { endedAt: number }) => endedAt === -1 || now - endedAt < HOUR;
    if (!this.jobs.every(remembered)) this.jobs = this.jobs.filter(remembered);
    if (!this.applications.every(remembered)) this.applications = this.applications.filter(remembered);
  }

  setJob(id: string, patch: Partial<Job>): void {
    this.jobs = this.jobs.map((job) => (job.id === id ? { ...job, ...patch } : job));
  }

  setApplication(id: string, patch: Partial<Application>): void {
    this.applications = this.applications.map((one) => (one.id === id ? { ...one, ...patch } : one));
  }
}
