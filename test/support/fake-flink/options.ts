import { type Clock, systemClock } from "./clock.ts";
import { counterClass, scenarioClass } from "./mains.ts";
import { Snapshots } from "./storage.ts";

/** How long things take, in ms. The defaults are quick; the real ones are in the comments. */
export interface Times {
  /** A job is INITIALIZING (real: 20-100). */
  initialize: number;
  /** Slots are there and tasks do not run yet (real: about 200). */
  deploy: number;
  /** The tasks of a job that finishes, or fails, do so after this (real: about 150). */
  work: number;
  cancel: number;
  savepoint: number;
  /** Between a task's failure and the restart, where the job's configuration says nothing (real: 1000). */
  restart: number;
  /** The adaptive scheduler: how long tasks run at least before they are scaled (real: 30 s; 0 before 1.19). */
  cooldown: number;
  /** How long a job without tasks waits for all of its slots when there are enough (real: 10 s), or for enough (real: 5 min). */
  stabilization: number;
  resourceWait: number;
  /** >= 2.0: how long tasks that run wait for all of the slots when there are enough (real: 1 min). */
  executingStabilization: number;
  /** How often an application looks whether its jobs have ended (real: 2000). */
  applicationPoll: number;
  /** Nothing listens after a crash (real: a JVM's start, 2000-5000). */
  down: number;
  /** 503 while a leader is elected (real: up to the ZooKeeper session time-out); without HA next to nothing. */
  election: number;
}

/** What a `standalone-job` is started with. */
export interface OwnMain {
  readonly entryClass: string;
  readonly args: readonly string[];
  readonly jobId: string;
  readonly savepointPath?: string | undefined;
}

export interface FakeFlinkOptions {
  /** Default 2.3.0. */
  version?: string;
  /** Default false. */
  ha?: boolean;
  /** `job-result-store.delete-on-commit` (and 2.3's application-result-store); default true, as Flink's. */
  deleteOnCommit?: boolean;
  /** Default 0: any free one. It stays the same over crashes. */
  port?: number;
  /** `jobstore.expiration-time`; default 1 h. 2.3 forgets applications at the same time. */
  jobStoreExpirationMs?: number;
  /** `web.submit.enable`; default true. */
  webSubmit?: boolean;
  /** `web.refresh-interval`: how old /jobs/:jobid may be; default 3000. */
  refreshIntervalMs?: number;
  /** `rest.async.store-duration`; default 5 min. */
  operationStoreMs?: number;
  /** Default 4096, enough to never matter; the real test clusters have 4. */
  slots?: number;
  /** `resourcemanager.standalone.start-up-time`: from this age on a job without slots fails at once; default 5 min. */
  startUpMs?: number;
  /** 2.3.0 has a race: a cancelled application can stay CANCELING for ever, without main() and jobs; default false. */
  applicationCancelSticks?: boolean;
  /** `web.upload.dir` is set: JARs survive the JobManager; default true. */
  keepJars?: boolean;
  /** `execution.checkpointing.savepoint-dir`; null: none is configured. */
  savepointDirectory?: string | null;
  /** Schemes of the file systems that it can write to; default file, s3, gs, hdfs. */
  fileSystems?: readonly string[];
  /** Entry classes that JARs contain; those beside the test job behave as it does. */
  entryClasses?: readonly string[];
  /** Application mode: the JobManager runs this main() by itself, whenever it starts. Default: a session cluster. */
  ownMain?: OwnMain | undefined;
  /** Where savepoints and checkpoints lie; several clusters may share it. Default: its own. */
  snapshots?: Snapshots;
  /** More of the cluster's effective configuration. */
  configuration?: Readonly<Record<string, string>>;
  times?: Partial<Times>;
  clock?: Clock;
}

export type Settings = Readonly<
  Required<Omit<FakeFlinkOptions, "times">> & { times: Readonly<Times>; directory: string }
>;

const quickTimes: Times = {
  initialize: 5,
  deploy: 15,
  work: 20,
  cancel: 5,
  savepoint: 15,
  restart: 50,
  cooldown: 30,
  stabilization: 50,
  resourceWait: 300_000,
  executingStabilization: 60,
  applicationPoll: 40,
  down: 30,
  election: 30,
};

export function settingsOf(options: FakeFlinkOptions): Settings {
  const { times, ...given } = options;
  const directory = "/tmp/fake-flink";
  return {
    version: "2.3.0",
    ha: false,
    deleteOnCommit: true,
    port: 0,
    jobStoreExpirationMs: 3_600_000,
    webSubmit: true,
    refreshIntervalMs: 3_000,
    operationStoreMs: 300_000,
    slots: 4_096,
    startUpMs: 300_000,
    applicationCancelSticks: false,
    keepJars: true,
    savepointDirectory: `file:${directory}/savepoints`,
    fileSystems: ["file", "s3", "gs", "hdfs"],
    entryClasses: [scenarioClass, counterClass],
    ownMain: undefined,
    snapshots: new Snapshots(),
    configuration: {},
    clock: systemClock,
    ...given,
    times: { ...quickTimes, ...times },
    directory,
  };
}

/** The cluster's effective configuration as GET /jobmanager/config lists it, for one incarnation of its process. */
export function effectiveConfiguration(
  settings: Settings,
  incarnation: string,
  applications: boolean,
): { key: string; value: string }[] {
  const entries: Record<string, string> = {
    "rest.address": "127.0.0.1",
    "rest.bind-address": "127.0.0.1",
    "jobmanager.rpc.address": "127.0.0.1",
    "taskmanager.numberOfTaskSlots": String(settings.slots),
    "web.tmpdir": `/tmp/flink-web-${incarnation}`,
    "execution.checkpointing.dir": `file:${settings.directory}/checkpoints`,
  };
  if (settings.keepJars) entries["web.upload.dir"] = `${settings.directory}/upload`;
  if (settings.savepointDirectory)
    entries["execution.checkpointing.savepoint-dir"] = settings.savepointDirectory;
  if (!settings.webSubmit) entries["web.submit.enable"] = "false";
  if (settings.ha) {
    entries["high-availability.type"] = "zookeeper";
    entries["high-availability.cluster-id"] = "fake";
    entries["high-availability.storageDir"] = `file:${settings.directory}/ha`;
  }
  if (!settings.deleteOnCommit) {
    entries["job-result-store.delete-on-commit"] = "false";
    if (applications) entries["application-result-store.delete-on-commit"] = "false";
  }
  return Object.entries({ ...entries, ...settings.configuration }).map(([key, value]) => ({ key, value }));
}
