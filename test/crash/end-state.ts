import type { FlinkJob } from "../../src/api/objects.ts";
import type { TriggerStatus } from "../../src/api/status.ts";
import { jobIdOf, jobIdPrefix } from "../../src/core/identity.ts";
import { perJobClusterName } from "../../src/core/per-job/naming.ts";
import { type Fault, isKill } from "../support/lifeline.ts";
import { isRun } from "./calls.ts";
import { playableOnReal, type Scenario } from "./scenarios.ts";
import type { Truth } from "./truth.ts";

/** Where a run came to rest, without what differs between two runs that are both right. */
export interface EndState {
  /** It says that nobody can know what became of the job. */
  readonly lost: boolean;
  /** "gone" after a deletion. */
  readonly flinkJob: object | "gone";
  /** Every job that Flink ever ran, by trigger and attempt, with its end. */
  readonly runs: readonly string[];
  /** How often main() began, by trigger and attempt. */
  readonly mains: Readonly<Record<string, number>>;
  readonly jars: readonly string[];
  /** All that Kubernetes holds of clusters of its own. */
  readonly objects: readonly string[];
  /** Between which bounds Flink runs the tasks of jobs that can be scaled. */
  readonly bounds: readonly string[];
}

/** The names of JobIDs that a run can meet: "g1/1" is the first attempt of trigger g1. */
export class JobNames {
  readonly #names = new Map<string, string>();
  readonly #clusters = new Map<string, string>();
  readonly #prefix: string;

  /** The FlinkJob's. */
  constructor(uid: string, job: string) {
    this.#prefix = jobIdPrefix(uid);
    for (const id of ["g1", "g2", "g3", "second", "second.g2", "second.g3"]) {
      for (const attempt of [1, 2, 3]) {
        const jobId = jobIdOf(uid, id, attempt);
        this.#names.set(jobId, `${id}/${attempt}`);
        this.#clusters.set(perJobClusterName(job, jobId), `the cluster of ${id}/${attempt}`);
      }
    }
  }

  get all(): ReadonlyMap<string, string> {
    return this.#names;
  }

  of(jobId: string): string {
    return this.#names.get(jobId) ?? `${jobId.startsWith(this.#prefix) ? "unexpected" : "foreign"} ${jobId}`;
  }

  /** A text with names for what differs from run to run. */
  plain(text: string): string {
    return (
      text
        .replace(/"operationId":"[0-9a-f]{32}"/g, '"operationId":"OPERATION"')
        .replace(/[0-9a-f]{32}/g, (id) => this.of(id))
        .replace(/run-\d+-\d+-[0-9a-f]{10}/g, (cluster) => this.#clusters.get(cluster) ?? cluster)
        .replace(/http:\/\/127\.0\.0\.1:\d+/g, "ADDRESS")
        .replace(/127\.0\.0\.1:\d+/g, "ADDRESS")
        .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "UUID")
        // The job's own first digits and a random half.
        .replace(/savepoint-[0-9a-f]{6}-[0-9a-f]{12}/g, "savepoint-SOME")
        .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME")
    );
  }
}

export async function endStateOf(
  job: FlinkJob | undefined,
  truth: Truth,
  names: JobNames,
  objects: readonly string[] = [],
  bounds: readonly string[] = [],
): Promise<EndState> {
  const mains: Record<string, number> = {};
  for (const [jobId, name] of names.all) {
    const count = await truth.mains(jobId);
    if (count > 0) mains[name] = count;
  }
  const runs = (await truth.runs()).map(({ jobId, end }) => `${names.of(jobId)} ${end ?? "lives"}`);
  const jars = (await truth.jars()).map((jar) => names.plain(jar)).sort();
  return {
    lost: saysLost(job),
    flinkJob: job ? normalized(job, names) : "gone",
    ...{ runs, mains, jars, bounds, objects: objects.map((object) => names.plain(object)).sort() },
  };
}

