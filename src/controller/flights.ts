import type { Flight, RunOutcome } from "../core/observed.ts";
import type { Effect } from "../core/step.ts";
import type { Clock } from "../kube/clock.ts";
import { JarProblem, type JobManagerPort } from "../ports.ts";
import type { Jars } from "./jars.ts";
import type { MainPlaces } from "./main-places.ts";
import type { Turnstiles } from "./turnstile.ts";

type Submit = Extract<Effect, { kind: "submit" }>;
type Tell = (message: string) => string;

export interface FlightsOptions {
  jars: Jars;
  clock: Clock;
  /** How many run requests may begin at once on one cluster. */
  turnstiles: Turnstiles;
  /** How many main()s may run on one cluster. */
  places: Pick<MainPlaces, "take">;
  /** Whether this process may still send: a leader that lost its lease may not. */
  maySend: () => boolean;
  /** A JAR's way to this cluster ended in an error, and the JAR may have arrived all the same. */
  jarInDoubt: (url: string) => void;
  /** A flight ended, or reached another phase. */
  onChange: (uid: string) => void;
  onOutcome?: (outcome: RunOutcome, seconds: number) => void;
}

/**
 * The run requests of this process, outside the workers: main() may take hours. What a flight knows is lost with the
 * process, and then found out by looking.
 */
export class Flights {
  readonly #options: FlightsOptions;
  readonly #flights = new Map<string, { flight: Flight; stop: AbortController }>();
  #landing = new Set<Promise<void>>();

  constructor(options: FlightsOptions) {
    this.#options = options;
  }

  get(uid: string): Flight | undefined {
    return this.#flights.get(uid)?.flight;
  }

  /** `told`: what may be told of a message. */
  start(uid: string, effect: Submit, jobManager: JobManagerPort, told: Tell = (message) => message): void {
    const stop = new AbortController();
    const since = this.#options.clock.now();
    const { jobId, sentAt, earlierSentAt } = effect;
    this.#flights.set(uid, { flight: { jobId, phase: "fetchingJar", since, sentAt, earlierSentAt }, stop });
    const landing = this.#fly(uid, effect, jobManager, since, stop, told).finally(() =>
      this.#landing.delete(landing),
    );
    this.#landing.add(landing);
  }

  /** Stops a flight that has not sent anything yet. */
  abandon(uid: string): void {
    const entry = this.#flights.get(uid);
    if (entry?.flight.phase === "fetchingJar") entry.stop.abort();
  }

  /** The outcome is in the status, or the object is gone: an answer that has not come is not waited for any more. */
  forget(uid: string): void {
    const entry = this.#flights.get(uid);
    this.#flights.delete(uid);
    if (entry?.flight.phase === "sending") entry.stop.abort();
  }

  /** Ends what has sent nothing; a request that is out there is left to its fate and looked up by the next process. */
  async close(): Promise<void> {
    for (const { stop } of this.#flights.values()) stop.abort();
    await Promise.allSettled(this.#landing);
  }

  async #fly(
    uid: string,
    effect: Submit,
    jobManager: JobManagerPort,
    since: number,
    stop: AbortController,
    told: Tell,
  ): Promise<void> {
    const outcome = asTold(await this.#send(uid, effect, jobManager, since, stop.signal), told);
    const { clock, onOutcome, onChange } = this.#options;
    const endedAt = clock.now();
    onOutcome?.(outcome, (endedAt - since) / 1_000);
    if (this.#flights.get(uid)?.stop !== stop) return;
    const { jobId, sentAt, earlierSentAt } = effect;
    this.#flights.set(uid, {
      flight: { jobId, phase: "answered", since, endedAt, outcome, sentAt, earlierSentAt },
      stop,
    });
    onChange(uid);
  }

  async #send(
    uid: string,
    effect: Submit,
    jobManager: JobManagerPort,
    _since: number,
    signal: AbortSignal,
  ): Promise<RunOutcome> {
    const { jars, turnstiles, places, maySend, clock } = this.#options;
    const { jar, jobId, url, incarnation, request, application } = effect;
    try {
      const jarId =
        jar.id ?? (await jars.acquire(uid, jobId, `${url}|${incarnation}`, jobManager, jar, signal));
      const pass = await turnstiles.of(url).enter(signal);
      if (pass === undefined || !maySend()) {
        pass?.leave();
        return notSent("The operator is shutting down or no longer the leader.");
      }
      // Others were faster; the decision that looked for a place was made before the JAR came.
      if (application && !places.take(url, uid)) {
        pass.leave();
        return crowded;
      }
      if (this.#flights.get(uid)?.flight.phase === "fetchingJar") {
        const entry = this.#flights.get(uid)!;
        entry.flight = { ...entry.flight, phase: "sending", since: clock.now() };
        this.#options.onChange(uid);
      }
      // Never rejects: from here on, only an answer or its absence counts.
      return await jobManager.run(jarId, request, application, signal).finally(() => pass.leave());
    } catch (error) {
      this.#options.jarInDoubt(url);
      if (error instanceof JarProblem) return error.outcome;
      if (signal.aborted) return notSent("Given up before anything was sent.");
      // Not the cluster's doing, so it counts as a try and does not go on for ever.
      const message = `Could not begin: ${error instanceof Error ? error.message : String(error)}`;
      return { kind: "notSent", reason: "BackingOff", message, retryable: true };
    }
  }
}

function asTold(outcome: RunOutcome, told: Tell): RunOutcome {
  return outcome.kind === "accepted" ? outcome : { ...outcome, message: told(outcome.message) };
}

const crowded: RunOutcome = {
  kind: "notSent",
  reason: "WaitingForMains",
  message: "So many main()s run on the cluster that there is no place for another.",
  retryable: true,
};

function notSent(message: string): RunOutcome {
  return { kind: "notSent", reason: "ClusterUnreachable", message, retryable: true };
}
