import type { Job, TerminalState } from "./job.ts";

/** One life of a Flink job, from its submission until its end; a recovery goes on with it, a new submission does not. */
export interface JobRun {
  readonly jobId: string;
  readonly applicationId: string | undefined;
  readonly name: string;
  readonly args: readonly string[];
  /** The JobManager process that took it. */
  readonly incarnation: string;
  readonly startedAt: number;
  endedAt: number | undefined;
  /** LOST: it died with a JobManager that has no HA. */
  end: TerminalState | "LOST" | undefined;
  recoveries: number;
}

interface MainRun {
  readonly jobId: string | undefined;
  readonly applicationId: string | undefined;
}

/** The witness: everything that ever ran, over all crashes. Nothing in the fake decides by it. */
export class Ledger {
  readonly #mains: MainRun[] = [];
  readonly #runs: JobRun[] = [];
  readonly #open = new Map<string, JobRun>();

  mainStarted(main: MainRun): void {
    this.#mains.push({ jobId: main.jobId, applicationId: main.applicationId });
  }

  jobStarted(job: Job, incarnation: string): void {
    const open = this.#open.get(job.id);
    if (job.spec.recovered && open !== undefined) {
      open.recoveries++;
      return;
    }
    const { applicationId, plan, request } = job.spec;
    const run: JobRun = {
      jobId: job.id,
      applicationId,
      name: plan.name,
      args: request.args,
      incarnation,
      startedAt: job.startTime,
      endedAt: undefined,
      end: undefined,
      recoveries: 0,
    };
    this.#runs.push(run);
    this.#open.set(job.id, run);
  }

  jobEnded(jobId: string, end: TerminalState | "LOST", at: number): void {
    const run = this.#open.get(jobId);
    if (run === undefined) return;
    run.end = end;
    run.endedAt = at;
    this.#open.delete(jobId);
  }

  /** Everything that runs is lost, except what `survives`. */
  processDied(survives: (jobId: string) => boolean, at: number): void {
    for (const jobId of [...this.#open.keys()]) if (!survives(jobId)) this.jobEnded(jobId, "LOST", at);
  }

  mainRuns(id: string): number {
    return this.#mains.filter((main) => main.jobId === id || main.applicationId === id).length;
  }

  get runs(): readonly Readonly<JobRun>[] {
    return this.#runs;
  }
}
