import { jobIdPrefix } from "../../src/core/identity.ts";

/** One line of GET /jobs/overview. */
export interface ListedJob {
  readonly jid: string;
  readonly name: string;
  readonly state: string;
  readonly "start-time": number;
  /** -1 while it lives. */
  readonly "end-time": number;
}

export async function listedJobs(url: string): Promise<ListedJob[]> {
  const reply = await fetch(`${url}/jobs/overview`, { signal: AbortSignal.timeout(10_000) });
  return ((await reply.json()) as { jobs: ListedJob[] }).jobs;
}

/** The Flink jobs of one FlinkJob, in the order in which they began. */
export function jobsOf(rows: readonly ListedJob[], uid: string): ListedJob[] {
  return rows
    .filter(({ jid }) => jid.startsWith(jobIdPrefix(uid)))
    .sort((a, b) => a["start-time"] - b["start-time"]);
}

/** The JobIDs of those that began before an earlier one of the same FlinkJob had ended: there must be none. */
export function overlaps(rows: readonly ListedJob[], uids: Iterable<string>): string[] {
  return [...uids].flatMap((uid) => {
    const own = jobsOf(rows, uid);
    const early = own.filter((row, i) => {
      const before = own[i - 1];
      return before && (before["end-time"] < 0 || row["start-time"] < before["end-time"]);
    });
    return early.map(({ jid }) => jid);
  });
}
