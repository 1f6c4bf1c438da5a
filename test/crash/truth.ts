import type { FakeFlink } from "../support/fake-flink/index.ts";

/** What really happened on a Flink cluster, told by the cluster itself and not by the operator. */
export interface Truth {
  /** Every life of a job, in order: the same JobID twice means that it ran twice. `end` is absent while it lives. */
  runs(): Promise<{ jobId: string; end?: string }[]>;
  /** How often main() began for this JobID. */
  mains(jobId: string): Promise<number>;
  /** The names of the JARs that lie there. */
  jars(): Promise<string[]>;
}

export function truthOf(flink: FakeFlink): Truth {
  return {
    runs: async () =>
      flink.jobsEverRun().map(({ jobId, end }) => (end === undefined ? { jobId } : { jobId, end })),
    mains: async (jobId) => flink.mainRuns(jobId),
    jars: () => jarsOn(flink.url),
  };
}

export async function jarsOn(url: string): Promise<string[]> {
  const reply = await fetch(`${url}/jars`, { signal: AbortSignal.timeout(5_000) });
  const { files } = (await reply.json()) as { files: { name: string }[] };
  return files.map(({ name }) => name);
}
