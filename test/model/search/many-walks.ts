import type { Crew } from "./crew.ts";
import type { Walks } from "./walk.ts";

/** What all threads together have walked so far. */
export interface Tally {
  schedules: number;
  /** Of the schedules that were compared, those that are unlike every other. */
  different: number;
  /** How many were compared: memory bounds it. */
  compared: number;
  moves: number;
  /** What the walks took of their threads' own time. */
  ms: number;
  readonly windows: Map<string, number>;
  finding: Walks["finding"];
}

export interface Journey {
  readonly schedules: number;
  readonly seed: number;
  readonly depth: number;
  /** Begins no further walks when each thread has worked for so long. */
  readonly ms?: number;
  readonly onProgress?: (tally: Readonly<Tally>) => void;
}

/** Schedules that a thread walks before it tells. */
const BLOCK = 2_000;
/** 8 bytes each, and as much again for the set. */
const COMPARED_AT_MOST = 5_000_000;

/** Walks through the named worlds on all cores, until so many schedules are walked, or one is found that breaks something. */
export async function walkAll(crew: Crew, worlds: readonly string[], journey: Journey): Promise<Tally> {
  const { schedules, seed, depth, ms = Number.POSITIVE_INFINITY } = journey;
  const tally: Tally = {
    schedules: 0,
    different: 0,
    compared: 0,
    moves: 0,
    ms: 0,
    windows: new Map(),
    finding: undefined,
  };
  const prints = new Set<number>();
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < schedules && tally.finding === undefined && tally.ms < ms * crew.size) {
      const from = next;
      next = Math.min(schedules, from + BLOCK);
      add(tally, prints, await crew.do({ kind: "walk", worlds, bounds: { seed, from, to: next, depth } }));
      journey.onProgress?.(tally);
    }
  };
  await Promise.all(Array.from({ length: crew.size }, one));
  return tally;
}

function add(tally: Tally, prints: Set<number>, walks: Walks): void {
  tally.schedules += walks.schedules;
  tally.moves += walks.moves;
  tally.ms += walks.ms;
  if (tally.compared < COMPARED_AT_MOST) {
    for (const print of walks.prints) prints.add(print);
    tally.compared += walks.prints.length;
    tally.different = prints.size;
  }
  for (const [name, times] of walks.windows) tally.windows.set(name, (tally.windows.get(name) ?? 0) + times);
  if (walks.finding && walks.finding.index < (tally.finding?.index ?? Number.POSITIVE_INFINITY))
    tally.finding = walks.finding;
}
