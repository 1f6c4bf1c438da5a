import { type Call, type Fault, type FaultMode, faultModes } from "../support/lifeline.ts";
import { isPoll, isRun, isStoodFor, isWatch } from "./calls.ts";
import type { RunResult } from "./crash-run.ts";
import { type Scenario, scenarios } from "./scenarios.ts";
import { type FlinkKind, hasApplications, kindName } from "./site.ts";

/** One scenario on one kind of Flink. */
export interface Case {
  readonly scenario: Scenario;
  readonly kind: FlinkKind;
}

export const caseName = ({ scenario, kind }: Case): string => `${scenario.name}/${kindName(kind)}`;

export function casesOf(kinds: readonly FlinkKind[], filter: string): Case[] {
  const all = scenarios.flatMap((scenario) =>
    kinds.filter((kind) => isPlayedOn(scenario, kind)).map((kind) => ({ scenario, kind })),
  );
  // A whole name means itself: deletion/2.3.0 is part of deletion/2.3.0-ha.
  const exact = all.filter((one) => caseName(one) === filter);
  return exact.length > 0 ? exact : all.filter((one) => caseName(one).includes(filter));
}

/** Clusters of a job's own always have high availability; a session of one is like any other, so one version will do. */
function isPlayedOn({ ownCluster, versions, adaptive }: Scenario, kind: FlinkKind): boolean {
  if (adaptive && kind.ha) return false;
  if (versions && !versions.includes(kind.version)) return false;
  if (ownCluster === undefined) return true;
  return kind.ha && (ownCluster === "application" || hasApplications(kind));
}

/** Of calls that go on for ever, so many are tried. */
const POLLS = 3;

/**
 * Every fault that one golden run's calls can have, in their order. Around clusters of its own most calls are those of every
 * scenario: of polls the first is struck, and of refusals 500, which is treated as 429 and 503 are.
 */
export function faultsOf(golden: RunResult, { ownCluster }: Scenario): Fault[] {
  const polls = ownCluster === undefined ? POLLS : 1;
  const modes =
    ownCluster === undefined ? faultModes : faultModes.filter((mode) => mode !== "429" && mode !== "503");
  const calls = golden.calls.slice(golden.from);
  const counts = new Map<string, number>();
  return calls.flatMap((call) => {
    const occurrence = (counts.get(call.name) ?? 0) + 1;
    counts.set(call.name, occurrence);
    if (isStoodFor(call.name) || (isPoll(call.name) && occurrence > polls)) return [];
    // A second list is the answer to a slow API server: no other run would come to it.
    if (isWatch(call.name) && occurrence > 1) return [];
    return modes
      .filter((mode) => makesSense(call, mode))
      .map((mode) => ({ name: call.name, occurrence, mode }));
  });
}

function makesSense({ name }: Call, mode: FaultMode): boolean {
  const reads = name.startsWith("GET");
  switch (mode) {
    case "409":
      // Nobody answers a reading request with a conflict.
      return !reads;
    case "killed while it was carried out":
      // Only what takes a while can be interrupted.
      return isRun(name) || name === "POST /jars/upload";
    case "killed after commit, before the reply":
    case "reply lost, connection reset":
      // Reading leaves the server as it is: who is killed after it leaves the same world behind as who is killed before, and
      // whose connection is reset cannot know whether the server had the request.
      return !reads;
    default:
      return true;
  }
}

/** `count` of them. */
export function some<T>(all: readonly T[], count: number, random: () => number): T[] {
  const left = [...all];
  const chosen: T[] = [];
  while (chosen.length < count && left.length > 0) {
    chosen.push(...left.splice(Math.floor(random() * left.length), 1));
  }
  return chosen;
}

/** Numbers from 0 to 1 that a seed repeats (mulberry32); another sequence for each `salt`. */
export function seeded(seed: number, salt = ""): () => number {
  let state = [...salt].reduce((sum, letter) => Math.imul(sum, 31) + letter.charCodeAt(0), seed) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
