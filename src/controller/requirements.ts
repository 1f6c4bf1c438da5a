import type { RequirementsSeen } from "../core/observed.ts";
import type { Effect } from "../core/step.ts";
import type { Clock } from "../kube/clock.ts";
import type { JobManagerPort } from "../ports.ts";

type ScalingPort = Pick<JobManagerPort, "resourceRequirements" | "requireResources">;
type ScalingEffect = Extract<Effect, { kind: "readRequirements" | "requireResources" }>;

/** What this process last heard of how much parallelism jobs ask Flink for, by FlinkJob. */
export class Requirements {
  readonly #clock: Clock;
  readonly #seen = new Map<string, RequirementsSeen>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(uid: string): RequirementsSeen | undefined {
    return this.#seen.get(uid);
  }

  forget(uid: string): void {
    this.#seen.delete(uid);
  }

  /** Reads them, or asks for others. Whatever goes wrong is tried again: a job that cannot be scaled now is followed meanwhile. */
  async perform(
    uid: string,
    jobManager: ScalingPort,
    effect: ScalingEffect,
    told: (message: string) => string,
    signal: AbortSignal,
  ): Promise<void> {
    const { jobId, incarnation } = effect;
    const before = this.#seen.get(uid);
    const result = await ask(jobManager, effect, signal).catch((error: unknown) => {
      if (signal.aborted) throw error;
      return { kind: "failed" } as const;
    });
    const at = this.#clock.now();
    const requiredAt = result.kind === "asked" ? at : before?.jobId === jobId ? before.requiredAt : undefined;
    this.#seen.set(uid, {
      jobId,
      at,
      incarnation,
      ...(requiredAt === undefined ? {} : { requiredAt }),
      result: result.kind === "refused" ? { ...result, message: told(result.message) } : result,
    });
  }
}

async function ask(
  jobManager: ScalingPort,
  effect: ScalingEffect,
  signal: AbortSignal,
): Promise<RequirementsSeen["result"]> {
  if (effect.kind === "readRequirements") {
    const requirements = await jobManager.resourceRequirements(effect.jobId, signal);
    if (requirements === "unsupported") return { kind: "unsupported" };
    // Listed, and not known: one of the two is older, and the next list tells.
    return requirements ? { kind: "read", requirements } : { kind: "failed" };
  }
  const answer = await jobManager.requireResources(effect.jobId, effect.requirements, signal);
  return answer === "taken"
    ? { kind: "asked" }
    : { kind: "refused", message: answer.refused, requirements: effect.requirements };
}
