import type { Figure } from "./figures.ts";
import type { Round } from "./rounds.ts";

/** From the create call to the arrival of the run request at Flink. */
export function measureSubmission(single: Round, many: Round): Figure[] {
  const untilArrival = ({ lives }: Round) => lives.map((life) => life.arrivedAt - life.createdAt);
  const floor = (round: Round) => ({ name: "bare watch + patch", values: round.floorMs });
  const count = many.lives.length;
  const first = Math.min(...many.lives.map(({ createdAt }) => createdAt));
  return [
    {
      name: "create to run request, one job",
      unit: "ms",
      values: untilArrival(single),
      floor: floor(single),
      aim: "p50 <= 2x floor",
      peer: "170-470",
    },
    {
      name: `create to run request, ${count} at once`,
      unit: "ms",
      values: untilArrival(many),
      floor: floor(many),
      aim: "limited by the API server",
      peer: "p50 13200-13900, p99 23000-24800 (1000)",
    },
    {
      name: `first create to last run request, ${count} at once`,
      unit: "s",
      values: [(Math.max(...many.lives.map(({ arrivedAt }) => arrivedAt)) - first) / 1_000],
      peer: "26-31 (1000)",
    },
    {
      name: `first create to the last Ready, ${count} at once`,
      unit: "s",
      values: [(Math.max(...many.lives.map(({ readyAt }) => readyAt)) - first) / 1_000],
      peer: "87.6; 46.9 at a 5 s poll (1000)",
    },
  ];
}
