import type { Fault } from "../support/lifeline.ts";
import { play, type RunResult } from "./crash-run.ts";
import type { Lane } from "./lanes.ts";
import { type Case, caseName, faultsOf } from "./matrix.ts";
import { chosenFaults, type Plan } from "./plan.ts";
import type { Stage } from "./stage.ts";
import { faultText, listing, story } from "./story.ts";
import { Throttle } from "./throttle.ts";

/** What became of the runs. */
export interface Score {
  passed: number;
  failed: number;
  /** Calls of the golden runs that a fault fell on. */
  calls: number;
  /** Runs whose call never came, by its name: they showed nothing. */
  readonly unreached: string[];
  /** Runs that Flink kept from their end however often they were played, by their call: neither did they. */
  readonly stuck: string[];
}

export const nothing = (): Score => ({ passed: 0, failed: 0, calls: 0, unreached: [], stuck: [] });

/** So often a run is played whose call does not come: it may depend on which of two answers is there first. */
const TRIES = 3;
/** One that Flink keeps from its end is a matter of luck: about one in four is. */
const TRIES_WHERE_STUCK = 6;

interface Task extends Case {
  readonly golden: RunResult;
  readonly fault: Fault;
}

/** Plays cases on lanes: the golden run of a case first, then its faults, as lanes are free. */
export class Player {
  readonly score = nothing();
  readonly #stage: Stage;
  readonly #plan: Plan;
  readonly #sizes: ReadonlyMap<Case, Plan["faults"]>;
  readonly #nextCase: () => Promise<Case | undefined>;
  readonly #print: (text: string) => void;
  readonly #throttle = new Throttle();
  readonly #tasks: Task[] = [];
  /** Golden runs under way. */
  #golden = 0;
  #ended = false;
  #wake: (() => void)[] = [];

  constructor(context: {
    stage: Stage;
    plan: Plan;
    /** How many faults of a case, where it is not what the plan says. */
    sizes?: ReadonlyMap<Case, Plan["faults"]>;
    /** Undefined: there is none left. */
    nextCase: () => Promise<Case | undefined>;
    print: (text: string) => void;
  }) {
    this.#stage = context.stage;
    this.#plan = context.plan;
    this.#sizes = context.sizes ?? new Map();
    this.#nextCase = context.nextCase;
    this.#print = context.print;
  }

  async run(lanes: readonly Lane[]): Promise<Score> {
    await Promise.all(lanes.map((lane) => this.#work(lane)));
    return this.score;
  }

  async #work(lane: Lane): Promise<void> {
    for (;;) {
      const task = this.#tasks.shift();
      if (task !== undefined) {
        await this.#strike(task, lane);
        continue;
      }
      const next = this.#ended ? undefined : await this.#nextCase();
      if (next === undefined) {
        this.#ended = true;
        if (this.#tasks.length > 0) continue;
        if (this.#golden === 0) return;
        // Another lane plays a golden run: its faults will be for all.
        await new Promise<void>((wake) => this.#wake.push(wake));
        continue;
      }
      this.#golden++;
      await this.#rehearse(next, lane);
      this.#golden--;
      for (const wake of this.#wake.splice(0)) wake();
    }
  }

  async #rehearse(one: Case, lane: Lane): Promise<void> {
    let golden = await this.#play(one, lane);
    for (let tries = 1; golden.stuck && tries < TRIES_WHERE_STUCK; tries++)
      golden = await this.#play(one, lane);
    this.#judge(one, undefined, golden);
    if (golden.problems.length > 0) return;
    if (this.#plan.listing)
      this.#print(listing(caseName(one), golden, faultsOf(golden, one.scenario).length));
    const plan = { ...this.#plan, faults: this.#sizes.get(one) ?? this.#plan.faults };
    const faults = chosenFaults(plan, one, golden);
    this.score.calls += new Set(faults.map(({ name, occurrence }) => `${name} ${occurrence}`)).size;
    this.#tasks.push(...faults.map((fault) => ({ ...one, golden, fault })));
  }

  async #strike(task: Task, lane: Lane): Promise<void> {
    for (let tries = 1; ; tries++) {
      const result = await this.#play(task, lane, task);
      if (result.stuck && result.problems.length === 0) {
        if (tries < TRIES_WHERE_STUCK) continue;
        this.score.stuck.push(`${caseName(task)} ${task.fault.name} #${task.fault.occurrence}`);
        return;
      }
      if (!result.struck && result.problems.length === 0) {
        if (tries < TRIES) continue;
        this.score.unreached.push(`${caseName(task)} ${task.fault.name} #${task.fault.occurrence}`);
        return;
      }
      this.#judge(task, task.fault, result);
      return;
    }
  }

  async #play({ scenario, kind }: Case, lane: Lane, task?: Task): Promise<RunResult> {
    const site = await this.#stage.site(kind, scenario, lane);
    const compared = task ? { golden: task.golden.end, fault: task.fault } : {};
    return this.#throttle.play(() => play({ scenario, lane, site, start: this.#stage.start, ...compared }));
  }

  #judge(one: Case, fault: Fault | undefined, result: RunResult): void {
    if (result.problems.length === 0) {
      this.score.passed++;
      return;
    }
    this.score.failed++;
    const which = fault ? ` --fault '${faultText(fault)}'` : " --list";
    const real = this.#plan.real ? (one.kind.ha ? " --real --all" : " --real") : "";
    const replay = `npm run test:crash --${real} --only ${caseName(one)}${which}`;
    this.#print(`${story(caseName(one), fault, result, replay)}\n`);
  }
}
