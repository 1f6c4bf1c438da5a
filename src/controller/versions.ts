import { type KubeObject, key } from "../kube/types.ts";

interface Written<T> {
  /** What the write was based on. */
  base: string | undefined;
  object: T;
}

/**
 * The newest version of each object that this process knows: what it wrote itself, until the cache has seen it. Without
 * it, the cache's delay would show an object as it was before our own write. A wrong guess costs a Conflict, never a wrong
 * write: every write names the resourceVersion that it was based on.
 */
export class Versions<T extends KubeObject> {
  readonly #written = new Map<string, Written<T>>();

  /** A write on top of `base`, whose answer is the newest version from then on. Rejects with what the write rejects with. */
  async through(base: T, write: () => Promise<T>): Promise<T> {
    try {
      const object = await write();
      this.wrote(base, object);
      return object;
    } catch (error) {
      this.forget(key(base));
      throw error;
    }
  }

  /** `object` is what the API server answered to a write that was based on `base`. */
  wrote(base: T, object: T): void {
    // As in the cache. Here, the next write would send them back as well.
    delete object.metadata.managedFields;
    this.#written.set(key(object), { base: base.metadata.resourceVersion, object });
  }

  /** A write failed, or the object is gone: the cache is all that counts. */
  forget(name: string): void {
    this.#written.delete(name);
  }

  /** The newest of what the cache holds and what was written. */
  newest(name: string, cached: T | undefined): T | undefined {
    const written = this.#written.get(name);
    if (!written || !cached || cached.metadata.uid !== written.object.metadata.uid) {
      if (written) this.#written.delete(name);
      return cached;
    }
    if (isBehind(cached, written)) return written.object;
    this.#written.delete(name);
    return cached;
  }
}

/** Since Kubernetes 1.35 resourceVersions of one kind may be compared as numbers; before, equality must do. */
function isBehind<T extends KubeObject>(cached: T, { base, object }: Written<T>): boolean {
  const seen = cached.metadata.resourceVersion ?? "";
  const written = object.metadata.resourceVersion ?? "";
  if (seen === base) return true;
  const comparable = /^[0-9]+$/.test(seen) && /^[0-9]+$/.test(written);
  return comparable && BigInt(seen) < BigInt(written);
}
