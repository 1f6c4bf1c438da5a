import { randomUUID } from "node:crypto";
import { type FileHandle, open, readdir, rename, stat, unlink, utimes } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { GatewayError } from "../gateway-error.ts";

/** Which plan: two namespaces may each have one of the same name. */
export interface PlanKey {
  readonly namespace: string;
  /** `jobgraph` or `executionPlan` with the JobID, as Flink's client calls it (PLAN_FILE_PATTERN). */
  readonly file: string;
}

export interface PlanStoreOptions {
  /** Is there, and is this store's alone; several gateways may share it. */
  readonly directory: string;
  /** Bytes of all plans together. */
  readonly space: number;
}

/** A plan on its way in; nothing of it stays but by `keep`. */
export interface ArrivingPlan extends AsyncDisposable {
  write(chunk: Buffer): Promise<void>;
  /** Whole and durable under this key when it resolves; the one that is there under it stays, as if it had come now. */
  keep(key: PlanKey): Promise<void>;
  /** What `keep` has put there goes again, unless the same plan has come once more since. */
  takeBack(): Promise<void>;
}

/** A plan that is kept. */
export interface KeptPlan {
  readonly size: number;
  /** Read it to its end, or destroy it. */
  readonly content: Readable;
}

/** One that nobody writes to any more was left by a gateway that died. Milliseconds. */
const ARRIVES_WITHIN_MS = 3_600_000;
const ARRIVING = /^arriving-[0-9a-f-]{36}$/;
const KEPT =
  /^([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)\.(flink-(?:jobgraph|executionPlan)-[0-9a-f]{32}[0-9]{1,20}\.bin)$/;
const RETRY_AFTER_SECONDS = 3;

/**
 * Plans on a volume, each a file with the whole body of its `POST /jobs`. A file under its own name is whole and durable, and
 * belongs to a FlinkJob, or will in a moment. Names are made of checked parts only, all in one directory.
 */
export class PlanStore {
  readonly #directory: string;
  readonly #space: number;

  private constructor({ directory, space }: PlanStoreOptions) {
    this.#directory = directory;
    this.#space = space;
  }

  /** Throws where the directory cannot be written to. */
  static async open(options: PlanStoreOptions): Promise<PlanStore> {
    const store = new PlanStore(options);
    const probe = join(options.directory, `arriving-${randomUUID()}`);
    await (await open(probe, "wx", 0o600)).close();
    await unlink(probe);
    await store.#sync();
    return store;
  }

  /** Throws the GatewayError Busy when the plans that are there take all the space. */
  async begin(): Promise<ArrivingPlan> {
    if ((await this.#used()) >= this.#space) throw full();
    const path = join(this.#directory, `arriving-${randomUUID()}`);
    const file = await open(path, "wx", 0o600).catch(refused);
    return new Arriving(file, path, (key) => this.#keep(path, file, key));
  }

  /** Undefined where there is none. */
  async read(key: PlanKey): Promise<KeptPlan | undefined> {
    const file = await absentAs(undefined, open(this.#path(key), "r"));
    if (file === undefined) return undefined;
    const { size } = await file.stat();
    return { size, content: file.createReadStream({ highWaterMark: 256 * 1024 }) };
  }

  async has(key: PlanKey): Promise<boolean> {
    return (await absentAs(undefined, stat(this.#path(key)))) !== undefined;
  }

  /** Nobody needs it any more, or ever did. `before`, in ms since 1970: only one that has not come again since. */
  async discard(key: PlanKey, before = Number.POSITIVE_INFINITY): Promise<void> {
    await this.#discard(key, (mtimeMs) => mtimeMs < before);
  }

  /** Plans that were whole before this time, in ms since 1970, by their keys. Drops what gateways that died left half written. */
  async keptBefore(time: number): Promise<PlanKey[]> {
    const kept: PlanKey[] = [];
    for (const name of await readdir(this.#directory)) {
      const [, namespace, file] = KEPT.exec(name) ?? [];
      if (!ARRIVING.test(name) && file === undefined) continue;
      const path = join(this.#directory, name);
      const found = await absentAs(undefined, stat(path));
      if (found === undefined) continue;
      if (namespace !== undefined && file !== undefined && found.mtimeMs < time)
        kept.push({ namespace, file });
      if (file === undefined && found.mtimeMs < time - ARRIVES_WITHIN_MS)
        await absentAs(undefined, unlink(path));
    }
    return kept;
  }

  async #discard(key: PlanKey, ifCame: (mtimeMs: number) => boolean): Promise<void> {
    const path = this.#path(key);
    const found = await absentAs(undefined, stat(path));
    if (found !== undefined && ifCame(found.mtimeMs)) await absentAs(undefined, unlink(path));
  }

  /** How to take it back. */
  async #keep(path: string, file: FileHandle, key: PlanKey): Promise<() => Promise<void>> {
    const kept = this.#path(key);
    await file.sync();
    await file.close();
    const now = new Date();
    // The same request once more: what may be on its way to a JobManager stays what it is.
    const isThere = await absentAs(
      false,
      utimes(kept, now, now).then(() => true),
    );
    await (isThere ? unlink(path) : rename(path, kept));
    await this.#sync();
    if (isThere) return async () => {};
    const { mtimeMs } = await stat(kept);
    return () => this.#discard(key, (came) => came === mtimeMs);
  }

  /** A new name is durable when its directory is. */
  async #sync(): Promise<void> {
    const directory = await open(this.#directory, "r");
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  }

  async #used(): Promise<number> {
    const names = await readdir(this.#directory).catch(refused);
    const none = { size: 0 };
    const found = await Promise.all(
      names.map((name) => absentAs(none, stat(join(this.#directory, name))).catch(refused)),
    );
    return found.reduce((sum, { size }) => sum + size, 0);
  }

  #path({ namespace, file }: PlanKey): string {
    const name = `${namespace}.${file}`;
    if (!KEPT.test(name)) throw new TypeError(`No plan is called ${JSON.stringify(name.slice(0, 200))}`);
    return join(this.#directory, name);
  }
}

class Arriving implements ArrivingPlan {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #keep: (key: PlanKey) => Promise<() => Promise<void>>;
  #kept: (() => Promise<void>) | undefined;

  constructor(file: FileHandle, path: string, keep: (key: PlanKey) => Promise<() => Promise<void>>) {
    this.#file = file;
    this.#path = path;
    this.#keep = keep;
  }

  async write(chunk: Buffer): Promise<void> {
    await this.#file.writeFile(chunk).catch(refused);
  }

  async keep(key: PlanKey): Promise<void> {
    this.#kept = await this.#keep(key).catch(refused);
  }

  async takeBack(): Promise<void> {
    await this.#kept?.();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#kept !== undefined) return;
    await this.#file.close().catch(() => undefined);
    await absentAs(undefined, unlink(this.#path));
  }
}

async function absentAs<T, U>(otherwise: U, asked: Promise<T>): Promise<T | U> {
  try {
    return await asked;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return otherwise;
    throw error;
  }
}

/** What a volume refuses is nobody's fault that asks, and may be otherwise in a moment. */
function refused(error: unknown): never {
  if (error instanceof TypeError) throw error;
  const { code = "no code" } = error as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT") throw full(error);
  const message = `The gateway's volume takes no plan now (${code})`;
  throw new GatewayError("StoreUnavailable", message, {
    cause: error,
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  });
}

function full(cause?: unknown): GatewayError {
  const message =
    "The gateway's volume is full of plans that wait for their clusters: send the same again in a moment";
  return new GatewayError("Busy", message, { cause, retryAfterSeconds: RETRY_AFTER_SECONDS });
}
