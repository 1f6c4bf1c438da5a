import { type Figure, summary } from "./figures.ts";
import type { Passage, Round } from "./rounds.ts";

/** From the create call to the arrival of the run request at Flink. */
export function measureSubmission(single: Round, many: Round): Figure[] {
  const count = many.lives.length;
  const bare = (round: Round) => ({ name: "bare watch + patch", values: round.bare.map(way) });
  // Whoever creates waits for the API server too: a client that takes more of it sees fewer objects at a time, and each of
  // them sooner. Only times from the first create call on compare what was got done.
  const since = (name: string, share: 0.5 | 1, peer?: string): Figure => ({
    name: `first create to ${name}, ${count} at once`,
    unit: "s",
    values: [reached(many.lives, share)],
    floor: { name: "bare client, same writes", values: [reached(many.sameWrites, share)] },
    aim: "limited by the API server",
    ...(peer ? { peer } : {}),
  });
  const first = Math.min(...many.lives.map(({ createdAt }) => createdAt));
  return [
    {
      name: "create to run request, one job",
      unit: "ms",
      values: single.lives.map(way),
      floor: bare(single),
      aim: "p50 <= 2x floor",
      peer: "170-470",
    },
    {
      name: `create to run request, ${count} at once`,
      unit: "ms",
      values: many.lives.map(way),
      floor: { name: "bare client, same writes", values: many.sameWrites.map(way) },
      peer: "p50 13200-13900, p99 23000-24800 (1000)",
    },
    {
      name: `create to run request, ${count} at once, one write instead of two`,
      unit: "ms",
      values: many.lives.map(way),
      floor: bare(many),
    },
    since("half of the run requests", 0.5),
    since("the last run request", 1, "26-31 (1000)"),
    {
      name: `first create to the last Ready, ${count} at once`,
      unit: "s",
      values: [(Math.max(...many.lives.map(({ readyAt }) => readyAt)) - first) / 1_000],
      peer: "87.6; 46.9 at a 5 s poll (1000)",
    },
  ];
}

function way({ createdAt, arrivedAt }: Passage): number {
  return arrivedAt - createdAt;
}

/** Seconds from the first create call until that share of the requests had arrived. */
function reached(passages: readonly Passage[], share: 0.5 | 1): number {
  const first = Math.min(...passages.map(({ createdAt }) => createdAt));
  const arrivals = passages.map(({ arrivedAt }) => (arrivedAt - first) / 1_000);
  const { p50, max } = summary(arrivals);
  return share === 1 ? max : p50;
}
