import { scenarioClass } from "../../dev/flink/jobs.ts";
import type { FlinkJobSpecInput } from "../../src/api/flinkjob.ts";
import type { FlinkJob } from "../../src/api/objects.ts";

/** What a user does once the first part of a scenario has come to rest. */
export type Act = "delete" | "new trigger ID" | "wipe the status";

export interface Scenario {
  readonly name: string;
  /** Arguments of the test job. */
  readonly args: readonly string[];
  /** id: uploaded before; uri: served over HTTP; missing: an id that Flink does not know; text: no JAR behind the URI. */
  readonly jar: "id" | "uri" | "missing" | "text";
  /** When the user acts, and what he does; faults then fall on what follows. */
  readonly act?: { readonly when: ((job: FlinkJob) => boolean) | "main() runs"; readonly what: Act };
  /** Whether it has come to its end. Undefined: the FlinkJob is gone. */
  readonly isOver: (job: FlinkJob | undefined) => boolean;
  /** Before Flink 2.3 a main() that ends without a job leaves no trace: who loses its answer has to run it again. */
  readonly leavesNoTrace?: true;
  /** Whether main() gets to submit its job before it is cancelled is a matter of luck; the job must be cancelled then. */
  readonly mayNeverRun?: true;
}

const runs = (job: FlinkJob | undefined) => job?.status?.trigger?.reason === "TasksRunning";
const isState = (state: string) => (job: FlinkJob | undefined) => job?.status?.trigger?.state === state;

export const scenarios: readonly Scenario[] = [
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
];

/** Where a scenario's parts are for one run. */
export interface Parts {
  readonly flink: string;
  readonly jarId: string;
  readonly jarUri: string;
  /** Further arguments of main(). */
  readonly args: readonly string[];
}

export function specOf({ jar, args }: Scenario, parts: Parts): FlinkJobSpecInput {
  const missing = "00000000-0000-4000-8000-000000000000_missing.jar";
  return {
    cluster: { url: parts.flink },
    jar: jar === "id" ? { id: parts.jarId } : jar === "missing" ? { id: missing } : { uri: parts.jarUri },
    entryClass: scenarioClass,
    args: [...args, ...parts.args],
    submission: { maxAttempts: 8 },
  };
}
