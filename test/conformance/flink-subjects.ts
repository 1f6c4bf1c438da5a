import { readFile } from "node:fs/promises";
import { afterAll, afterEach, beforeAll } from "vitest";
import { isAtLeast, releaseOf } from "../../dev/flink/release.ts";
import { startFakeFlink } from "../support/fake-flink/index.ts";
import { flinkTargets } from "../support/flink-target.ts";
import { ground } from "../support/ground.ts";
import { RawFlink } from "./raw-flink.ts";

/** A minor version of Flink, and what of its behaviour the facts depend on. */
export interface Version {
  /** "2.3" */
  readonly minor: string;
  /** Of the fake: "2.3.0". */
  readonly release: string;
  since(minor: string): boolean;
  /** >= 2.3 */
  readonly applications: boolean;
  /** How a JobID that is taken is refused. */
  readonly duplicate: string;
}

/** What the facts about Flink are asked of: a real cluster of a version, or our fake of it. */
export interface Subject extends Version {
  /** "fake 2.3", "real 1.20" */
  readonly name: string;
  open(): Promise<{ flink: RawFlink; close(): Promise<void> }>;
}

export function versionOf(minor: string): Version {
  const release = releaseOf(minor);
  const applications = isAtLeast(release, "2.3");
  return {
    minor,
    release,
    since: (other) => isAtLeast(release, other),
    applications,
    duplicate: applications
      ? "DuplicateApplicationSubmissionException: Application has already been submitted."
      : "DuplicateJobSubmissionException: Job has already been submitted.",
  };
}

export const anyJar = () => Buffer.from("PK\u0003\u0004 some bytes", "latin1");

function fakeOf(version: Version): Subject {
  return {
    ...version,
    name: `fake ${version.minor}`,
    async open() {
      const fake = await startFakeFlink({ version: version.release, slots: 4, refreshIntervalMs: 500 });
      return { flink: new RawFlink(fake.url, anyJar()), close: () => fake.close() };
    },
  };
}

/** The real ones are the run's own or $FLINKJOB_TEST_FLINK; a run that has none says so in its names: no "real". */
export function realIsGiven(): boolean {
  return ground()?.flink !== undefined || process.env.FLINKJOB_TEST_FLINK !== undefined;
}

/** Of a run without real Flinks. */
export const usualVersions: readonly Version[] = ["1.20", "2.3"].map(versionOf);

/** A fake of each version, and the real ones that this run has. */
export function subjects(): Subject[] {
  if (!realIsGiven()) return usualVersions.map(fakeOf);
  return flinkTargets().flatMap(({ version, url, jobsJar }) => {
    const facts = versionOf(version);
    const open = async () => ({ flink: new RawFlink(url, await readFile(jobsJar)), close: async () => {} });
    return [fakeOf(facts), { ...facts, name: `real ${version}`, open }];
  });
}

/** Notes for the table of versions (docs/flink-versions.md) how this one differs from the newest. */
export function differs(task: { meta: object }, how: string): void {
  Object.assign(task.meta, { differs: how });
}

/** Opens the subject for the tests of this describe block, and leaves nothing of a test behind for the next one. */
export function around(subject: Subject, use: (flink: RawFlink) => void): void {
  let opened: Awaited<ReturnType<Subject["open"]>>;
  beforeAll(async () => {
    opened = await subject.open();
    use(opened.flink);
  });
  afterEach(() => opened.flink.clean());
  afterAll(() => opened.close());
}
