import { scenarioClass } from "../../dev/flink/jobs.ts";
import type { FlinkJobSpecInput } from "../../src/api/flinkjob.ts";
import type { FlinkJob } from "../../src/api/objects.ts";

/** What a user, or fate, does once the first part of a scenario has come to rest. */
export type Act =
  | "delete"
  | "new trigger ID"
  | "wipe the status"
  | "suspend"
  | "resume"
  | "upgrade"
  | "scale"
  | "let main() go on"
  | FlinkAct;
/** What happens to the cluster: it needs one of its own. */
export type FlinkAct = "restart the JobManager" | "let Flink forget";

export interface When {
  readonly when: ((job: FlinkJob) => boolean) | "main() runs";
  readonly what: Act;
  /** The operator is killed first, and its successor begins after it. */
  readonly startsAnew?: true;
}

/** How a scenario went so far. */
export interface Course {
  readonly ha: boolean;
  /** The FlinkJob when the user acted. */
  readonly before: FlinkJob | undefined;
}

export interface Scenario {
  readonly name: string;
  /** Arguments of the test job. */
  readonly args: readonly string[];
  /** id: uploaded before; uri: served over HTTP; missing: an id that Flink does not know; text: no JAR behind the URI. */
  readonly jar: "id" | "uri" | "missing" | "text";
  /** More of the spec. */
  readonly spec?: Partial<FlinkJobSpecInput>;
  /** What the user does before, without faults. */
  readonly prelude?: When & { readonly when: (job: FlinkJob) => boolean };
  /** When the user acts, and what he does; faults then fall on what follows. */
  readonly act?: When;
  /** Whether it has come to its end. Undefined: the FlinkJob is gone. */
  readonly isOver: (job: FlinkJob | undefined, about: Course) => boolean;
  /** Before Flink 2.3 a main() that ends without a job leaves no trace: who loses its answer has to run it again. */
  readonly leavesNoTrace?: true;
  /** Happens to the cluster between the death of an operator and the birth of the next. */
  readonly onDeath?: FlinkAct;
  /**
   * With a death of the operator the evidence may be gone for good. It may then say that the job is lost: as long as nothing ran
   * twice, whatever became of it.
   */
  readonly mayBeLost?: true;
  /** With HA, what has ended is remembered (`job-result-store.delete-on-commit: false`), as the guarantees ask for. */
  readonly keepsResults?: true;
  /** spec.cluster.perJob, with this mode: fake Flinks on a fake API server only, for nobody else would make pods of it. */
  readonly ownCluster?: "application" | "session";
  /** On a Flink that scales jobs as they run: it stays the same job. Without high availability, which makes no difference to that. */
  readonly adaptive?: true;
  /** Only on these versions; default: all. */
  readonly versions?: readonly string[];
  /** main() waits until the user lets it go on. */
  readonly holdsMain?: true;
  /** What is left of such clusters at the end. */
  readonly leaves?: "nothing" | "its cluster";
  /** Whether main() gets to submit its job before it is cancelled is a matter of luck; the job must be cancelled then. */
  readonly mayNeverRun?: true;
}

const runs = (job: FlinkJob | undefined) => job?.status?.trigger?.reason === "TasksRunning";
const sentTo = (job: FlinkJob | undefined) => job?.status?.trigger?.sentTo;
const isSuspended = (job: FlinkJob | undefined) => job?.status?.state === "Suspended";
const isState = (state: string) => (job: FlinkJob | undefined) => job?.status?.trigger?.state === state;