export const saysLost = (job: FlinkJob | undefined): boolean =>
  /^(JobLost|OutcomeLost)$/.test(job?.status?.trigger?.reason ?? "");

/**
 * The one place that says which differences are right:
 * - times, how long a job ran, uids, versions and the JobManager's process differ in every run;
 * - `sends`, `tries`: a request that had to be sent again was sent again; what it led to is compared in `runs` and `mains`;
 * - `sentTo` of what Flink never accepted: nothing was sent, or perhaps something was by an operator that died then;
 *   `sentTo.earlierProcess`: like `sends`, tells of a request before the last, where the JobManager was replaced between them;
 * - `applicationId` is told only if the status was written while the application was all that Flink knew;
 * - `stop.path`: the savepoint of a stop is told by the operation or by the ended job's checkpoints, whichever is seen first.
 *   Where the path is must agree with `restorePoint`, which is compared, unless it is a checkpoint of a job that goes on.
 */
function normalized({ metadata, status }: FlinkJob, names: JobNames): object {
  const { trigger, history, job, result, conditions = [], ...rest } = status ?? { observedGeneration: -1 };
  const plain = {
    finalizers: metadata.finalizers ?? [],
    status: {
      ...rest,
      ...(trigger ? { trigger: withoutSecondWord(normalizedTrigger(trigger), rest.restorePoint?.path) } : {}),
      ...(history ? { history: history.map((past) => normalizedTrigger(past)) } : {}),
      ...(result ? { result: { ...result, runTime: undefined } } : {}),
      ...(job ? { job: { id: job.id, name: job.name, state: job.state } } : {}),
      conditions: conditions.map(({ lastTransitionTime: _, ...condition }) => condition),
    },
  };
  return JSON.parse(names.plain(JSON.stringify(plain))) as object;
}

type Compared = Omit<Partial<TriggerStatus>, "sentTo" | "scaling"> & { sentTo?: object; scaling?: object };

function withoutSecondWord({ stop, ...rest }: Compared, path: string | undefined): Compared {
  return stop ? { ...rest, stop: { ...stop, path: stop.path === path ? undefined : stop.path } } : rest;
}

function normalizedTrigger(trigger: Partial<TriggerStatus>): Compared {
  const { sends: _, tries: __, runHash: ___, applicationId: ____, sentTo, ...rest } = trigger;
  const { triedAt: _____, sentAt: ______, requestedAt: _______, scaling, ...others } = rest;
  const kept = scaling ? { ...others, scaling: { ...scaling, runHash: undefined } } : others;
  if (sentTo === undefined || rest.acceptedAt === undefined) return kept;
  const { url, flinkVersion } = sentTo;
  return { ...kept, sentTo: { url, flinkVersion } };
}

/** What no run without a fault may come to: the golden end states themselves must be right. */
export function wrongInGolden({ runs, mains, jars, objects, bounds }: EndState, about: About): string[] {
  // Flink itself runs the main() of an application again, whose job then goes on.
  const again = about.scenario.act?.what === "restart the JobManager" && about.applications && about.ha;
  const twice = Object.entries(mains).filter(([, count]) => count !== 1 && !(again && count === 2));
  const living = runs.filter((run) => run.endsWith(" lives"));
  return [
    ...twice.map(([name, count]) => `without a fault main() of ${name} ran ${count} times`),
    ...repeated(runs).map((run) => `without a fault a job ran twice: ${run}`),
    ...runs.filter((run) => /^(unexpected|foreign) /.test(run)).map((run) => `nobody asked for ${run}`),
    ...(living.length > 1 ? [`${living.join(" and ")} at once`] : []),
    ...(about.scenario.leaves === "nothing" ? objects : []).map((object) => `left behind: ${object}`),
    ...(about.scenario.leaves === "its cluster" && objects.length === 0 ? ["no cluster is there"] : []),
    ...(about.scenario.adaptive && (runs.join() !== "g1/1 lives" || bounds.join() !== "1 to 3")
      ? [`it was not scaled: ${runs.join()}, ${bounds.join()}`]
      : []),
    ...jars.filter((jar) => jar.startsWith("flinkjob-")).map((jar) => `left behind: ${jar}`),
  ];
}

