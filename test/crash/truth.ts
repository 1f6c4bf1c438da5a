import { eventually } from "../support/eventually.ts";
import type { JobRun } from "../support/fake-flink/index.ts";
import type { Trace } from "../support/trace.ts";

/** What really happened to one FlinkJob's jobs, told by the cluster and by main() itself, not by the operator. */
export interface Truth {
  /** Every life of a job, in order: the same JobID twice means that it ran twice. `end` is absent while it lives. */
  runs(): Promise<{ jobId: string; end?: string }[]>;
  /** How often main() began for this JobID. */
  mains(jobId: string): Promise<number>;
  /** The names of the JARs that lie there. */
  jars(): Promise<string[]>;
}

/** What fake Flinks tell of all that ever ran on them. */
export interface Witness {
  jobsEverRun(): readonly Readonly<JobRun>[];
  /** JobIDs. */
  liveJobs(): string[];
  mainRuns(id: string): number;
  jarNames(): string[];
}

export function truthOfFake(flink: Witness): Truth {
  return {
    runs: async () =>
      flink.jobsEverRun().map(({ jobId, end }) => (end === undefined ? { jobId } : { jobId, end })),
    mains: async (jobId) => flink.mainRuns(jobId),
    jars: async () => flink.jarNames(),
  };
}

/**
 * A real cluster, shared with other runs: only what bears this FlinkJob's prefix counts. It lists a JobID once however often
 * it ran, so the trace that main() writes is the witness for that.
 */
export function truthOfReal(url: string, trace: Trace, prefix: string): Truth {
  return {
    async runs() {
      const jobs = (await jobsOn(url)).filter(({ jid }) => jid.startsWith(prefix));
      return jobs
        .sort((a, b) => a["start-time"] - b["start-time"])
        .map(({ jid, state }) => (isTerminal(state) ? { jobId: jid, end: state } : { jobId: jid }));
    },
    mains: async (jobId) => (await trace.events("main")).filter((event) => event.jobId === jobId).length,
    jars: async () => (await jarsOn(url)).filter((name) => name.includes(prefix)),
  };
}

/** So long no application of these scenarios takes to end, in milliseconds. */
const ENDS_WITHIN_MS = 15_000;

/** An application that is CANCELING, and will be for as long as this JobManager lives. */
export async function hasStuckApplication(url: string, prefix: string): Promise<boolean> {
  const { applications } = await asked<{
    applications: { id: string; status: string; duration: number }[];
  }>(`${url}/applications/overview`);
  return applications.some(
    ({ id, status, duration }) =>
      id.startsWith(prefix) && status === "CANCELING" && duration > ENDS_WITHIN_MS,
  );
}

/** What a job that can be scaled asks for, one text for each of its tasks; what Flink answers instead where it cannot tell. */
export async function boundsOf(url: string, jobId: string): Promise<string[]> {
  const reply = await fetch(`${url}/jobs/${jobId}/resource-requirements`);
  if (!reply.ok) return [`HTTP ${reply.status}`];
  const tasks = (await reply.json()) as Record<
    string,
    { parallelism: { lowerBound: number; upperBound: number } }
  >;
  return Object.values(tasks).map(
    ({ parallelism: { lowerBound, upperBound } }) => `${lowerBound} to ${upperBound}`,
  );
}

interface ListedJob {
  jid: string;
  state: string;
  "start-time": number;
}

export async function jobsOn(url: string): Promise<ListedJob[]> {
  return (await asked<{ jobs: ListedJob[] }>(`${url}/jobs/overview`)).jobs;
}

export const isTerminal = (state: string): boolean => /^(FINISHED|CANCELED|FAILED)$/.test(state);

async function jarsOn(url: string): Promise<string[]> {
  const { files } = await asked<{ files: { name: string }[] }>(`${url}/jars`);
  return files.map(({ name }) => name);
}

/** On a busy machine a JobManager loses its leadership for a moment, and answers with an error: that is no fact about jobs. */
async function asked<T>(url: string): Promise<T> {
  const ask = async () => {
    const reply = await fetch(url, { signal: AbortSignal.timeout(10_000) });
    if (!reply.ok) throw new Error(`GET ${url}: HTTP ${reply.status} ${(await reply.text()).slice(0, 300)}`);
    return (await reply.json()) as T;
  };
  return await eventually(ask, 60_000, 200);
}
