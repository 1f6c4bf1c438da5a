import type {
  ClusterObservation,
  Flight,
  JobManagerView,
  JobRow,
  Look,
  RunOutcome,
} from "../../../src/core/observed.ts";
import type { JobManager } from "../flink/job-manager.ts";
import type { Job } from "../flink/records.ts";
import { EPOCH, idOf } from "../kube/api-server.ts";
import type { Setting } from "../world/setting.ts";

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

export const connecting: ClusterObservation = { kind: "connecting", url: URL_A };
export const unreachable: ClusterObservation = {
  kind: "unreachable",
  url: URL_A,
  message: `${URL_A}: connection refused.`,
};

/** The whole job list, as one poll shows it. */
export function listed(manager: JobManager, setting: Setting, now: number): ClusterObservation {
  const view = viewOf(manager.incarnation, setting);
  let key = `${idOf(view)}.${now}`;
  for (const job of manager.jobs) key += `.${job.id}${job.state}${job.startedAt}.${job.endedAt}`;
  return clusters.of(key, () => ({
    kind: "reachable",
    url: URL_A,
    jobManager: view,
    listedAt: EPOCH + now,
    jobs: new Map(manager.jobs.map((job) => [job.id, rowOf(job)])),
  }));
}

function viewOf(incarnation: number, setting: Setting): JobManagerView {
  const { applications, protection } = setting;
  return views.of(`${incarnation}.${applications}.${protection}`, () => ({
    incarnation: `p${incarnation}`,
    flinkVersion: applications ? "2.3.0" : "2.2.1",
    protection,
    highAvailability: protection !== "JobManagerLifetime",
    jobStoreExpirationMs: 3_600_000,
    submitEnabled: true,
    supportsRunApplication: applications,
    supportsFlinkConfiguration: true,
  }));
}

function rowOf({ id, state, startedAt, endedAt }: Job): JobRow {
  return rows.of(`${id}${state}${startedAt}.${endedAt}`, () => ({
    id,
    name: "orders",
    state,
    startTime: EPOCH + startedAt,
    endTime: endedAt === -1 ? -1 : EPOCH + endedAt,
    tasks: { total: 1, running: state === "RUNNING" ? 1 : 0, finished: state === "FINISHED" ? 1 : 0 },
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

export function lookOf(look: Look): Look {
  const { jobId, at, endedAt, incarnation, found, mains, application, failure } = look;
  const key = `${jobId}${at}.${endedAt}.${incarnation}.${found}.${mains}.${application?.state}.${application?.jobs}.${failure?.reason}`;
  return looks.of(key, () => look);
}
