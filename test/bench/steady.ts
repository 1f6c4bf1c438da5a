import type { Figure } from "./figures.ts";
import type { BundledOperator } from "./operator.ts";
import type { Place } from "./place.ts";
import { cpuMs, residentMiB } from "./process-load.ts";

const slices = 6;
const sliceMs = 10_000;

/** What it costs that nothing happens, with all jobs of the rounds before running, at the default poll of 5 s. */
export async function measureSteady(
  place: Place,
  operator: BundledOperator,
  jobs: number,
): Promise<Figure[]> {
  const calls = async () => Object.values((await place.flinkReport()).calls).reduce((sum, n) => sum + n, 0);
  const shares: number[] = [];
  const memory: number[] = [];
  const writesBefore = await operator.writes();
  const callsBefore = await calls();
  const begin = performance.now();
  for (let n = 0; n < slices; n++) {
    const cpuBefore = cpuMs(operator.pid);
    const sliceBegin = performance.now();
    await new Promise((resolve) => setTimeout(resolve, sliceMs));
    shares.push((100 * (cpuMs(operator.pid) - cpuBefore)) / (performance.now() - sliceBegin));
    memory.push(residentMiB(operator.pid));
  }
  const minutes = (performance.now() - begin) / 60_000;
  const perMinute = ((await calls()) - callsBefore) / minutes;
  const writes = ((await operator.writes()) - writesBefore) / minutes;
  const of = `${jobs} running jobs`;
  return [
    {
      name: `CPU, steady, ${of}`,
      unit: "%",
      values: shares,
      aim: "<= 2",
      peer: "13.9; 120 at a 5 s poll (1000)",
    },
    {
      name: `memory (RSS), steady, ${of}`,
      unit: "MiB",
      values: memory,
      peer: "1243-1948; 490 with -Xmx256m (1000)",
    },
    {
      name: `REST calls to Flink, steady, ${of}`,
      unit: "per minute",
      values: [perMinute],
      aim: "12",
      peer: "2000; 23083 at a 5 s poll (1000)",
    },
    {
      name: `writes to the API server, steady, ${of}`,
      unit: "per minute",
      values: [writes],
      aim: "0",
      peer: "0",
    },
  ];
}