const sessionScenarios: readonly Scenario[] = [
  { name: "first-submission", args: ["stream"], jar: "id", isOver: runs },
  { name: "jar-by-uri", args: ["stream"], jar: "uri", isOver: runs },
  { name: "slow-main", args: ["stream", "--sleep", "700"], jar: "uri", isOver: runs },
  { name: "failing-main", args: ["throw"], jar: "uri", isOver: isState("failed"), leavesNoTrace: true },
  { name: "wrong-jar", args: ["stream"], jar: "missing", isOver: isState("failed") },
  { name: "no-jar-behind-uri", args: ["stream"], jar: "text", isOver: isState("failed") },
  { name: "finished-batch", args: ["batch"], jar: "id", isOver: isState("finished") },
  {
    name: "deletion",
    args: ["stream"],
    jar: "id",
    act: { when: runs, what: "delete" },
    isOver: (job) => job === undefined,
  },
  {
    name: "deletion-while-main-runs",
    args: ["stream", "--sleep", "700"],
    jar: "uri",
    act: { when: "main() runs", what: "delete" },
    isOver: (job) => job === undefined,
    mayNeverRun: true,
  },
  {
    name: "new-trigger-id",
    args: ["stream"],
    jar: "uri",
    act: { when: runs, what: "new trigger ID" },
    isOver: (job) => runs(job) && job?.status?.trigger?.id === "second",
  },
  {
    name: "status-wiped",
    args: ["stream"],
    jar: "id",
    act: { when: runs, what: "wipe the status" },
    isOver: (job) => runs(job),
  },
  {
    name: "status-wiped-after-the-end",
    args: ["batch"],
    jar: "id",
    act: { when: isState("finished"), what: "wipe the status" },
    isOver: isState("finished"),
  },
  {
    name: "suspend",
    args: ["stream"],
    jar: "uri",
    spec: { upgradeMode: "savepoint" },
    act: { when: runs, what: "suspend" },
    isOver: isSuspended,
  },
  {
    name: "resume",
    args: ["stream"],
    jar: "uri",
    spec: { upgradeMode: "savepoint" },
    prelude: { when: runs, what: "suspend" },
    act: { when: isSuspended, what: "resume" },
    isOver: runs,
  },
  {
    name: "upgrade",
    args: ["stream"],
    jar: "uri",
    spec: { upgradeMode: "savepoint" },
    act: { when: runs, what: "upgrade" },
    isOver: (job) => runs(job) && job?.status?.trigger?.generation === 2,
  },
  {
    name: "scale",
    args: ["stream"],
    jar: "id",
    // Which state it goes on from is read first.
    spec: {
      ...{ parallelism: 1, upgradeMode: "savepoint" },
      flinkConfiguration: { "execution.checkpointing.interval": "300 ms" },
    },
    act: { when: runs, what: "scale" },
    isOver: (job) => runs(job) && job?.status?.trigger?.scaling?.reachedAt !== undefined,
    adaptive: true,
  },
  {
    name: "deletion-with-savepoint",
    args: ["stream"],
    jar: "id",
    spec: { deletionPolicy: "Savepoint" },
    act: { when: runs, what: "delete" },
    isOver: (job) => job === undefined,
  },
  // What the newest official operator was seen to do wrong: a second run, or main() again and again.
  {
    name: "jobmanager-restarts-after-the-end",
    args: ["batch"],
    jar: "uri",
    act: { when: isState("finished"), what: "restart the JobManager", startsAnew: true },
    isOver: isState("finished"),
  },
  {
    name: "flink-forgets-the-end",
    args: ["batch"],
    jar: "uri",
    act: { when: isState("finished"), what: "let Flink forget", startsAnew: true },
    isOver: isState("finished"),
  },
  {
    name: "jobmanager-restarts-while-nobody-looks",
    args: ["batch"],
    jar: "id",
    onDeath: "restart the JobManager",
    isOver: isState("finished"),
    mayBeLost: true,
    keepsResults: true,
  },
  {
    name: "flink-forgets-while-nobody-looks",
    args: ["batch"],
    jar: "id",
    onDeath: "let Flink forget",
    isOver: isState("finished"),
    mayBeLost: true,
    keepsResults: true,
  },
  {
    name: "jobmanager-restarts-under-a-running-job",
    args: ["stream"],
    jar: "uri",
    act: { when: runs, what: "restart the JobManager" },
    // Without HA the job is lost, and that is said; with HA it comes back, and was seen in the new JobManager.
    isOver: (job, { ha, before }) =>
      ha
        ? runs(job) && sentTo(job)?.incarnation !== sentTo(before)?.incarnation
        : job?.status?.trigger?.reason === "JobLost",
  },
];

