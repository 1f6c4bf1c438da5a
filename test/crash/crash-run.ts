import { API_VERSION } from "../../src/api/group.ts";
import type { FlinkJob } from "../../src/api/objects.ts";
import { jobIdPrefix } from "../../src/core/identity.ts";
import { isKubeError } from "../../src/kube/errors.ts";
import { flinkJobs } from "../../src/kube/resources.ts";
import { HANG_MS } from "../support/fault-proxy.ts";
import { type Call, type Fault, Lifeline } from "../support/lifeline.ts";
import { Acts } from "./acts.ts";
import { isPoll, isRun } from "./calls.ts";
import { Claims } from "./claims.ts";
import {
  type About,
  difference,
  type EndState,
  endStateOf,
  JobNames,
  mainsProblem,
  saysLost,
  wrongInGolden,
} from "./end-state.ts";
import type { OperatorStart, RunningOperator } from "./in-process-operator.ts";
import type { Lane } from "./lanes.ts";
import { openProxies, type Proxies } from "./proxies.ts";
import { type Scenario, specOf } from "./scenarios.ts";
import type { Site } from "./site.ts";
import { boundsOf } from "./truth.ts";

export interface RunOptions {
  readonly scenario: Scenario;
  readonly lane: Lane;
  readonly site: Site;
  readonly start: (options: OperatorStart) => RunningOperator;
  /** The run without faults to compare with; absent: this is it. */
  readonly golden?: EndState;
  readonly fault?: Fault;
}

export interface RunResult {
  readonly calls: readonly Call[];
  readonly end: EndState;
  /** What is wrong; empty when nothing is. */
  readonly problems: readonly string[];
  /** Whether the fault's call came. */
  readonly struck: boolean;
  /** Flink kept it from its end: it showed nothing. */
  readonly stuck: boolean;
  /** From when on calls count: the user's act, or the beginning. */
  readonly from: number;
}

/** Quiet: so long without a call other than polls. Milliseconds. */
const QUIET_MS = 350;
const GOLDEN_QUIET_MS = 1_000;
/** Before the user acts: what an operator still says of what was before would be taken for its answer. */
const ACT_QUIET_MS = 1_000;
/** A fault's call is waited for so long, once everything is quiet. */
const UNSTRUCK_MS = 2_000;
/** A run that says nothing new for so long has come to rest, whether or not where it should. */
const STALLED_MS = 30_000;
/** One that goes on and on is ended. */
const DEADLINE_MS = 240_000;
let serial = 0;

/** Plays one scenario to its end, with operators that begin anew after each death. */
export async function play(options: RunOptions): Promise<RunResult> {
  const run = new CrashRun(options);
  try {
    return await run.play();
  } finally {
    await run.close();
  }
}

class CrashRun {
  readonly #options: RunOptions;
  readonly #line = new Lifeline();
  readonly #claims: Claims;
  readonly #name = `run-${process.pid}-${++serial}`;
  readonly #proxies: Promise<Proxies>;
  readonly #over = new AbortController();
  #operators: Promise<void> | undefined;
  readonly #acts: Acts;
  /** What happens before the next operator. */
  #meanwhile: (() => Promise<void>) | undefined;
  /** When something happened that is no call of the operator: it needs a while to be seen. */
  #actedAt = 0;
  #names = new JobNames("", "");
  #prefix = "";

  constructor(options: RunOptions) {
    this.#options = options;
    this.#claims = new Claims(options.site.witness);
    this.#proxies = openProxies(this.#line, options.lane, options.site, this.#claims);
    this.#acts = new Acts(options.lane, this.#name, options.site);
  }

  async play(): Promise<RunResult> {
    const { scenario, lane, site, fault, golden } = this.#options;
    const line = this.#line;
    const proxies = await this.#proxies;
    const { flink } = proxies;
    const metadata = { name: this.#name, namespace: lane.namespace };
    const { jarId, args } = site;
    const flinkVersion = site.applications ? "2.3" : "1.20";
    const jarUri = site.jarUri(scenario.jar);
    const spec = specOf(scenario, { flink, flinkVersion, jarId, jarUri, args });
    this.#claims.job = await lane.kube.create(flinkJobs, {
      ...{ apiVersion: API_VERSION, kind: "FlinkJob", metadata, spec },
    } as FlinkJob);
    const { uid = "" } = this.#claims.job.metadata;
    this.#prefix = jobIdPrefix(uid);
    this.#names = new JobNames(uid, this.#name);
    if (!scenario.act) line.arm(fault);
    this.#operators = this.#operate(proxies);

