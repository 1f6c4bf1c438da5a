import type { FlinkCluster, FlinkJob } from "../api/objects.ts";
import { Backoff } from "../kube/backoff.ts";
import type { KubeClient } from "../kube/client.ts";
import { sleep, systemClock } from "../kube/clock.ts";
import { isKubeError, KubeError, type KubeErrorCode } from "../kube/errors.ts";
import type { Resource } from "../kube/types.ts";
import type { Call } from "./call.ts";
import { DeploymentError } from "./deployment-error.ts";
import { differences } from "./differences.ts";
import { follow } from "./following.ts";
import { titleOf } from "./progress.ts";
import { requestError } from "./request-error.ts";

/** The same request may get through later; it may also have been carried out. */
const passing: readonly KubeErrorCode[] = [
  "Unreachable",
  "Network",
  "Timeout",
  "Unavailable",
  "TooManyRequests",
  "ServerError",
];
const pauses = { firstMs: 100, longestMs: 5_000, jitter: 0.5, calmMs: Number.POSITIVE_INFINITY };

/**
 * The FlinkClusters or FlinkJobs of one namespace. Every method bears an API server that is away for the call's patience, and rejects
 * with a DeploymentError, or the FlinkErrors `Timeout` and `Aborted`.
 */
export class CustomResources<T extends FlinkCluster | FlinkJob> {
  readonly #kube: KubeClient;
  readonly #resource: Resource<T>;
  readonly #namespace: string;

  constructor(kube: KubeClient, resource: Resource<T>, namespace: string) {
    this.#kube = kube;
    this.#resource = resource;
    this.#namespace = namespace;
  }

  /** "FlinkCluster team-a/orders" */
  title(name: string): string {
    return `${this.#resource.kind} ${this.#namespace}/${name}`;
  }

  /** Undefined: there is none. */
  async get(name: string, call: Call): Promise<T | undefined> {
    const ref = { namespace: this.#namespace, name };
    const got = this.#send(call, name, () => this.#kube.get(this.#resource, ref, { signal: call.signal }));
    return await got.catch(unless("NotFound"));
  }

  async list(call: Call): Promise<T[]> {
    const { signal } = call;
    const selection = { namespace: this.#namespace, signal };
    return await this.#send(call, "", async () => {
      const found: T[] = [];
      for await (const each of this.#kube.listAll(this.#resource, selection)) found.push(each);
      return found;
    });
  }

  /**
   * Creates it. One that is there with the same spec is as good: the answer to an earlier request may be lost. Throws `SpecDiffers`,
   * `BeingDeleted`.
   */
  async ensure(name: string, spec: object, call: Call): Promise<T> {
    const { signal } = call;
    const namespace = this.#namespace;
    const asked = { metadata: { namespace, name }, spec } as unknown as T;
    const created = await this.#send(call, name, () =>
      this.#kube.create(this.#resource, asked, { signal, strict: true }),
    ).catch(unless("AlreadyExists"));
    if (created) return created;
    const present = await this.get(name, call);
    if (present === undefined || present.metadata.deletionTimestamp !== undefined) {
      const message = `${this.title(name)} is being deleted: the same call again when it is gone`;
      throw new DeploymentError("BeingDeleted", message, { retry: "backoff" });
    }
    // What is there has the server's defaults. The server says what the spec would be with them.
    const probe = { metadata: { namespace, generateName: `${name}-` }, spec } as unknown as T;
    const wanted = await this.#send(call, name, () =>
      this.#kube.create(this.#resource, probe, { signal, strict: true, dryRun: true }),
    );
    const paths = differences(present.spec, wanted.spec);
    if (paths.length === 0) return present;
    const message = `${this.title(name)} exists, and is not as asked for: ${paths.join(", ")}`;
    throw new DeploymentError("SpecDiffers", message, { differences: paths });
  }

  /** Asks for the deletion of this very object; one that is gone is no error. */
  async delete({ metadata }: T, call: Call): Promise<void> {
    const { name, uid } = metadata;
    const ref = { namespace: this.#namespace, name };
    const options = { signal: call.signal, ...(uid === undefined ? {} : { preconditions: { uid } }) };
    await this.#send(call, name, () => this.#kube.delete(this.#resource, ref, options)).catch(
      unless("NotFound", "Conflict"),
    );
  }

  /**
   * Looks at an object whenever it changes, until `look` has something to tell, and rejects with what it throws. Undefined is shown
   * once the object is gone, also where another one has its name by then.
   */
  async until<R>(object: T, look: (seen: T | undefined) => R | undefined, call: Call): Promise<R> {
    const { name, uid } = object.metadata;
    const source = { client: this.#kube, resource: this.#resource, namespace: this.#namespace, name };
    return await follow(source, (seen) => look(seen?.metadata.uid === uid ? seen : undefined), call);
  }

  /** As `until`; rejects with `NotFound` when it goes. */
  async whileThere<R>(object: T, look: (seen: T) => R | undefined, call: Call): Promise<R> {
    const shown = (seen: T | undefined) => {
      if (seen !== undefined) return look(seen);
      throw new DeploymentError("NotFound", `${titleOf(object)} was deleted meanwhile`);
    };
    return await this.until(object, shown, call);
  }

  async #send<R>(call: Call, name: string, request: () => Promise<R>): Promise<R> {
    const began = systemClock.monotonic();
    const backoff = new Backoff(pauses, systemClock, Math.random);
    for (;;) {
      try {
        return await request();
      } catch (error) {
        if (call.signal.aborted) throw call.givenUp(`${this.title(name)}: no answer of the API server`);
        if (!(error instanceof KubeError)) throw error;
        const late = systemClock.monotonic() - began > call.patienceMs;
        if (late || !passing.includes(error.code)) throw requestError(error);
        const pauseMs = error.retry.kind === "after" ? error.retry.ms : backoff.failure();
        await sleep(systemClock, pauseMs, call.signal);
      }
    }
  }
}

/** Undefined instead of these errors. */
function unless(...codes: KubeErrorCode[]): (error: unknown) => undefined {
  return (error) => {
    if (error instanceof DeploymentError && isKubeError(error.cause, ...codes)) return undefined;
    throw error;
  };
}
