import type { Paint } from "../demo/screen.ts";
import type { Count, Outcome } from "./act.ts";

/** The counts of all scenes, for people. */
export function scoreboard(outcomes: readonly Outcome[], paint: Paint): string {
  const rows = outcomes.map(({ scene, flink, highAvailability, agent, ours }) => {
    const where = `${scene.padEnd(11)} Flink ${flink}${highAvailability ? " with ZooKeeper" : ""}`;
    const theirs = countOf(agent).padEnd(24);
    return `   ${where.padEnd(42)} ${paint(isOnce(agent) ? "green" : "red", theirs)} ${paint(isOnce(ours) ? "green" : "red", countOf(ours))}`;
  });
  const head = `   ${"Flink jobs that ran for one wish".padEnd(42)} ${"agent".padEnd(24)} FlinkJob`;
  return [paint("bold", head), ...rows].join("\n");
}

/** Whether exactly one job ran. */
export function isOnce({ jobs, atOnce }: Count): boolean {
  return jobs === 1 && atOnce === 1;
}

function countOf({ jobs, atOnce }: Count): string {
  if (jobs === 0) return "none";
  if (jobs === 1) return "1";
  return atOnce > 1 ? `${jobs}, ${atOnce} of them at once` : `${jobs}, one after the other`;
}
