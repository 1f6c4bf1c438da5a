import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startFlink } from "../../dev/flink/cluster.ts";
import { startFakeFlink } from "../support/fake-flink/index.ts";
import { flinkTargets } from "../support/flink-target.ts";
import { anyJar, realIsGiven, usualVersions, type Version, versionOf } from "./flink-subjects.ts";
import { RawFlink } from "./raw-flink.ts";

/** What the cluster of a scenario is like. */
export interface Shape {
  readonly ha: boolean;
  /** Default false: results of what has ended are kept. */
  readonly deleteOnCommit?: boolean;
  readonly jobStoreExpirationMs?: number;
  readonly startUpMs?: number;
  readonly webSubmit?: boolean;
  readonly operationStoreMs?: number;
  readonly refreshIntervalMs?: number;
  /** More of it. */
  readonly configuration?: Readonly<Record<string, string>>;
}

/** A cluster of a test's own, whose JobManager may be killed. */
export interface MortalCluster {
  readonly flink: RawFlink;
  /** kill -9 */
  kill(): Promise<void>;
  /** Returns when the process has been started, long before it answers. */
  start(): Promise<void>;
  close(): Promise<void>;
}

export interface MortalSubject extends Version {
  readonly name: string;
  open(shape: Shape): Promise<MortalCluster>;
}

const fakeOf = (version: Version): MortalSubject => ({
  ...version,
  name: `fake ${version.minor}`,
  async open(shape) {
    const times = { election: 150, down: 200, applicationPoll: 1_000, stabilization: 500 };
    const fake = await startFakeFlink({
      version: version.release,
      slots: 4,
      deleteOnCommit: false,
      times,
      ...shape,
    });
    await fake.answering();
    return {
      flink: new RawFlink(fake.url, anyJar()),
      kill: () => fake.crash(),
      start: () => fake.start(),
      close: () => fake.close(),
    };
  },
});

function real(version: Version, jobsJar: string): MortalSubject {
  return {
    ...version,
    name: `real ${version.minor}`,
    async open(shape) {
      const dir = await mkdtemp(join(tmpdir(), "mortal-flink-"));
      const config = configuration(shape);
      const instance = await startFlink({
        ...{ dir, version: version.minor, ha: shape.ha, config },
        ownerPid: process.pid,
      });
      return {
        flink: new RawFlink(instance.url, await readFile(jobsJar)),
        kill: () => instance.killJobManager(),
        start: () => instance.startJobManager("process"),
        async close() {
          await instance.stop();
          await rm(dir, { recursive: true });
        },
      };
    },
  };
}

function configuration(shape: Shape): Record<string, string> {
  const {
    deleteOnCommit = false,
    jobStoreExpirationMs,
    startUpMs,
    webSubmit,
    operationStoreMs,
    refreshIntervalMs,
  } = shape;
  return {
    "job-result-store.delete-on-commit": String(deleteOnCommit),
    "application-result-store.delete-on-commit": String(deleteOnCommit),
    ...(jobStoreExpirationMs === undefined
      ? {}
      : { "jobstore.expiration-time": String(Math.ceil(jobStoreExpirationMs / 1000)) }),
    ...(startUpMs === undefined ? {} : { "resourcemanager.standalone.start-up-time": String(startUpMs) }),
    ...(operationStoreMs === undefined ? {} : { "rest.async.store-duration": `${operationStoreMs} ms` }),
    ...(webSubmit === undefined ? {} : { "web.submit.enable": String(webSubmit) }),
    ...(refreshIntervalMs === undefined ? {} : { "web.refresh-interval": String(refreshIntervalMs) }),
    ...shape.configuration,
  };
}

/** Real ones as soon as the run has a real Flink at all: its JAR of jobs is used, its clusters are left alone. */
export function mortalSubjects(): MortalSubject[] {
  if (!realIsGiven()) return usualVersions.map(fakeOf);
  return flinkTargets().flatMap(({ version, jobsJar }) => {
    const facts = versionOf(version);
    return [fakeOf(facts), real(facts, jobsJar)];
  });
}
