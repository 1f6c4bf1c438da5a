import { readFile } from "node:fs/promises";
import { inject } from "vitest";
import { startFakeFlink } from "../support/fake-flink/index.ts";
import { flinkTargets } from "../support/flink-target.ts";
import { RawFlink } from "./raw-flink.ts";

/** What the facts about Flink are asked of: a real cluster of a version, or our fake of it. */
export interface Subject {
  /** "fake 2.3", "real 1.20" */
  readonly name: string;
  /** >= 2.3 */
  readonly applications: boolean;
  open(): Promise<{ flink: RawFlink; close(): Promise<void> }>;
}

export const versions = [
  { short: "1.20", full: "1.20.5", applications: false },
  { short: "2.3", full: "2.3.0", applications: true },
] as const;

export const anyJar = () => Buffer.from("PK\u0003\u0004 some bytes", "latin1");

const fakes: Subject[] = versions.map(({ short, full, applications }) => ({
  name: `fake ${short}`,
  applications,
  async open() {
    const fake = await startFakeFlink({ version: full, slots: 4, refreshIntervalMs: 500 });
    return { flink: new RawFlink(fake.url, anyJar()), close: () => fake.close() };
  },
}));

/** The real ones are the run's own or $FLINKJOB_TEST_FLINK; a run that has none says so in its names: no "real". */
export function realIsGiven(): boolean {
  const provided = (inject as (name: string) => unknown)("flink");
  return provided !== undefined || process.env.FLINKJOB_TEST_FLINK !== undefined;
}

export function subjects(): Subject[] {
  if (!realIsGiven()) return fakes;
  const real = flinkTargets().map(({ version, url, jobsJar }) => ({
    name: `real ${version}`,
    applications: Number(version.split(".")[0]) * 1000 + Number(version.split(".")[1]) >= 2003,
    open: async () => ({ flink: new RawFlink(url, await readFile(jobsJar)), close: async () => {} }),
  }));
  return [...fakes, ...real];
}