/** Lives of a JobID that had lived before. */
const repeated = (runs: readonly string[]) =>
  runs.filter((run, i) => runs.findIndex((other) => other.split(" ")[0] === run.split(" ")[0]) < i);

/** What a run was: its scenario, and what went wrong in it. */
export interface About {
  readonly scenario: Scenario;
  /** Flink 2.3 and later. */
  readonly applications: boolean;
  readonly ha: boolean;
  readonly fault: Fault | undefined;
}

/**
 * What is different from the golden end, line by line; empty when nothing is. A cause that could not be read is not told:
 * that the job ended counts more. And a job that may never run may also have run and been cancelled.
 */
export function difference(golden: EndState, end: EndState, { scenario, fault }: About): string[] {
  if (scenario.mayBeLost && end.lost) return repeated(end.runs).map((run) => `+ a job ran twice: ${run}`);
  const causeUnread = fault?.name.endsWith("/exceptions") ?? false;
  const matters = (line: string) =>
    !(causeUnread && /message: /.test(line)) &&
    // What a job had counted is gone with the JobManager that knew it, and is asked for once.
    !(
      (scenario.mayBeLost || !playableOnReal(scenario) || fault?.name.endsWith("/accumulators")) &&
      /^flinkJob\.status\.result\.accumulators\b/.test(line)
    ) &&
    !(scenario.adaptive && line.startsWith("flinkJob.status.restorePoint.")) &&
    !(scenario.mayNeverRun && /^runs(: none|\.\d+: \S+ CANCELED)$/.test(line));
  const wanted = lines(golden).filter(matters);
  const found = lines(end).filter(matters);
  return [
    ...wanted.filter((line) => !found.includes(line)).map((line) => `- ${line}`),
    ...found.filter((line) => !wanted.includes(line)).map((line) => `+ ${line}`),
  ];
}

/** Each value with the path to it. */
function lines({ mains: _, lost: __, ...end }: EndState): string[] {
  const walk = (value: unknown, path: string): string[] => {
    if (typeof value !== "object" || value === null) return [`${path}: ${String(value)}`];
    if (Array.isArray(value) && value.length === 0) return [`${path}: none`];
    return Object.entries(value).flatMap(([key, inner]) => walk(inner, path === "" ? key : `${path}.${key}`));
  };
  return walk(end, "");
}

/**
 * main() runs as often as without a fault. Only a main() that ended without a job, of which Flink keeps no trace before
 * 2.3, has to run once more when whoever knew its answer is gone.
 */
export function mainsProblem(golden: EndState, end: EndState, about: About): string | undefined {
  const { scenario, applications, ha, fault } = about;
  const answerLost =
    fault !== undefined && (isKill(fault.mode) || (isRun(fault.name) && fault.mode.startsWith("reply lost")));
  const { onDeath } = scenario;
  // With HA a main() that died with its JobManager is run again; by Flink itself if its application had not ended.
  const died = onDeath === "restart the JobManager" && ha;
  // Only Flink's refusal can tell of what it has forgotten: before 2.3 main() has to come as far as execute() for it.
  const forgotten = onDeath === "let Flink forget" && !applications;
  const traceless = scenario.leavesNoTrace && !applications;
  const spare = answerLost && (died || forgotten || traceless) ? 1 : 0;
  for (const name of new Set([...Object.keys(golden.mains), ...Object.keys(end.mains)])) {
    const wanted = golden.mains[name] ?? 0;
    const found = end.mains[name] ?? 0;
    if ((found < wanted && !end.lost) || found > wanted + spare)
      return `main() of ${name} ran ${found} times instead of ${wanted}${spare ? ` or ${wanted + spare}` : ""}`;
  }
  return undefined;
}
