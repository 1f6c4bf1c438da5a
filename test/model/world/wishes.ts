import type { FlinkJobSpec } from "../../../src/api/flinkjob.ts";
import { runHash } from "../../../src/core/identity.ts";
import { URL_A } from "../operator/seen.ts";
import { numberOf } from "../search/digest.ts";
import type { Setting } from "./setting.ts";

export interface Wish {
  /** What the job is. */
  readonly content: number;
  /** Which of the user's own trigger IDs. */
  readonly trigger: number;
  /** Something that makes no difference to what runs. */
  readonly other: number;
}

const specs = new Map<string, FlinkJobSpec>();

export function specOf(setting: Setting, wish: Wish): FlinkJobSpec {
  const { jar, lostPolicy, deletionPolicy, maxAttempts, timeout, ownTriggerIds } = setting;
  const key = [
    ...Object.values(wish),
    jar,
    lostPolicy,
    deletionPolicy,
    maxAttempts,
    timeout,
    ownTriggerIds,
  ].join();
  const known = specs.get(key);
  if (known) return known;
  const spec: FlinkJobSpec = {
    cluster: { url: URL_A },
    jar: jar === "id" ? { id: "word-count.jar" } : { uri: "http://jars.shop/word-count.jar" },
    args: [`content-${wish.content}`],
    state: "running",
    upgradeMode: "stateless",
    restartPolicy: "Never",
    restart: { limit: 5, backoff: "10s" },
    strangerPolicy: "Cancel",
    configurationPolicy: "Warn",
    lostPolicy,
    submission: { maxAttempts, ...(timeout === undefined ? {} : { timeout }) },
    deletionPolicy,
    ...(ownTriggerIds ? { trigger: { id: `release-${wish.trigger}` } } : {}),
    ...(wish.other === 0 ? {} : { ttlSecondsAfterFinished: 1_000_000_000 + wish.other }),
  };
  specs.set(key, spec);
  return spec;
}

const contents = new WeakMap<FlinkJobSpec, number>();

/** A number for what a spec says the job is. */
export function contentOf(spec: FlinkJobSpec): number {
  const known = contents.get(spec);
  if (known !== undefined) return known;
  const content = numberOf(runHash(spec));
  contents.set(spec, content);
  return content;
}