const runsMain = (job: FlinkJob) => job.status?.trigger?.reason === "MainRunning";
const mainGoesOn = { holdsMain: true, act: { when: runsMain, what: "let main() go on" } } as const;
const upgraded = (job: FlinkJob | undefined) => runs(job) && job?.status?.trigger?.generation === 2;

/**
 * A cluster of its own for each attempt: made, followed, let go, and taken away with all that belongs to it. How it comes to be
 * is struck in the first scenario alone, what follows in the others.
 */
const ownClusterScenarios: readonly Scenario[] = [
  ...(["application", "session"] as const).flatMap((ownCluster): Scenario[] => {
    const base = { ownCluster, jar: "uri" } as const;
    const name = `own-${ownCluster}`;
    return [
      { ...base, name: `${name}-first-submission`, args: ["stream"], isOver: runs, leaves: "its cluster" },
      {
        ...{ ...base, ...mainGoesOn, name: `${name}-finished-batch`, args: ["batch"] },
        ...{ isOver: isState("finished"), leaves: "nothing" },
      },
      {
        ...{ ...base, name: `${name}-upgrade`, args: ["stream"], spec: { upgradeMode: "savepoint" } },
        ...{ act: { when: runs, what: "upgrade" }, isOver: upgraded, leaves: "its cluster" },
        versions: ["2.3.0"],
      },
    ];
  }),
  {
    ...{ ownCluster: "application", jar: "uri", ...mainGoesOn, name: "own-application-failing-main" },
    ...{ args: ["throw"], isOver: isState("failed"), leaves: "nothing" },
  },
  {
    ...{ ownCluster: "application", jar: "uri", name: "own-application-deletion", args: ["stream"] },
    ...{ act: { when: runs, what: "delete" }, isOver: (job) => job === undefined, leaves: "nothing" },
    versions: ["2.3.0"],
  },
];

export const scenarios: readonly Scenario[] = [...sessionScenarios, ...ownClusterScenarios];

/** Clusters of the real stage are shared, so nothing may happen to them. */
export const playableOnReal = ({ act, onDeath, ownCluster }: Scenario): boolean =>
  ownCluster === undefined &&
  onDeath === undefined &&
  act?.what !== "restart the JobManager" &&
  act?.what !== "let Flink forget";

/** Where a scenario's parts are for one run. */
export interface Parts {
  readonly flink: string;
  /** Its minor version. */
  readonly flinkVersion: "1.20" | "2.3";
  readonly jarId: string;
  readonly jarUri: string;
  /** Further arguments of main(). */
  readonly args: readonly string[];
}

export function specOf(scenario: Scenario, parts: Parts): FlinkJobSpecInput {
  const { args, spec, ownCluster: mode } = scenario;
  const { flink, flinkVersion } = parts;
  const own = { image: "flink", storage: { claimName: "flink" } };
  return {
    cluster: mode === undefined ? { url: flink } : { perJob: { flinkVersion, ...own, mode } },
    jar: jarOf(scenario, parts),
    entryClass: scenarioClass,
    args: [...args, ...parts.args],
    submission: { maxAttempts: 8 },
    ...spec,
  };
}

function jarOf({ jar, ownCluster }: Scenario, { jarId, jarUri }: Parts): FlinkJobSpecInput["jar"] {
  // Pods fetch theirs before Flink begins, and here nothing of that is played.
  if (ownCluster === "application") return { local: "/opt/flink/usrlib/jobs.jar" };
  if (jar === "id") return { id: jarId };
  return jar === "missing" ? { id: "00000000-0000-4000-8000-000000000000_missing.jar" } : { uri: jarUri };
}
