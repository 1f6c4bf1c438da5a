import { createHash } from "node:crypto";
import type { Jar } from "../api/flinkjob.ts";
import type { JarStore } from "../ports.ts";

type Source = Jar;

interface Upload {
  jarId: Promise<string>;
  users: Set<string>;
  cancel: AbortController;
  store: JarStore;
}

/** `flinkjob-<key>-<JobID of the first user>.jar`: who it is for can be told after a crash. */
const NAME = /flinkjob-([0-9a-f]{16})-([0-9a-f]{32})\.jar$/;

/**
 * JARs that were brought to a JobManager for submissions: one upload per JobManager process and content, shared by the
 * submissions in flight, deleted when the last of them has an outcome. Deleted earlier, a running main() would fail.
 */
export class Jars {
  readonly #uploads = new Map<string, Upload>();
  readonly #held = new Map<string, string>();

  /** The JarId for one user (a FlinkJob's uid), which holds it until `release`. Throws JarProblem. */
  async acquire(
    user: string,
    jobId: string,
    where: string,
    store: JarStore,
    source: Source,
    signal: AbortSignal,
  ): Promise<string> {
    const name = `${where}|${contentKey(source)}`;
    if (this.#held.get(user) !== name) await this.release(user);
    const upload = this.#uploads.get(name) ?? this.#begin(name, jobId, store, source);
    upload.users.add(user);
    this.#held.set(user, name);
    // A JAR that cannot be deleted now is found by the sweep.
    const leave = () => void this.release(user).catch(() => undefined);
    signal.addEventListener("abort", leave, { once: true });
    try {
      return await upload.jarId;
    } catch (error) {
      if (this.#uploads.get(name) === upload) this.#uploads.delete(name);
      this.#held.delete(user);
      throw error;
    } finally {
      signal.removeEventListener("abort", leave);
    }
  }

  /** The user's submission has an outcome. Resolves when the JAR is gone, if nobody else needs it. */
  async release(user: string): Promise<void> {
    const name = this.#held.get(user);
    const upload = name === undefined ? undefined : this.#uploads.get(name);
    this.#held.delete(user);
    upload?.users.delete(user);
    if (name === undefined || !upload || upload.users.size > 0) return;
    this.#uploads.delete(name);
    upload.cancel.abort();
    const jarId = await upload.jarId.catch(() => undefined);
    if (jarId !== undefined) await upload.store.delete(jarId, AbortSignal.timeout(10_000));
  }

  /**
   * Deletes those of `jarIds` that an earlier process of ours left behind; returns how many must stay for now. `isNeeded(jobId)`:
   * true while that job's submission is open, undefined for a job that is not ours to judge. `isOpen(key)`: whether some
   * submission of that content may be open; a JAR's name tells only who was the first to use it.
   */
  async sweep(
    jarIds: readonly string[],
    store: Pick<JarStore, "delete">,
    isNeeded: (jobId: string) => boolean | undefined,
    isOpen: (key: string) => boolean,
    signal: AbortSignal,
  ): Promise<number> {
    const inUse = new Set<string>();
    for (const { jarId } of this.#uploads.values()) inUse.add(await jarId.catch(() => ""));
    const found = jarIds.map((id) => ({ id, match: NAME.exec(id) })).filter(({ match }) => match);
    // A JAR is shared by content: one open submission keeps every JAR with its key.
    const neededKeys = new Set(
      found.filter(({ match }) => isNeeded(match![2]!) === true).map(({ match }) => match![1]!),
    );
    let left = 0;
    for (const { id, match } of found) {
      const [, key = "", jobId = ""] = match ?? [];
      const needed = neededKeys.has(key) || isOpen(key) || isNeeded(jobId);
      if (inUse.has(id) || needed === undefined) continue;
      if (needed) left++;
      else await store.delete(id, signal);
    }
    return left;
  }

  #begin(name: string, jobId: string, store: JarStore, source: Source): Upload {
    const cancel = new AbortController();
    const fileName = `flinkjob-${contentKey(source)}-${jobId}.jar`;
    const jarId = store.transfer(source, fileName, cancel.signal);
    const upload = { jarId, users: new Set<string>(), cancel, store };
    this.#uploads.set(name, upload);
    return upload;
  }
}

/** What makes two sources the same JAR: the content's sum, or else the address. */
export function contentKey({ sha256, uri }: Pick<Source, "sha256" | "uri">): string {
  return createHash("sha256")
    .update(sha256 ?? `uri:${uri}`)
    .digest("hex")
    .slice(0, 16);
}
