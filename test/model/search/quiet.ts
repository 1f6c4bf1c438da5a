import { judge } from "../truth/verdict.ts";
import { kindOf, MOVES, make, offers } from "../world/moves.ts";
import type { World } from "../world/world.ts";

/** So many moves after the last fault, everything must be as wished. */
export const SETTLES_WITHIN = 400;
const STAYS_FOR = 60;

/** What goes first when nothing goes wrong; whatever is not named here comes before, time last. */
const LAST = ["polls", "decides", "waits"];
const RANK = MOVES.map(({ name }) => LAST.indexOf(name));

/** Faults stop: one operator, a JobManager that stays. Drives the world on until nothing happens any more. */
export function settle(world: World, onMove?: (code: number) => void): void {
  calm(world);
  const moves: number[] = [];
  let writes = world.api.statusWrites;
  let since = 0;
  for (let step = 0; step < SETTLES_WITHIN; step++) {
    const next = nextOf(offers(world, moves));
    if (next === undefined || since > STAYS_FOR) break;
    onMove?.(next);
    make(world, next);
    if (world.violation) return;
    since = world.api.statusWrites === writes ? since + 1 : 0;
    writes = world.api.statusWrites;
    if (step === SETTLES_WITHIN - 1)
      world.broken("neverQuiet", "it writes and writes although nothing goes wrong");
  }
  judge(world);
}

function calm(world: World): void {
  world.calm = true;
  const [first, second] = world.operators;
  if (first!.alive && second!.alive) first!.die();
}

function nextOf(moves: readonly number[]): number | undefined {
  let best: number | undefined;
  let rank = Number.POSITIVE_INFINITY;
  for (const code of moves) {
    const mine = RANK[kindOf(code)]!;
    if (mine >= rank) continue;
    best = code;
    rank = mine;
  }
  return best;
}
