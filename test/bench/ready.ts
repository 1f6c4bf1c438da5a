import type { Figure } from "./figures.ts";
import type { Round } from "./rounds.ts";

/** How long after Flink runs the tasks the FlinkJob says so. */
export function measureReady(single: Round, many: Round): Figure[] {
  const lag = ({ lives }: Round) => lives.map(({ tasksRunAt, readyAt }) => readyAt - tasksRunAt);
  const whole = single.lives.map(({ createdAt, readyAt }) => readyAt - createdAt);
  return [
    {
      name: "create to Ready, one job",
      unit: "ms",
      values: whole,
      peer: "60700-61000; 5300-6400 at a 5 s poll",
    },
    { name: "tasks run to Ready, one job", unit: "ms", values: lag(single), aim: "<= 1000" },
    { name: `tasks run to Ready, ${many.lives.length} at once`, unit: "ms", values: lag(many) },
  ];
}
