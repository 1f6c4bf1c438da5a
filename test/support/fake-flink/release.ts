/** What differs between the releases of Flink, as far as a client can see it. */
export interface Release {
  readonly version: string;
  readonly revision: string;
  /** >= 2.3: /jars/:jarid/run-application, /applications/*; every job belongs to an application. */
  readonly applications: boolean;
  /** < 2.0: the run body's `programArgs`, one string. */
  readonly programArgs: boolean;
  /** < 1.20: a field that it does not know makes a body unreadable; later ones ignore it. */
  readonly strictBodies: boolean;
  /** >= 1.19: a file that is sent to a route which takes none is refused as such. */
  readonly refusesFiles: boolean;
  /** >= 1.20: the run body's `claimMode`; `restoreMode` goes on to be understood. */
  readonly claimMode: boolean;
  /** What the possible values of it are called. */
  readonly claimModeType: string;
  /** >= 1.18: resource requirements of jobs of the adaptive scheduler. */
  readonly rescaling: boolean;
  /** >= 2.0: which waits for a checkpoint before it scales, and goes on running meanwhile. */
  readonly patientScaling: boolean;
  /** < 2.0: `root-exception` and `all-exceptions` beside the exception history, `execution-mode`. */
  readonly oldExceptions: boolean;
}

const revisions: Record<string, string> = { "1.20.5": "0980485", "2.3.0": "c0f8d1a" };

/** Throws RangeError for what is not `major.minor.patch`. */
export function releaseOf(version: string): Release {
  const match = /^(\d+)\.(\d+)\.\d+/.exec(version);
  if (match === null) throw new RangeError(`"${version}" is not a Flink version like 2.3.0`);
  const order = Number(match[1]) * 1000 + Number(match[2]);
  return {
    version,
    revision: revisions[version] ?? "0000000",
    applications: order >= 2003,
    programArgs: order < 2000,
    refusesFiles: order >= 1019,
    strictBodies: order < 1020,
    claimMode: order >= 1020,
    claimModeType: `org.apache.flink.${order < 1020 ? "runtime.jobgraph" : "core.execution"}.${order < 2000 ? "RestoreMode" : "RecoveryClaimMode"}`,
    rescaling: order >= 1018,
    patientScaling: order >= 2000,
    oldExceptions: order < 2000,
  };
}
