import { beginning } from "../world/beginning.ts";
import { make, offers } from "../world/moves.ts";
import type { Setting } from "../world/setting.ts";
import type { Violation, World } from "../world/world.ts";
import type { Finding } from "./finding.ts";
import { fingerprint } from "./fingerprint.ts";
import { settle } from "./quiet.ts";
import { threadTime } from "./thread-time.ts";

export interface Report {
  readonly world: string;
  /** Different worlds that were reached. */
  readonly states: number;
  /** Moves that were made. */
  readonly moves: number;
  /** Different interleavings that the visited worlds stand for: paths from the start to the depth that was reached. */
  readonly schedules: number;
  /** Every interleaving of so many moves was covered. */
  readonly depth: number;
  /** The whole world: nothing is left to explore. */
  readonly complete: boolean;
  /** Worlds from which everything was seen to come to a good end. */
  readonly settled: number;
  readonly windows: ReadonlyMap<string, number>;
  readonly finding: Finding | undefined;
}

export interface Bounds {
  readonly depth: number;
  readonly states: number;
  /** Of this thread's own time. */
  readonly ms: number;
}

interface Node {
  world: World | undefined;
  readonly code: number;
  readonly from: Node | undefined;
  readonly depth: number;
  paths: number;
}

/** Every interleaving, breadth first, so that the first violation found has a shortest schedule. */
export function explore(setting: Setting, bounds: Bounds): Report {
  const start = beginning(setting);
  const seen = new Map<number, Node>();
  const root: Node = { world: start, code: -1, from: undefined, depth: 0, paths: 1 };
  seen.set(fingerprint(start), root);
  let level: Node[] = [root];
  const windows = new Map<string, number>();
  const codes: number[] = [];
  const until = threadTime() + bounds.ms;
  let moves = 0;
  let settled = 0;
  let schedules = 0;
  let depth = 0;
  const report = (complete: boolean, finding?: Finding): Report => ({
    world: setting.name,
    states: seen.size,
    moves,
    schedules: schedules + level.reduce((sum, { paths }) => sum + paths, 0),
    depth,
    complete,
    settled,
    windows,
    finding,
  });
  const found = (node: Node, violation: Violation, last: number[]): Report =>
    report(false, {
      world: setting.name,
      mutant: setting.mutant,
      schedule: [...scheduleOf(node), ...last],
      violation,
    });

  while (level.length > 0 && depth < bounds.depth) {
    const next = new Map<Node, true>();
    for (const node of level) {
      if (seen.size > bounds.states || threadTime() > until) return report(false);
      const world = node.world!;
      offers(world, codes);
      let ends = 0;
      for (const code of codes.slice()) {
        const after = world.clone();
        make(after, code);
        moves++;
        if (after.violation) {
          if (after.violation.window === undefined) return found(node, after.violation, [code]);
          windows.set(after.violation.window, (windows.get(after.violation.window) ?? 0) + 1);
          ends += node.paths;
          continue;
        }
        const print = fingerprint(after);
        const known = seen.get(print);
        if (known) {
          if (known.depth === node.depth + 1) known.paths += node.paths;
          else ends += node.paths;
          continue;
        }
        const fresh = { world: after, code, from: node, depth: node.depth + 1, paths: node.paths };
        seen.set(print, fresh);
        next.set(fresh, true);
      }
      schedules += ends;
      // What it would come to, if nothing went wrong from here on.
      settle(world);
      settled++;
      node.world = undefined;
      if (world.violation) {
        if (world.violation.window === undefined) return found(node, world.violation, []);
        windows.set(world.violation.window, (windows.get(world.violation.window) ?? 0) + 1);
      }
      if (codes.length === 0) schedules += node.paths;
    }
    level = [...next.keys()];
    depth++;
  }
  return report(level.length === 0);
}

function scheduleOf(node: Node): number[] {
  const codes: number[] = [];
  for (let at: Node | undefined = node; at?.from; at = at.from) codes.unshift(at.code);
  return codes;
}
