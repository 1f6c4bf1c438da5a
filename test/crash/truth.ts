import type { FakeFlink } from "../support/fake-flink/index.ts";
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

/** The fake's own witness. */
export function truthOfFake(flink: FakeFlink): Truth {
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
  const reply = await fetch(`${url}/applications/overview`, { signal: AbortSignal.timeout(10_000) });
  const { applications } = (await reply.json()) as {
    applications: { id: string; status: string; duration: number }[];
  };
  return applications.some(
    ({ id, status, duration }) =>
      id.startsWith(prefix) && status === "CANCELING" && duration > ENDS_WITHIN_MS,
  );
}

interface ListedJob {
  jid: string;
  state: string;
  "start-time": number;
}

export async function jobsOn(url: string): Promise<ListedJob[]> {
  const reply = await fetch(`${url}/jobs/overview`, { signal: AbortSignal.timeout(10_000) });
  return ((await reply.json()) as { jobs: ListedJob[] }).jobs;
}

export const isTerminal = (state: string): boolean => /^(FINISHED|CANCELED|FAILED)$/.test(state);

async function jarsOn(url: string): Promise<string[]> {
  const reply = await fetch(`${url}/jars`, { signal: AbortSignal.timeout(10_000) });
  const { files } = (await reply.json()) as { files: { name: string }[] };
  return files.map(({ name }) => name);
}
