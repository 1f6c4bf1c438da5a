import type { FlinkJobSpec } from "../../../src/api/flinkjob.ts";
import type { FlinkJobState, RunOutcome } from "../../../src/core/observed.ts";
import { JobManager } from "../flink/job-manager.ts";
import type { Job, Origin, Witness } from "../flink/records.ts";
import { ApiServer, EPOCH } from "../kube/api-server.ts";
import type { Place } from "../kube/place.ts";
import { Network } from "../network/network.ts";
import type { Decisions } from "../operator/decisions.ts";
import { Operator } from "../operator/operator.ts";
import { flightAnswered } from "../operator/seen.ts";
import * as invariants from "../truth/invariants.ts";
import { Ledger } from "../truth/ledger.ts";
import { endsWithState, startsWithState } from "../truth/state.ts";
import { beginForeign } from "./foreign-job.ts";
import type { Budget, Setting, Window } from "./setting.ts";
import { specOf } from "./wishes.ts";

/** An invariant that does not hold, or a window of docs/guarantees.md through which it was allowed to fall. */
export interface Violation {
  readonly invariant: string;
  readonly detail: string;
  readonly window?: Window | undefined;
}

/** Everything that exists at one moment. Synchronous, cloneable, without chance: moves change it. */
export class World implements Witness {
  readonly setting: Setting;
  readonly decisions: Decisions;
  api: ApiServer;
  /** That of the session cluster, then one for each place of `places`. */
  managers: JobManager[];
  /** Which of them moves speak of now. */
  current = 0;
  /** Where clusters of its own were made, one for each attempt. */
  places: readonly Place[] = [];
  network: Network;
  operators: Operator[];
  ledger: Ledger;
  left: Budget;
  /** Milliseconds since EPOCH. Only moves that let time pass change it. */
  now = 0;
  /** Counts everything that happens. */
  order = 1;
  /** The user's wish, by its parts. */
  wish = { content: 0, trigger: 0, parallelism: 0, other: 0, suspended: 0 };
  /** Faults have stopped: nothing goes wrong any more, and the user is content. */
  calm = false;
  violation: Violation | undefined;
  /** Filled while a story is told. */
  notes: string[] | undefined;

  constructor(setting: Setting, decisions: Decisions) {
    this.setting = setting;
    this.decisions = decisions;
    this.api = new ApiServer();
    this.managers = [new JobManager()];
    this.managers[0]!.up = setting.ownCluster === undefined;
    this.network = new Network();
    this.operators = [new Operator(true), new Operator(false)];
    this.operators[1]!.queued = false;
    this.ledger = new Ledger();
    this.left = { ...setting.budget };
    this.api.create(this.spec);
    if (setting.adopts) beginForeign(this);
  }

  clone(): World {
    const copy: World = Object.create(World.prototype) as World;
    Object.assign(copy, this);
    copy.api = this.api.clone();
    copy.managers = this.managers.map((manager) => manager.clone());
    copy.network = this.network.clone();
    copy.operators = [this.operators[0]!.clone(), this.operators[1]!.clone()];
    copy.ledger = this.ledger.clone();
    copy.left = { ...this.left };
    copy.wish = { ...this.wish };
    return copy;
  }

  get manager(): JobManager {
    return this.managers[this.current]!;
  }

  /** Every job that runs, or will run again by itself. */
  get live(): readonly Job[] {
    return this.managers.length === 1 ? this.managers[0]!.live : this.managers.flatMap(({ live }) => live);
  }

  /** Moves speak of the JobManager that answers there from now on; where none could, of one that is down. */
  at(url: string | undefined): void {
    if (this.setting.ownCluster !== undefined)
      this.current = 1 + this.places.findIndex((place) => place.url === url);
  }

  get spec(): FlinkJobSpec {
    return specOf(this.setting, this.wish);
  }

  get time(): number {
    return EPOCH + this.now;
  }

  /** One operator process, and no other. */
  get isAlone(): boolean {
    return this.operators[0]!.alive !== this.operators[1]!.alive;
  }

  /** Something on the way sent a request twice. */
  get doubled(): boolean {
    return this.left.duplicatedRequests < this.setting.budget.duplicatedRequests;
  }

  note(text: () => string): void {
    this.notes?.push(text());
  }

  /** The first one counts. */
  broken(invariant: string, detail: string, window?: Window): void {
    this.violation ??= { invariant, detail, window };
  }

  // What the JobManager tells.

  mainBegins(jobId: string, byFlink: boolean): void {
    if (byFlink && this.ledger.of(jobId)?.end !== undefined)
      this.broken("flinkRunsEndedMain", `main() of ${this.short(jobId)} runs again`, "reRunByFlink");
    this.note(() => `main() of ${this.short(jobId)} begins${byFlink ? " again, brought back by Flink" : ""}`);
  }

  jobBegins(job: Job, how: Origin): void {
    const { id, content, work } = job;
    this.note(() => `Flink job ${this.short(id)} runs (${how}${work > 0 ? `, from ${work}` : ""})`);
    const before = this.ledger.of(id);
    if (how !== "recovered") this.ledger.began(id, content, work);
    invariants.jobBegins(this, id, before, how);
    if (how !== "burnt") startsWithState(this, job, how);
  }

  jobEnds(job: Job, state: FlinkJobState): void {
    const { id, work } = job;
    this.note(() => `Flink job ${this.short(id)} is ${state}${work > 0 ? ` at ${work}` : ""}`);
    const stopped = this.manager.operations.some((one) => one.jobId === id && one.state === "completed");
    const end = stopped && state === "FINISHED" ? "STOPPED" : state;
    this.ledger.ended(id, end);
    endsWithState(this, job, end);
  }

  jarMissing(jobId: string): void {
    invariants.jarMissing(this, jobId);
  }

  answer(id: number, outcome: RunOutcome): void {
    if (this.network.get(id)?.operator === -1) this.network.remove(id);
    else this.network.set(id, { phase: "answer", outcome });
  }

  /** An operator process dies. */
  kill(operator: number): void {
    this.operators[operator]!.die();
    if (this.network.calls.length > 0) this.network.forgetCallsOf(operator);
  }

  /** The flight that waits for this request learns its outcome; a process that died learns nothing. */
  deliver(id: number, outcome: RunOutcome): void {
    const request = this.network.get(id)!;
    this.network.remove(id);
    const operator = this.operators[request.operator];
    if (!operator?.alive || operator.epoch !== request.epoch || operator.request !== id) return;
    if (!operator.flight) return;
    // Two things within one millisecond are told apart by their order.
    if (operator.look?.at === this.time || operator.task?.half?.at === this.time) this.now++;
    operator.flight = flightAnswered(operator.flight, this.now, outcome);
    operator.queued = true;
  }

  short(jobId: string | undefined): string {
    if (jobId === undefined) return "none";
    const entry = this.ledger.of(jobId);
    return entry ? `${entry.uid > 1 ? `object ${entry.uid}, ` : ""}${entry.trigger}/${entry.attempt}` : jobId;
  }
}
