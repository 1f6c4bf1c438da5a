import { beginning } from "../world/beginning.ts";
import { make, moveText, offers, tell } from "../world/moves.ts";
import type { Setting } from "../world/setting.ts";
import type { Violation, World } from "../world/world.ts";
import { type Finding, settingOf } from "./finding.ts";
import { settle } from "./quiet.ts";

/** Plays a schedule; a move that cannot happen is left out. Then faults stop, and the world settles. */
export function replay(
  setting: Setting,
  schedule: readonly number[],
  notes?: string[],
): Violation | undefined {
  const world = beginning(setting);
  world.notes = notes;
  const possible: number[] = [];
  const step = (code: number) => notes?.push(`${clock(world)}  ${tell(world, code)}`);
  for (const code of schedule) {
    if (!offers(world, possible).includes(code)) continue;
    step(code);
    make(world, code);
    if (world.violation) return world.violation;
  }
  notes?.push("          --- nothing goes wrong any more ---");
  settle(world, step);
  return world.violation;
}

/** The same finding with as few moves as can be: whatever can be left out is left out. */
export function shrink(finding: Finding): Finding {
  const { schedule, violation } = finding;
  const setting = settingOf(finding);
  const fails = (codes: readonly number[]) => {
    const other = replay(setting, codes);
    return other?.invariant === violation.invariant && other.window === violation.window;
  };
  let best = schedule;
  for (let size = Math.max(1, best.length >> 1); size >= 1; size >>= 1) {
    for (let at = 0; at < best.length; ) {
      const shorter = [...best.slice(0, at), ...best.slice(at + size)];
      if (fails(shorter)) best = shorter;
      else at += size;
    }
  }
  return { ...finding, schedule: best };
}

/** For people: what happens, one line a move. */
export function story(finding: Finding): string {
  const notes: string[] = [];
  const violation = replay(settingOf(finding), finding.schedule, notes) ?? finding.violation;
  return [
    `world "${finding.world}"${finding.mutant ? ` where it ${finding.mutant}` : ""}: ${violation.invariant}`,
    ...notes.map((line) => (line.startsWith("  ") ? `          ${line}` : line)),
    `=> ${violation.invariant}: ${violation.detail}`,
    `schedule: ${finding.schedule.map(moveText).join(", ")}`,
  ].join("\n");
}

function clock({ now }: World): string {
  return `${(now / 1_000).toFixed(1)} s`.padStart(9);
}
