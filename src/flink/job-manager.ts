import type { FlinkRest } from "./rest/flink-rest.ts";

/** What guards a finished or running job against a second run (docs/flinkjob.md, "Protection"). */
export type Protection = "Durable" | "RunningJobs" | "JobManagerLifetime";

/** What one JobManager process says of itself. */
export interface JobManagerInfo {
  /** A UUID that the process makes at its start; undefined if `incarnationMissing` says why. */
  readonly incarnation: string | undefined;
  readonly incarnationMissing: string | undefined;
  /** As Flink gives it, such as `2.3.0`. */
  readonly flinkVersion: string;
  readonly minor: readonly [major: number, minor: number];
  /** web.submit.enable: whether JARs can be uploaded and run at all. */
  readonly submitEnabled: boolean;
  readonly haType: string;
  readonly highAvailability: boolean;
  /** Whether results are deleted once a job or (2.3) an application is cleaned up. True: Flink forgets, and runs it again. */
  readonly deleteOnCommit: { readonly job: boolean; readonly application: boolean };
  readonly protection: Protection;
  /** How long a job that ended stays in /jobs/overview. */
  readonly jobStoreExpirationMs: number;
  readonly supportsRunApplication: boolean;
  /** Before 1.17 Flink drops flinkConfiguration without a word. */
  readonly supportsFlinkConfiguration: boolean;
  /** Whether the resource requirements of its streaming jobs can be changed: 1.18 and later, adaptive scheduler, not in reactive mode. */
  readonly supportsRescaling: boolean;
  /** The cluster's parallelism.default. /jars/:id/run ignores it and takes 1: send the parallelism. */
  readonly parallelismDefault: number;
  /** execution.program-config.enabled: whether main() may set options of its own, which then win. */
  readonly programConfigEnabled: boolean;
  /** cluster.intercept-user-system-exit: `DISABLED` means that a System.exit in main() ends the JobManager. */
  readonly interceptsSystemExit: boolean;
  /** Whether uploaded JARs outlive the process (web.upload.dir is set). */
  readonly keepsUploadedJars: boolean;
}

/**
 * Asks one JobManager for version and effective configuration. Rejects with a FlinkError. Behind a Service with standby
 * JobManagers two calls may be answered by two processes; `incarnation` tells.
 * @internal
 */
export async function readJobManager(rest: FlinkRest, signal?: AbortSignal): Promise<JobManagerInfo> {
  const config = await rest.config(signal);
  const options = await rest.jobManagerConfig(signal);
  return describeJobManager(config.flinkVersion, config.submitEnabled, options);
}

/** The same from what was read already. `options` is the answer of GET /jobmanager/config. */
export function describeJobManager(
  flinkVersion: string,
  submitEnabled: boolean,
  options: ReadonlyMap<string, string>,
): JobManagerInfo {
  const minor = minorOf(flinkVersion);
  const haType = first(options, "high-availability.type", "high-availability", "recovery.mode") ?? "NONE";
  const highAvailability = haType.trim().toUpperCase() !== "NONE";
  const deleteOnCommit = {
    job: flag(options, true, "job-result-store.delete-on-commit"),
    application: flag(options, true, "application-result-store.delete-on-commit"),
  };
  const supportsRunApplication = atLeast(minor, 2, 3);
  const tmpdir = options.get("web.tmpdir");
  const incarnation = tmpdir === undefined ? undefined : processUuid.exec(tmpdir)?.[1]?.toLowerCase();
  // From 2.3 on both stores are asked; the application's is the one that refuses a second run.
  const keepsResults = !deleteOnCommit.job && (!supportsRunApplication || !deleteOnCommit.application);
  return {
    incarnation,
    incarnationMissing: incarnation === undefined ? incarnationMissing(tmpdir) : undefined,
    flinkVersion,
    minor,
    submitEnabled,
    haType,
    highAvailability,
    deleteOnCommit,
    protection: !highAvailability ? "JobManagerLifetime" : keepsResults ? "Durable" : "RunningJobs",
    jobStoreExpirationMs: wholeNumber(options.get("jobstore.expiration-time"), 3600) * 1000,
    supportsRunApplication,
    supportsFlinkConfiguration: atLeast(minor, 1, 17),
    supportsRescaling:
      atLeast(minor, 1, 18) &&
      word(options, "jobmanager.scheduler") === "ADAPTIVE" &&
      word(options, "scheduler-mode") !== "REACTIVE",
    parallelismDefault: wholeNumber(options.get("parallelism.default"), 1),
    programConfigEnabled: flag(
      options,
      true,
      "execution.program-config.enabled",
      "execution.allow-client-job-configurations",
    ),
    interceptsSystemExit:
      (options.get("cluster.intercept-user-system-exit") ?? "DISABLED").toUpperCase() !== "DISABLED",
    keepsUploadedJars: options.has("web.upload.dir"),
  };
}

/** Flink appends `flink-web-<random UUID>` to web.tmpdir at each start of the process. */
const processUuid = /flink-web-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\/?$/i;

function incarnationMissing(tmpdir: string | undefined): string {
  if (tmpdir === undefined) return "GET /jobmanager/config shows no web.tmpdir";
  return `web.tmpdir does not end in flink-web-<uuid>: ${tmpdir.slice(0, 200)}`;
}

/** `[2, 3]` of `2.3.0` or `2.3-SNAPSHOT`; `[0, 0]` of what is no version, which supports nothing. */
export function minorOf(version: string): readonly [number, number] {
  const match = /^(\d+)\.(\d+)(?:\D|$)/.exec(version);
  return match === null ? [0, 0] : [Number(match[1]), Number(match[2])];
}

function atLeast([major, minor]: readonly [number, number], wantMajor: number, wantMinor: number): boolean {
  return major > wantMajor || (major === wantMajor && minor >= wantMinor);
}

/** The first key that is set, as Flink itself resolves deprecated keys: the newest name first. */
function first(options: ReadonlyMap<string, string>, ...keys: string[]): string | undefined {
  for (const key of keys) {
    const value = options.get(key);
    if (value !== undefined) return value;
  }
  return undefined;
}

function flag(options: ReadonlyMap<string, string>, otherwise: boolean, ...keys: string[]): boolean {
  const value = first(options, ...keys)
    ?.trim()
    .toLowerCase();
  return value === "true" ? true : value === "false" ? false : otherwise;
}

/** As Flink reads the words that an option may have: in any case. */
function word(options: ReadonlyMap<string, string>, key: string): string | undefined {
  return options.get(key)?.trim().toUpperCase();
}

function wholeNumber(value: string | undefined, otherwise: number): number {
  return value !== undefined && /^\s*\d+\s*$/.test(value) ? Number(value) : otherwise;
}
