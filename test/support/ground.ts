import { inject } from "vitest";

declare module "vitest" {
  interface ProvidedContext {
    /** One for each lane of files; absent where nothing was started. */
    grounds: readonly Ground[];
  }
}

/** What test files stand on, one at a time: nobody else's objects and jobs are there while they run. */
export interface Ground {
  /** Path of an administrator's kubeconfig; the CRDs are installed. */
  readonly kubeconfig: string;
  /** The command that is kubectl. */
  readonly kubectl: readonly string[];
  /** By "2.3" and "1.20", unless others are asked for. */
  readonly flink?: Readonly<Record<string, { url: string; jobsJar: string }>>;
}

/** That of the lane in which this file runs; undefined when the tests are given their parts by environment variables. */
export function ground(): Ground | undefined {
  const grounds = (inject as (name: string) => readonly Ground[] | undefined)("grounds");
  // Between 1 and maxWorkers, and of no other file that runs now.
  return grounds?.[Number(process.env.VITEST_POOL_ID) - 1];
}
