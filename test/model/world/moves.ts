import { flinkMoves } from "../flink/flink-moves.ts";
import { snapshotMoves } from "../flink/snapshot-moves.ts";
import { clusterMoves } from "../kube/cluster-moves.ts";
import { userMoves } from "../kube/user-moves.ts";
import { callMoves } from "../network/call-moves.ts";
import { networkMoves } from "../network/network-moves.ts";
import { operatorMoves } from "../operator/operator-moves.ts";
import { timeMoves } from "./time-moves.ts";
import type { World } from "./world.ts";

/** One kind of thing that can happen, atomic for everybody else. */
export interface Move {
  readonly name: string;
  /** Something that need not happen: a fault, or a user's action. None of them happens once the world is calm. */
  readonly unneeded?: true;
  /** Calls `can` for each way in which it can happen now. */
  readonly offer: (world: World, can: (a: number, b?: number) => void) => void;
  readonly make: (world: World, a: number, b: number) => void;
  readonly tell: (world: World, a: number, b: number) => string;
}

export const MOVES: readonly Move[] = [
  ...operatorMoves,
  ...networkMoves,
  ...callMoves,
  ...flinkMoves,
  ...snapshotMoves,
  ...timeMoves,
  ...userMoves,
  ...clusterMoves,
];
const FLAG = MOVES.map(({ unneeded }) => unneeded === true);

const LAST_TO_SEE = MOVES.findIndex(({ name }) => name === "seesClusters");

/** A move and how it happens, as one number: what schedules are made of. */
export function codeOf(kind: number, a: number, b: number): number {
  return kind + a * 64 + b * 0x1_0000;
}

/** Every move that can happen now. */
export function offers(world: World, into: number[]): number[] {
  into.length = 0;
  for (let kind = 0; kind < MOVES.length; kind++) {
    if (world.calm && FLAG[kind]) continue;
    MOVES[kind]!.offer(world, (a, b = 0) => into.push(codeOf(kind, a, b)));
    if (kind === LAST_TO_SEE && world.setting.prompt && into.length > 0) break;
  }
  return into;
}

export function make(world: World, code: number): void {
  world.order++;
  MOVES[code % 64]!.make(world, Math.floor(code / 64) % 1024, Math.floor(code / 0x1_0000));
}

export function tell(world: World, code: number): string {
  return MOVES[code % 64]!.tell(world, Math.floor(code / 64) % 1024, Math.floor(code / 0x1_0000));
}

/** A fault, or something that a user does. */
export function isUnneeded(code: number): boolean {
  return FLAG[code % 64]!;
}

/** Throws RangeError for a name that no move has. */
export function kindNamed(name: string): number {
  const kind = MOVES.findIndex((move) => move.name === name);
  if (kind === -1) throw new RangeError(`no move is called ${name}`);
  return kind;
}

/** `name`, `name 1` or `name 1 2`: what a schedule looks like in a file. */
export function moveText(code: number): string {
  const [a, b] = [Math.floor(code / 64) % 1024, Math.floor(code / 0x1_0000)];
  return [MOVES[code % 64]!.name, ...(b > 0 ? [a, b] : a > 0 ? [a] : [])].join(" ");
}

/** The move that such a text stands for. */
export function moveOf(text: string): number {
  const [name = "", a = "0", b = "0"] = text.split(" ");
  return codeOf(kindNamed(name), Number(a), Number(b));
}

export function kindOf(code: number): number {
  return code % 64;
}
