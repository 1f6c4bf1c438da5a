import type { ConfigurationFrom } from "../api/configuration-from.ts";
import type { FlinkJob } from "../api/objects.ts";
import { withoutValues } from "../core/configuration/confidential.ts";
import type { SourcedOption } from "../core/configuration/layers.ts";
import type { SourcesSeen } from "../core/observed.ts";
import { effectiveSpec } from "../core/versions.ts";
import type { KubeClient } from "../kube/client.ts";
import type { Clock } from "../kube/clock.ts";
import { readSources, SourceProblem } from "./source-reading.ts";

/** Values of a job's Secrets that are remembered to be kept out of messages; older ones are forgotten first. */
const MOST_VALUES = 1_024;
/** Where they cannot be read, they are tried again this often at the most. Milliseconds. */
const RECALL_EVERY_MS = 60_000;
const NOT_SHOWN =
  "(The message is not shown: it might tell a value of spec.flinkConfigurationFrom, which cannot be read now to take it out.)";

/**
 * What spec.flinkConfigurationFrom brought, by FlinkJob: read when a run request is about to be made, and remembered so that
 * no value comes back in a message of Flink. In this process's memory alone.
 */
export class ConfigurationSources {
  readonly #kube: Pick<KubeClient, "get">;
  readonly #clock: Clock;
  readonly #seen = new Map<string, SourcesSeen>();
  readonly #values = new Map<string, Set<string>>();
  readonly #recalledAt = new Map<string, number>();

  constructor(kube: Pick<KubeClient, "get">, clock: Clock) {
    this.#kube = kube;
    this.#clock = clock;
  }

  get(uid: string): SourcesSeen | undefined {
    return this.#seen.get(uid);
  }

  /** The run request has them now. */
  sent(uid: string): void {
    this.#seen.delete(uid);
  }

  forget(uid: string): void {
    this.#seen.delete(uid);
    this.#recalledAt.delete(uid);
    this.#values.delete(uid);
  }

  /** Reads them. What cannot be used is a result; throws the KubeError of an API server that is not there. */
  async read({ metadata }: FlinkJob, from: ConfigurationFrom, signal: AbortSignal): Promise<void> {
    const { uid = "", namespace = "" } = metadata;
    const of = JSON.stringify(from);
    const before = this.#seen.get(uid);
    const result = await this.#result(namespace, from, signal);
    const counted = result.kind === "refused" ? { ...result, failures: inARow(before, of, result) } : result;
    if (result.kind === "read") this.#remember(uid, result.options);
    this.#seen.set(uid, { of, at: this.#clock.now(), result: counted });
  }

  /**
   * Before Flink is asked about a job that an earlier process of ours submitted: its Secrets are read once more, so that
   * `withoutSecrets` knows what to take out. Where they cannot be read it takes out everything.
   */
  async recall(job: FlinkJob, signal: AbortSignal): Promise<void> {
    const { uid = "", namespace = "" } = job.metadata;
    const from = secretsOf(job);
    const now = this.#clock.now();
    if (from.length === 0 || this.#values.has(uid)) return;
    if (now - (this.#recalledAt.get(uid) ?? -RECALL_EVERY_MS) < RECALL_EVERY_MS) return;
    this.#recalledAt.set(uid, now);
    const result = await this.#result(namespace, from, signal).catch(() => undefined);
    if (result?.kind === "read") this.#remember(uid, result.options);
  }

  /** A message of Flink about a job, as it may be told. */
  withoutSecrets(job: FlinkJob, message: string): string {
    const values = this.#values.get(job.metadata.uid ?? "");
    if (values) return withoutValues(message, values);
    return secretsOf(job).length > 0 ? NOT_SHOWN : message;
  }

  async #result(namespace: string, from: ConfigurationFrom, signal: AbortSignal) {
    try {
      return { kind: "read" as const, options: await readSources(this.#kube, namespace, from, signal) };
    } catch (error) {
      if (!(error instanceof SourceProblem)) throw error;
      return { kind: "refused" as const, reason: error.reason, message: error.message };
    }
  }

  #remember(uid: string, options: readonly SourcedOption[]): void {
    const values = this.#values.get(uid) ?? new Set<string>();
    for (const { value, isSecret } of options) {
      const text = value.reveal();
      if (!isSecret || text === "") continue;
      values.delete(text);
      values.add(text);
    }
    for (const oldest of values) {
      if (values.size <= MOST_VALUES) break;
      values.delete(oldest);
    }
    this.#values.set(uid, values);
  }
}

/** Another refusal than before means that somebody is at it: the waits begin anew. */
function inARow(before: SourcesSeen | undefined, of: string, { message }: { message: string }): number {
  if (before?.of !== of || before.result.kind !== "refused") return 1;
  return before.result.message === message ? before.result.failures + 1 : 1;
}

function secretsOf(job: FlinkJob): ConfigurationFrom {
  const from = effectiveSpec(job).flinkConfigurationFrom ?? [];
  return from.filter(
    ({ valueFrom, secretRef }) => secretRef !== undefined || valueFrom?.secretKeyRef !== undefined,
  );
}
