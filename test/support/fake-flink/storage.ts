import type { Bounds } from "./adaptive-scheduler.ts";
import { type CheckpointHistory, plainPath } from "./checkpoints.ts";
import type { TerminalState } from "./job.ts";
import type { JobPlan, MainPlan } from "./mains.ts";
import type { RunRequest } from "./run-request.ts";

/** An uploaded JAR: a file in `web.upload.dir`. */
export interface Jar {
  /** `<uuid>_<name>`. */
  readonly id: string;
  readonly name: string;
  readonly uploaded: number;
  /** False: not a ZIP file, which Flink finds out when it runs it. */
  readonly readable: boolean;
  readonly mainClass: string | undefined;
}

export interface StoredJob {
  readonly id: string;
  readonly applicationId: string | undefined;
  /** The application's main() submits it again; otherwise it is recovered before anything is answered. */
  readonly byMain: boolean;
  readonly plan: JobPlan;
  readonly request: RunRequest;
  readonly checkpoints: CheckpointHistory;
  readonly bounds: Bounds;
}

/** A job that is over, as its result tells it. */
export interface EndedJob {
  readonly applicationId: string | undefined;
  readonly state: TerminalState;
  readonly startTime: number;
  readonly endTime: number;
}

export interface StoredApplication {
  readonly id: string;
  readonly name: string;
  readonly main: MainPlan;
  readonly request: RunRequest;
}

/** State that a job can be restored from. */
export interface SavedState {
  /** The checkpoint's own number. */
  readonly id: number;
  /** Of the job that wrote it; another program's operators cannot take it. Undefined: nobody knows. */
  readonly entryClass: string | undefined;
}

/** Savepoints and checkpoints in a file system that everybody shares. */
export class Snapshots {
  readonly #savepoints = new Map<string, SavedState>();
  readonly #histories: { history: CheckpointHistory; entryClass: string | undefined }[] = [];
  readonly #deleted = new Set<string>();

  add(path: string, state: SavedState): void {
    this.#savepoints.set(plainPath(path), state);
  }

  /** The checkpoints of this job lie here too, for as long as it keeps them. */
  follow(history: CheckpointHistory, entryClass: string | undefined): void {
    this.#histories.push({ history, entryClass });
  }

  /** What lies at this path, if anything does. */
  find(path: string): SavedState | undefined {
    const plain = plainPath(path);
    if (this.#deleted.has(plain) || this.#histories.some(({ history }) => history.hasDeleted(plain))) return;
    const writer = this.#histories.find(({ history }) => history.holds(plain));
    const checkpoint = writer && { id: writer.history.idOf(plain) ?? 1, entryClass: writer.entryClass };
    return this.#savepoints.get(plain) ?? checkpoint;
  }

  /** False: there was nothing. */
  delete(path: string): boolean {
    if (this.find(path) === undefined) return false;
    this.#deleted.add(plainPath(path));
    return true;
  }
}

/** What lies on disk or in ZooKeeper and outlives a JobManager; the lower half is written with HA only. */
export class Storage {
  readonly jars = new Map<string, Jar>();
  readonly snapshots: Snapshots;

  readonly jobs = new Map<string, StoredJob>();
  readonly applications = new Map<string, StoredApplication>();
  readonly jobResults = new Set<string>();
  /** What the job results say, where they are kept. */
  readonly endedJobs = new Map<string, EndedJob>();
  readonly applicationResults = new Set<string>();
  /** 2.3.0: results of jobs that never got to know their application. The next JobManager dies of one. */
  readonly orphanedResults = new Set<string>();

  constructor(snapshots: Snapshots) {
    this.snapshots = snapshots;
  }
}

/** Which IDs have ended: what refuses a second run of a job that is no longer there. */
export class ResultStore {
  readonly #ids: Set<string>;
  readonly #keeps: boolean;

  /** `keeps` false: `delete-on-commit`, an entry is gone as soon as the end is cleaned up. */
  constructor(ids: Set<string>, keeps: boolean) {
    this.#ids = ids;
    this.#keeps = keeps;
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  commit(id: string): void {
    if (this.#keeps) this.#ids.add(id);
  }
}
