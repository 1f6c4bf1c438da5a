import type { Call, Fault } from "../support/lifeline.ts";
import { isPoll } from "./calls.ts";
import type { RunResult } from "./crash-run.ts";

/** "call 7: PUT flinkjobs/status (pending Submitting), killed before send" */
export function faultText({ name, occurrence, mode }: Fault): string {
  return `${name} #${occurrence}: ${mode}`;
}

/** What a person needs to understand a failed run: what went wrong, with which call, and everything that was said. */
export function story(title: string, fault: Fault | undefined, result: RunResult, replay: string): string {
  const { calls, problems, from } = result;
  return [
    `✗ ${title}`,
    `  fault   ${fault ? faultText(fault) : "none"}`,
    ...problems.map((problem) => `  wrong   ${problem}`),
    ...timeline(calls, from).map((line) => `  ${line}`),
    `  replay  ${replay}`,
  ].join("\n");
}

/** A golden run: its calls, how many faults they can have, and where it came to rest. */
export function listing(title: string, { calls, from, end }: RunResult, faults: number): string {
  const lines = calls.slice(from).map(({ name, status }, i) => `  ${i + 1}. ${name} -> ${status ?? "open"}`);
  return [title, ...lines, `  ${faults} faults`, JSON.stringify(end, undefined, 1)].join("\n");
}

/** Each word with how often it is there, the most frequent first. */
export function tally(words: readonly string[]): string {
  const counts = [...Map.groupBy(words, (word) => word)].map(([word, { length }]) => ({ word, length }));
  counts.sort((a, b) => b.length - a.length);
  return counts.map(({ word, length }) => `${word} (${length})`).join(", ");
}

const longest = 120;

/** One line per call; polls in a row are one line. */
function timeline(calls: readonly Call[], from: number): string[] {
  const lines: string[] = [];
  let polls = 0;
  const flush = () => {
    if (polls > 0) lines.push(`                     ... ${polls} polls`);
    polls = 0;
  };
  for (const call of calls) {
    if (call.number === from + 1 && from > 0) lines.push("         --- here the user acts");
    if (isPoll(call.name) && call.name !== "GET /jars" && !call.fault) {
      polls++;
      continue;
    }
    flush();
    const mark = call.fault ? `   <== ${call.fault}` : "";
    const answer = call.status === undefined ? "no answer" : String(call.status);
    const when = `${String(call.at).padStart(6)} ms`;
    lines.push(
      `${when}  operator ${call.instance}  #${call.number} ${call.target}: ${call.name} -> ${answer}${mark}`,
    );
  }
  flush();
  if (lines.length <= longest) return lines;
  return [
    ...lines.slice(0, longest / 2),
    `    ... ${lines.length - longest} lines ...`,
    ...lines.slice(-longest / 2),
  ];
}
