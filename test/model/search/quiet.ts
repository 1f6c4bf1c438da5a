import { judge } from "../truth/verdict.ts";
import { kindOf, MOVES, make, offers } from "../world/moves.ts";
import type { World } from "../world/world.ts";

/** So many moves after the last fault, everything must be as wished; and so many without a write mean that nothing follows. */
const ON_A_SESSION = { settlesWithin: 400, staysFor: 60 };
/** A main() that its JobManager runs is waited for a minute, looking every two seconds. */
const ON_ITS_OWN = { settlesWithin: 800, staysFor: 240 };

/** What goes first when nothing goes wrong; whatever is not named here comes before, time last. */
const LAST = ["polls", "decides", "waits"];
const RANK = MOVES.map(({ name }) => LAST.indexOf(name));

/** Faults stop: one operator, a JobManager that stays. Drives the world on until nothing happens any more. */
export function settle(world: World, onMove?: (code: number) => void): void {
  calm(world);
  const { settlesWithin, staysFor } = world.setting.ownCluster === undefined ? ON_A_SESSION : ON_ITS_OWN;
  const moves: number[] = [];
  let done = deeds(world);
  let since = 0;
  for (let step = 0; step < settlesWithin; step++) {
    const next = nextOf(offers(world, moves));
    if (next === undefined || since > staysFor) break;
    onMove?.(next);
    make(world, next);
    if (world.violation) return;
    since = deeds(world) === done ? since + 1 : 0;
    done = deeds(world);
    if (step === settlesWithin - 1)
      world.broken("neverQuiet", "it writes and writes although nothing goes wrong");
  }
  judge(world);
}

/** What is written, and what Flink is asked about scaling; where there are no slots it is looked at again and again. */
function deeds({ api, network, setting }: World): number {
  return api.statusWrites + (setting.slots === undefined ? network.asked : network.required);
}

function calm(world: World): void {
  world.calm = true;
  const [first, second] = world.operators;
  if (first!.alive && second!.alive) world.kill(0);
}

/** The move that goes first when nothing goes wrong. */
export function nextOf(moves: readonly number[]): number | undefined {
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
