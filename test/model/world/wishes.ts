import type { FlinkJobSpec } from "../../../src/api/flinkjob.ts";
import { perJob } from "../../../src/api/per-job.ts";
import { runHash } from "../../../src/core/identity.ts";
import { URL_A } from "../operator/seen.ts";
import { numberOf } from "../search/digest.ts";
import type { Setting } from "./setting.ts";

export interface Wish {
  /** What the job is. */
  readonly content: number;
  /** Which of the user's own trigger IDs. */
  readonly trigger: number;
  /** How often another parallelism was asked for. */
  readonly parallelism: number;
  /** Something that makes no difference to what runs. */
  readonly other: number;
  /** 1: spec.state is suspended. */
  readonly suspended: number;
}

const perJobs = {
  application: perJob.parse({ flinkVersion: "2.3", image: "flink", storage: { claimName: "flink" } }),
  session: perJob.parse({
    ...{ flinkVersion: "2.3", image: "flink", storage: { claimName: "flink" } },
    mode: "session",
  }),
};
const specs = new Map<string, FlinkJobSpec>();

export function specOf(setting: Setting, wish: Wish): FlinkJobSpec {
  const { jar, lostPolicy, deletionPolicy, maxAttempts, timeout, ownTriggerIds } = setting;
  const { upgradeMode, restarts, rollback, adopts, ownCluster } = setting;
  const parallelism = writtenParallelism(setting, wish);
  const key = [
    ...Object.values(wish),
    jar,
    lostPolicy,
    deletionPolicy,
    maxAttempts,
    timeout,
    ownTriggerIds,
    upgradeMode,
    restarts,
    rollback,
    adopts,
    ownCluster,
    parallelism,
  ].join();
  const known = specs.get(key);
  if (known) return known;
  const spec: FlinkJobSpec = {
    cluster: ownCluster === undefined ? { url: URL_A } : { perJob: perJobs[ownCluster] },
    jar:
      ownCluster === "application"
        ? { local: "/opt/flink/usrlib/word-count.jar" }
        : jar === "id"
          ? { id: "word-count.jar" }
          : { uri: "http://jars.shop/word-count.jar" },
    args: [`content-${wish.content}`],
    ...(parallelism === undefined ? {} : { parallelism }),
    state: wish.suspended > 0 ? "suspended" : "running",
    upgradeMode,
    restartPolicy: restarts === undefined ? "Never" : "OnFailure",
    restart: { limit: restarts ?? 5, backoff: "10s" },
    ...(rollback ? { rollback: { deadline: "2m" } } : {}),
    strangerPolicy: "Cancel",
    configurationPolicy: "Warn",
    rescalePolicy: "InPlace",
    lostPolicy,
    submission: { maxAttempts, ...(timeout === undefined ? {} : { timeout }) },
    deletionPolicy,
    ...(ownTriggerIds || adopts ? { trigger: triggerOf(setting, wish) } : {}),
    ...(wish.other === 0 ? {} : { ttlSecondsAfterFinished: 1_000_000_000 + wish.other }),
  };
  specs.set(key, spec);
  // From now on a job can be told what it was made from.
  contentOf(spec);
  return spec;
}

/** What a job runs with that nobody wished to run with another parallelism. */
export const FIRST_PARALLELISM = 2;

function writtenParallelism({ scales, unwritten }: Setting, { parallelism }: Wish): number | undefined {
  if (scales === undefined || (unwritten && parallelism === 0)) return undefined;
  return FIRST_PARALLELISM + parallelism;
}

/** The JobID of a job that nobody here has submitted. */
export const FOREIGN = "f0".repeat(16);

function triggerOf({ ownTriggerIds, adopts }: Setting, wish: Wish): FlinkJobSpec["trigger"] {
  return {
    ...(ownTriggerIds ? { id: `release-${wish.trigger}` } : {}),
    ...(adopts ? { jobId: FOREIGN } : {}),
  };
}

const versions = new Map<number, number>();

/** Which of the user's versions a job was made from: 0, 1, 2 ... */
export function versionOf(content: number): number {
  return versions.get(content) ?? 0;
}

const parallelisms = new Map<number, number>();

/** What a job was submitted with. */
export function parallelismOf(content: number): number {
  return parallelisms.get(content) ?? FIRST_PARALLELISM;
}

/** The number for what status.trigger.runHash says that the job is. */
export function contentOfHash(hash: string): number {
  return numberOf(hash);
}

const contents = new WeakMap<FlinkJobSpec, number>();

/** A number for what a spec says the job is. */
export function contentOf(spec: FlinkJobSpec): number {
  const known = contents.get(spec);
  if (known !== undefined) return known;
  const content = contentOfHash(runHash(spec));
  contents.set(spec, content);
  versions.set(content, Number(spec.args?.[0]?.split("-")[1]));
  parallelisms.set(content, spec.parallelism ?? FIRST_PARALLELISM);
  return content;
}
