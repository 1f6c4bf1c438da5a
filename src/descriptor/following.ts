import type { FlinkCluster, FlinkJob } from "../api/objects.ts";
import type { KubeClient } from "../kube/client.ts";
import { systemClock, type Timer } from "../kube/clock.ts";
import { isKubeError, KubeError } from "../kube/errors.ts";
import { Reflector } from "../kube/reflector.ts";
import type { Resource } from "../kube/types.ts";
import type { Call } from "./call.ts";
import { progressOf } from "./progress.ts";
import { requestError } from "./request-error.ts";

interface Source<T extends FlinkCluster | FlinkJob> {
  readonly client: KubeClient;
  readonly resource: Resource<T>;
  readonly namespace: string;
  readonly name: string;
}

/**
 * Shows one object to `look` as it is and whenever it changes (undefined: there is none), until that has something to tell or throws.
 * A watch of one name, for which a right to watch this name is enough; a watch that breaks begins anew with what is there.
 */
export async function follow<T extends FlinkCluster | FlinkJob, R>(
  source: Source<T>,
  look: (seen: T | undefined) => R | undefined,
  call: Call,
): Promise<R> {
  const { client, resource, namespace, name } = source;
  const { promise, resolve, reject } = Promise.withResolvers<R>();
  const title = `${resource.kind} ${namespace}/${name}`;
  const ending = new AbortController();
  let last: T | undefined;
  let heard = false;
  let patience: Timer | undefined;

  const see = (seen: T | undefined) => {
    heard = true;
    last = seen;
    patience?.cancel();
    patience = undefined;
    try {
      const found = look(seen);
      if (found !== undefined) resolve(found);
    } catch (error) {
      reject(error);
    }
  };
  /** A watch may be whole again and have nothing to tell: only a request shows whether the server is away. */
  const ask = async () => {
    try {
      see(await client.get(resource, { namespace, name }, { signal: ending.signal }));
    } catch (error) {
      if (isKubeError(error, "NotFound")) see(undefined);
      else reject(error instanceof KubeError ? requestError(error) : error);
    }
  };
  const onProblem = (problem: KubeError) => {
    // Just started again, a server may refuse for a moment what it allows.
    if (!heard && isKubeError(problem, "Forbidden", "Unauthorized", "NotFound", "BadConfig", "Untrusted"))
      reject(requestError(problem));
    patience ??= systemClock.setTimeout(() => void ask(), call.patienceMs);
  };
  const onAbort = () => reject(call.givenUp(`${title}: ${progressOf(last)}`));

  const selection = { namespace, fieldSelector: `metadata.name=${name}` };
  const reflector = new Reflector<T>(
    { client, resource, selection, onProblem },
    { replace: ([first]) => see(first), put: see, remove: () => see(undefined) },
  );
  call.signal.addEventListener("abort", onAbort, { once: true });
  if (call.signal.aborted) onAbort();
  const running = reflector.run(ending.signal);
  try {
    return await promise;
  } finally {
    call.signal.removeEventListener("abort", onAbort);
    patience?.cancel();
    ending.abort();
    await running;
  }
}
