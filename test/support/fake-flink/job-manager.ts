import { randomUUID } from "node:crypto";
import { ProcessTime } from "./clock.ts";
import { Dispatcher } from "./dispatcher.ts";
import type { Gate } from "./gate.ts";
import type { Job } from "./job.ts";
import { type JobSnapshot, snapshotOf } from "./job-views.ts";
import type { Ledger } from "./ledger.ts";
import { Operations } from "./operations.ts";
import { effectiveConfiguration, type Settings } from "./options.ts";
import { type Release, releaseOf } from "./release.ts";
import { RunningMains } from "./running-mains.ts";
import type { Jar, Storage } from "./storage.ts";
import { Submissions } from "./submissions.ts";

/** One JobManager process. What it knows beyond `storage` dies with it. */
export class JobManager {
  /** The UUID in its `web.tmpdir`: another process, another one. */
  readonly incarnation = randomUUID();
  readonly settings: Settings;
  readonly release: Release;
  readonly time: ProcessTime;
  readonly dispatcher: Dispatcher;
  readonly submissions: Submissions;
  readonly operations: Operations;
  readonly mains: RunningMains;
  readonly #storage: Storage;
  readonly #cache = new Map<string, { at: number; snapshot: JobSnapshot }>();

  constructor(context: {
    settings: Settings;
    storage: Storage;
    ledger: Ledger;
    gate: Gate;
    savepointGate: Gate;
    /** Nothing can be written below these paths. */
    unwritable: ReadonlySet<string>;
    /** System.exit in a main(). */
    exit: () => void;
  }) {
    const { settings, storage, ledger } = context;
    this.settings = settings;
    this.#storage = storage;
    this.release = releaseOf(settings.version);
    this.time = new ProcessTime(settings.clock);
    const shared = { settings, storage, ledger, release: this.release, time: this.time };
    this.dispatcher = new Dispatcher({ ...shared, incarnation: this.incarnation });
    this.mains = new RunningMains(this.time, context.gate);
    this.submissions = new Submissions({
      ...shared,
      dispatcher: this.dispatcher,
      mains: this.mains,
      exit: context.exit,
    });
    const { savepointGate, unwritable } = context;
    this.operations = new Operations({ ...shared, dispatcher: this.dispatcher, savepointGate, unwritable });
  }

  /**
   * HA: brings back what the storage has, before the first answer. False when that kills the process: 2.3.0 cannot
   * recover beside the result of a job that could not start, and never again can until the file is removed.
   */
  recover(): boolean {
    if (this.release.applications && this.#storage.orphanedResults.size > 0) return false;
    this.dispatcher.recoverJobs();
    for (const application of this.#storage.applications.values()) this.submissions.recover(application);
    const { ownMain } = this.settings;
    if (ownMain !== undefined) this.submissions.runOwn(ownMain);
    return true;
  }

  get configuration(): { key: string; value: string }[] {
    return effectiveConfiguration(this.settings, this.incarnation, this.release.applications);
  }

  get jars(): readonly Jar[] {
    return [...this.#storage.jars.values()];
  }

  /** `<uuid>_<name>`, another one for each upload. */
  addJar(name: string, bytes: Buffer): Jar {
    const readable = bytes.subarray(0, 2).toString("latin1") === "PK";
    const manifest = /Main-Class: (\S+)/.exec(bytes.toString("latin1"))?.[1];
    // A real JAR's manifest is compressed; the test jobs' names the first entry class.
    const mainClass = manifest ?? (bytes.length > 1_000 ? "dev.flinkjob.examples.Counter" : undefined);
    const jar = { id: `${randomUUID()}_${name}`, name, uploaded: this.time.now(), readable, mainClass };
    this.#storage.jars.set(jar.id, jar);
    return jar;
  }

  removeJar(id: string): boolean {
    return this.#storage.jars.delete(id);
  }

  /** The job as /jobs/:jobid shows it: up to `web.refresh-interval` old. */
  cached(job: Job): JobSnapshot {
    const now = this.time.now();
    const held = this.#cache.get(job.id);
    if (held !== undefined && now - held.at < this.settings.refreshIntervalMs) return held.snapshot;
    const snapshot = snapshotOf(job);
    this.#cache.set(job.id, { at: now, snapshot });
    return snapshot;
  }

  die(): void {
    this.dispatcher.settleCheckpoints();
    this.time.die();
    if (!this.settings.keepJars) this.#storage.jars.clear();
  }
}