    let from = 0;
    let before: FlinkJob | undefined;
    if (scenario.prelude) {
      const { when, what } = scenario.prelude;
      const timely = await this.#until(
        async () => this.#isQuiet(ACT_QUIET_MS) && when(this.#claims.job as FlinkJob),
      );
      if (!timely) return this.#result(from, [`the user could not ${what}: not ready for it in time`]);
      await this.#act(scenario.prelude);
    }
    if (scenario.act) {
      const { when, what } = scenario.act;
      const due = () =>
        when === "main() runs"
          ? this.#hasRun()
          : this.#isQuiet(ACT_QUIET_MS) && when(this.#claims.job as FlinkJob);
      const timely = await this.#until(async () => due());
      if (!timely) return this.#result(from, [`the user could not ${what}: not ready for it in time`]);
      from = line.calls.length;
      before = this.#claims.job;
      line.arm(fault);
      await this.#act(scenario.act);
    }
    const quiet = golden ? QUIET_MS : GOLDEN_QUIET_MS;
    let stuck = false;
    const rested = async () => {
      stuck = await this.#isStuck();
      if (stuck) return true;
      // Between two operators things happen to the cluster, too.
      if (line.isCut) return false;
      if (!this.#isQuiet(fault && !line.struck ? UNSTRUCK_MS : quiet)) return false;
      if (!scenario.isOver(this.#claims.job, { ha: site.ha, before }) && !this.#isLost()) return false;
      const end = await this.#end();
      const wrong = golden ? difference(golden, end, this.#about) : wrongInGolden(end, this.#about);
      return wrong.length === 0;
    };
    const timely = await this.#until(rested);
    if (stuck) return { ...(await this.#result(from, [])), problems: [...this.#claims.violations], stuck };
    return this.#result(from, timely ? [] : ["it came to rest elsewhere, or not at all"]);
  }

  async close(): Promise<void> {
    this.#over.abort();
    this.#line.cut();
    await this.#operators;
    await (await this.#proxies).close();
    await this.#options.site.close(this.#prefix);
    const { kube, namespace } = this.#options.lane;
    const ref = { namespace, name: this.#name };
    await gone(kube.patch(flinkJobs, ref, { type: "merge", body: { metadata: { finalizers: null } } }));
    await gone(kube.delete(flinkJobs, ref));
    this.#options.lane.tidy?.();
  }

  /** One operator after the other, until the run is over. */
  async #operate({ kube, flink }: Proxies): Promise<void> {
    const { start, lane } = this.#options;
    const line = this.#line;
    while (!this.#over.signal.aborted) {
      const cut = new Promise<void>((go) => line.onCut(go));
      const operator = start({ server: kube, namespace: lane.namespace, managed: flink });
      await cut;
      await operator.discard();
      if (this.#over.signal.aborted) return;
      const { onDeath } = this.#options.scenario;
      if (onDeath) await this.#acts.happen(onDeath);
      await this.#meanwhile?.();
      this.#meanwhile = undefined;
      this.#actedAt = line.now();
      line.restore();
    }
  }

  async #act({ what, startsAnew }: NonNullable<Scenario["act"]>): Promise<void> {
    const act = async () => {
      const changed = await this.#acts.do(what);
      // The operator may have answered before we hear of our own write.
      if (changed && version(changed) > version(this.#claims.job)) this.#claims.job = changed;
      this.#actedAt = this.#line.now();
    };
    if (startsAnew !== true) return act();
    const acted = new Promise<void>((done, failed) => {
      this.#meanwhile = () => act().then(done, failed);
    });
    this.#line.cut();
    await acted;
  }

  /** A FlinkJob that waits for an application which Flink never lets end: so it should, while a failover may bring that back. */
  async #isStuck(): Promise<boolean> {
    const { site } = this.#options;
    const { reason } = this.#claims.job?.status?.trigger ?? {};
    if (!site.isStuck || reason !== "Deleting" || this.#line.isCut) return false;
    return site.isStuck(this.#prefix);
  }

  /** The operator says that nobody can know, where it may. */
  #isLost(): boolean {
    return this.#options.scenario.mayBeLost === true && saysLost(this.#claims.job);
  }

  async #result(from: number, late: string[]): Promise<RunResult> {
    const { golden } = this.#options;
    const end = await this.#end();
    const mains = golden && mainsProblem(golden, end, this.#about);
    const problems = [
      ...late,
      ...this.#claims.violations,
      ...(this.#options.site.own?.killed ?? []).map((id) => `the pods of ${id} went while it lived`),
      ...(mains ? [mains] : []),
      ...(golden ? difference(golden, end, this.#about) : wrongInGolden(end, this.#about)),
    ];
    const plain = problems.map((problem) => this.#names.plain(problem));
    return { calls: this.#line.calls, end, problems: plain, struck: this.#line.struck, stuck: false, from };
  }

  get #about(): About {
    const { scenario, fault, site } = this.#options;
    return { scenario, fault, applications: site.applications, ha: site.ha };
  }

  /** As the API server holds it now, whatever went through the proxies. */
  async #end(): Promise<EndState> {
    const { lane, site } = this.#options;
    const ref = { namespace: lane.namespace, name: this.#name };
    const job = await gone(lane.kube.get(flinkJobs, ref));
    this.#claims.job = job;
    const jobId = job?.status?.trigger?.jobId;
    const asks = this.#options.scenario.adaptive && jobId !== undefined;
    const bounds = asks ? await boundsOf(site.url, jobId) : [];
    return endStateOf(job, site.truth(this.#prefix), this.#names, site.own?.objects(), bounds);
  }

  #hasRun(): boolean {
    return this.#line.calls.some(({ name }) => isRun(name));
  }

  /** Nothing was said for so long that a poll would not say, and nobody waits for an answer. */
  #isQuiet(ms: number): boolean {
    const { calls, instance } = this.#line;
    const now = this.#line.now();
    let last: number | undefined;
    for (const call of calls) {
      // A caller that still waits for a lost answer will want to say something when it gives up.
      const hangs = call.fault === "reply lost, kept hanging" && call.instance === instance;
      if (hangs && now - call.at < HANG_MS + ms) return false;
      if (isPoll(call.name)) continue;
      last = call.at;
      if (call.status === undefined && !call.broken && !call.fault && call.instance === instance)
        return false;
    }
    return last !== undefined && now - Math.max(last, this.#actedAt) >= ms;
  }

  async #until(check: () => Promise<boolean>): Promise<boolean> {
    const deadline = performance.now() + DEADLINE_MS;
    while (performance.now() < deadline && !this.#isQuiet(STALLED_MS)) {
      if (await check()) return true;
      await new Promise((go) => setTimeout(go, 40));
    }
    return false;
  }
}

/** Undefined when there is no such object. */
async function gone<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isKubeError(error, "NotFound")) return undefined;
    throw error;
  }
}

const version = (job: FlinkJob | undefined) => Number(job?.metadata.resourceVersion ?? 0);
