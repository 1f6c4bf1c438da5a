import type { FlinkJobSpec } from "../../src/api/flinkjob.ts";
import { type PerJob, perJob } from "../../src/api/per-job.ts";
import type { TriggerStatus } from "../../src/api/status.ts";
import { jobIdOf, jobIdPrefix } from "../../src/core/identity.ts";
import type { PerJobCluster } from "../../src/core/observed.ts";
import { perJobClusterName, perJobUrl } from "../../src/core/per-job/naming.ts";
import {
  aCluster,
  ago,
  aJob,
  aSpec,
  aTrigger,
  type ClusterBuilder,
  JobBuilder,
  SECOND,
  type TriggerBuilder,
  UID,
} from "./builders.ts";

type Mode = PerJob["mode"];

/** A spec that asks for a cluster of the job's own, and for nothing else. */
export function ownSpec(mode: Mode = "application", patch: Partial<FlinkJobSpec> = {}): FlinkJobSpec {
  const cluster = {
    perJob: perJob.parse({ flinkVersion: "2.3", image: "flink:2.3", storage: { claimName: "flink" }, mode }),
  };
  const jar = mode === "session" ? { uri: "https://jars/a.jar" } : { local: "/opt/flink/usrlib/a.jar" };
  return aSpec({ cluster, jar, ...patch });
}

/** What the JobID of the `attempt`th run of a trigger is called. */
export const ownName = (attempt = 1, id = "g1") => perJobClusterName("orders", jobIdOf(UID, id, attempt));
export const ownUrl = (attempt = 1, id = "g1") => perJobUrl("shop", ownName(attempt, id));

/** The FlinkCluster of the first attempt, on its way. */
export function made(mode: Mode = "application", patch: Partial<PerJobCluster> = {}): PerJobCluster {
  return {
    name: ownName(),
    uid: "c-1",
    jobId: jobIdOf(UID, "g1", 1),
    mode,
    runHash: undefined,
    isDeleting: false,
    wasReached: false,
    reason: "Deploying",
    message: "0 of 1 JobManagers.",
    ...patch,
  };
}

/** A FlinkJob with a cluster of its own. */
export const ownJob = (mode: Mode = "application", patch: Partial<FlinkJobSpec> = {}) =>
  aJob(ownSpec(mode, patch));

/** Its first trigger, whose cluster is on record: `seen`, its uid too. An application counts as sent. */
export function ownTrigger(
  mode: Mode = "application",
  {
    seen = true,
    spec = ownSpec(mode),
    sentAgo = 30 * SECOND,
    cluster = {} as Partial<NonNullable<TriggerStatus["cluster"]>>,
  } = {},
): TriggerBuilder {
  const trigger = aTrigger({ spec }).with({
    cluster: { name: ownName(), mode, ...(seen ? { uid: "c-1" } : {}), ...cluster },
    reason: "ClusterDeploying",
    message: `FlinkCluster ${ownName()} is being made.`,
  });
  if (mode === "session") return trigger;
  const sentAt = ago(sentAgo);
  return trigger.with({
    ...{ sends: 1, tries: 1, sentAt, triedAt: sentAt, protection: "Durable" },
    sentTo: { url: ownUrl(), incarnation: "", flinkVersion: "2.3" },
  });
}

/** The JobManager of that cluster, which answers. */
export const ownCluster = (): ClusterBuilder => aCluster("Durable").v23().with({ url: ownUrl() });
export const ownUnreachable = {
  kind: "unreachable",
  url: ownUrl(),
  message: `${ownUrl()}: refused.`,
} as const;

/** The JobID of a plan is its client's. */
export const PLAN_JOB = "ddd1c3a0bfe34f6f8e0b1a2c3d4e5f60";
export const planName = perJobClusterName("orders", PLAN_JOB);
export const planUrl = perJobUrl("shop", planName);

/** A spec as the gateway makes it of what Flink's own client has sent. */
export function planSpec(patch: Partial<FlinkJobSpec> = {}): FlinkJobSpec {
  const { jar: _, entryClass: __, ...spec } = ownSpec("session");
  const plan = { file: `flink-executionPlan-${PLAN_JOB}4711.bin` };
  return { ...spec, plan, trigger: { jobId: PLAN_JOB }, ...patch };
}

export function planJob(patch: Partial<FlinkJobSpec> = {}): JobBuilder {
  const { spec: _, ...job } = aJob().build();
  return new JobBuilder({ ...job, spec: planSpec(patch) });
}

/** Its trigger, whose cluster is on record. */
export function planTrigger(seen = true, spec = planSpec()): TriggerBuilder {
  return ownTrigger("application", { spec }).with({
    jobId: PLAN_JOB,
    adoptedBy: jobIdPrefix(UID),
    cluster: { name: planName, mode: "session", ...(seen ? { uid: "c-1" } : {}) },
    tries: 0,
    triedAt: undefined,
    sentTo: { url: planUrl, incarnation: "", flinkVersion: "2.3" },
  });
}

/** Its FlinkCluster, on its way. */
export const planMade = (patch: Partial<PerJobCluster> = {}) =>
  made("session", { name: planName, jobId: PLAN_JOB, ...patch });
/** The JobManager of it, which answers. */
export const planCluster = () => aCluster("Durable").v23().with({ url: planUrl });
