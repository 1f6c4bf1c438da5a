import type { Move } from "../world/moves.ts";

/** More of anything no JobManager has. */
const MOST = 128;

/** The same move in each JobManager that there is; where there is one, nothing changes. */
export function inEach(move: Move): Move {
  return {
    ...move,
    offer: (world, offer) => {
      const { managers } = world;
      for (let current = 0; current < managers.length; current++) {
        world.current = current;
        move.offer(world, (a, b) => offer(a + current * MOST, b));
      }
      world.current = 0;
    },
    make: (world, a, b) => {
      world.current = Math.floor(a / MOST);
      move.make(world, a % MOST, b);
    },
    tell: (world, a, b) => {
      world.current = Math.floor(a / MOST);
      return move.tell(world, a % MOST, b);
    },
  };
}
