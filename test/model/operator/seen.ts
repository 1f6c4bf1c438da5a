import type {
  ClusterObservation,
  Flight,
  JobManagerView,
  JobRow,
  Look,
  OperationSeen,
  RequirementsSeen,
  RunOutcome,
  Snapshots,
  SnapshotsSeen,
  TroublesSeen,
} from "../../../src/core/observed.ts";
import type { ResourceRequirements } from "../../../src/core/resource-requirements.ts";
import type { JobManager } from "../flink/job-manager.ts";
import type { Job } from "../flink/records.ts";
import { shown } from "../flink/snapshots.ts";
import { EPOCH, idOf } from "../kube/api-server.ts";
import type { Setting } from "../world/setting.ts";
import { FIRST_PARALLELISM } from "../world/wishes.ts";
import type { World } from "../world/world.ts";

export const URL_A = "http://a.flink:8081";

/** Equal observations are one object: decisions are remembered by identity. */
class Interned<T extends object> {
  readonly #known = new Map<string, T>();

  of(key: string, make: () => T): T {
    const known = this.#known.get(key);
    if (known) return known;
    if (this.#known.size > 30_000) this.#known.clear();
    const made = make();
    this.#known.set(key, made);
    return made;
  }
}

const clusters = new Interned<ClusterObservation>();
const views = new Interned<JobManagerView>();
const rows = new Interned<JobRow>();
const flights = new Interned<Flight>();
const looks = new Interned<Look>();
const operations = new Interned<OperationSeen>();
const seenSnapshots = new Interned<SnapshotsSeen>();
const snapshots = new Interned<Snapshots>();
const allSeen = new Interned<RequirementsSeen>();
const seenTroubles = new Interned<TroublesSeen>();

export function connectingTo(url: string): ClusterObservation {
  return clusters.of(`connecting ${url}`, () => ({ kind: "connecting", url }));
}

export function unreachableAt(url: string): ClusterObservation {
  return clusters.of(`unreachable ${url}`, () => ({
    kind: "unreachable",
    url,
    message: `${url}: connection refused.`,
  }));
}

/** The whole job list, as one poll shows it. */
export function listed(manager: JobManager, setting: Setting, now: number, url: string): ClusterObservation {
  const view = viewOf(manager.incarnation, setting);
  let key = `${url}${idOf(view)}.${now}`;
  for (const job of manager.jobs)
    key += `.${job.id}${job.state}${job.startedAt}.${job.endedAt}.${tasksOf(job, setting)}`;
  return clusters.of(key, () => ({
    kind: "reachable",
    url,
    jobManager: view,
    listedAt: EPOCH + now,
    jobs: new Map(manager.jobs.map((job) => [job.id, rowOf(job, setting)])),
  }));
}

function viewOf(incarnation: number, setting: Setting): JobManagerView {
  const { applications, protection } = setting;
  return views.of(
    `${incarnation}.${applications}.${protection}.${setting.scales}.${setting.unwritten}`,
    () => ({
      incarnation: `p${incarnation}`,
      flinkVersion: applications ? "2.3.0" : "2.2.1",
      protection,
      highAvailability: protection !== "JobManagerLifetime",
      jobStoreExpirationMs: 3_600_000,
      submitEnabled: true,
      supportsRunApplication: applications,
      supportsRescaling: setting.scales !== undefined,
      ...(setting.unwritten ? { parallelismDefault: FIRST_PARALLELISM } : {}),
      supportsFlinkConfiguration: true,
    }),
  );
}

/** With its sink. */
export function tasksOf({ present }: Job, { scales }: Setting): number {
  return scales === undefined ? 1 : present + 1;
}

function rowOf(job: Job, setting: Setting): JobRow {
  const { id, state, startedAt, endedAt } = job;
  const total = tasksOf(job, setting);
  return rows.of(`${id}${state}${startedAt}.${endedAt}.${total}`, () => ({
    id,
    name: "orders",
    state,
    startTime: EPOCH + startedAt,
    endTime: endedAt === -1 ? -1 : EPOCH + endedAt,
    tasks: { total, running: state === "RUNNING" ? total : 0, finished: state === "FINISHED" ? total : 0 },
  }));
}

export function flightOf(flight: Flight): Flight {
  const { jobId, phase, since, sentAt, earlierSentAt } = flight;
  const answer = flight.phase === "answered" ? `${flight.endedAt}.${idOf(flight.outcome)}` : "";
  return flights.of(`${jobId}${phase}${since}.${sentAt}.${earlierSentAt}.${answer}`, () => flight);
}

export function flightAnswered(flight: Flight, now: number, outcome: RunOutcome): Flight {
  return flightOf({ ...flight, phase: "answered", endedAt: EPOCH + now, outcome });
}

export function operationOf(seen: OperationSeen): OperationSeen {
  const { operationId, endedAt, result } = seen;
  const { path, snapshots: known } = result as { path?: string; snapshots?: Snapshots };
  return operations.of(`${operationId}${endedAt}${result.state}${path}.${idOf(known)}`, () => seen);
}

/** What GET /jobs/:id/checkpoints and its configuration tell of a job; undefined where it is not known. */
export function snapshotsOf({ manager, setting, now }: World, jobId: string): Snapshots | undefined {
  const left = shown(manager, jobId, now);
  if (!left) return undefined;
  const { completed, newest } = left;
  const { retains, scales } = setting;
  return snapshots.of(
    `${completed}${newest?.path}.${newest?.takenAt}.${newest?.stops}.${retains}.${scales}`,
    () => {
      const retained = { onCancel: retains && completed > 0, onFailure: retains && completed > 0 };
      const interval = scales === undefined ? {} : { intervalMs: 60_000 };
      if (!newest) return { completed, retained, ...interval };
      const { kind, path, takenAt, stops } = newest;
      return {
        completed,
        retained,
        ...interval,
        newest: { kind, path, takenAt: EPOCH + takenAt, ...(stops ? { stops } : {}) },
      };
    },
  );
}

/** As an operator remembers it (src/controller/operations.ts). */
export function readSnapshots(world: World, jobId: string, incarnation: string | undefined): SnapshotsSeen {
  const known = snapshotsOf(world, jobId);
  const at = world.time;
  return seenSnapshots.of(`${jobId}${at}.${incarnation}.${idOf(known)}`, () => ({
    ...{ jobId, at, incarnation, snapshots: known },
  }));
}

/** What this process reads of why a job restarted (src/controller/job-news.ts). */
export function readTroubles({ manager, time }: World, jobId: string): TroublesSeen {
  const restarts = manager.job(jobId)?.restarts;
  return seenTroubles.of(`${jobId}${time}.${restarts}`, () => ({
    jobId,
    at: time,
    ...(restarts === undefined ? {} : { restarts }),
  }));
}

const allRequirements = new Map<number, ResourceRequirements>();

/** The tasks of a job, and its sink, which has a parallelism of its own. */
export function requirementsOf(parallelism: number): ResourceRequirements {
  const known = allRequirements.get(parallelism);
  if (known) return known;
  const made = new Map([
    ["tasks", { lower: 1, upper: parallelism }],
    ["sink", { lower: 1, upper: 1 }],
  ]);
  allRequirements.set(parallelism, made);
  return made;
}

export function parallelismIn(requirements: ResourceRequirements): number {
  return requirements.get("tasks")?.upper ?? 0;
}

/** What was refused or read is told apart by this. */
export function textOf(result: RequirementsSeen["result"]): string {
  return `${result.kind}${"requirements" in result ? parallelismIn(result.requirements) : ""}`;
}

export function requirementsSeen(seen: RequirementsSeen): RequirementsSeen {
  const { jobId, at, incarnation, requiredAt, result } = seen;
  return allSeen.of(`${jobId}${at}.${incarnation}.${requiredAt}.${textOf(result)}`, () => seen);
}

export function lookOf(look: Look): Look {
  const { jobId, at, endedAt, incarnation, found, mains, application, failure } = look;
  const key = `${jobId}${at}.${endedAt}.${incarnation}.${found}.${mains}.${application?.state}.${application?.jobs}.${failure?.reason}.${idOf(look.snapshots)}.${look.result === undefined ? 0 : 1}`;
  return looks.of(key, () => look);
}
