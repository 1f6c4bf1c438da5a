import type { Figure } from "./figures.ts";
import type { Round } from "./rounds.ts";

/** Writes to the API server per job from its creation until it runs: finalizer, statuses and events. */
export function measureWrites(single: Round, many: Round): Figure[] {
  const figure = (name: string, round: Round): Figure => ({
    name,
    unit: "per job",
    values: [round.writesPerJob],
    aim: "<= 5",
    peer: "16",
  });
  return [
    figure("writes until running, one job after the other", single),
    figure(`writes until running, ${many.lives.length} at once`, many),
  ];
}
