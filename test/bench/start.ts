import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Figure } from "./figures.ts";
import { BundledOperator, bundle } from "./operator.ts";
import { benchNamespace, type Place } from "./place.ts";
import { residentMiB } from "./process-load.ts";

const starts = 5;
const idleMs = 10_000;

/** Start to ready and idle memory of the bundle, beside a Node process that does nothing. */
export async function measureStart(place: Place): Promise<Figure[]> {
  const ready: number[] = [];
  const loaded: number[] = [];
  const empty: number[] = [];
  for (let n = 0; n < starts; n++) {
    empty.push(await untilOutput(["-e", "console.log()"]));
    loaded.push(await untilOutput([bundle, "--version"]));
    const operator = await BundledOperator.start(place.kubeconfig, benchNamespace);
    ready.push(operator.readyMs);
    await operator.stop();
  }
  const operator = await BundledOperator.start(place.kubeconfig, benchNamespace);
  const idle = spawn(process.execPath, ["-e", "setInterval(() => {}, 60_000)"], { stdio: "ignore" });
  await new Promise((resolve) => setTimeout(resolve, idleMs));
  const operatorMiB = residentMiB(operator.pid);
  const emptyMiB = residentMiB(idle.pid ?? 0);
  idle.kill();
  await operator.stop();
  const floor = { name: "empty Node process", values: empty };
  return [
    { name: "start until it works", unit: "ms", values: ready, floor, aim: "<= 300", peer: "2300-3100" },
    { name: "of that: bundle loaded", unit: "ms", values: loaded, floor },
    {
      name: "idle memory (RSS) 10 s after the start",
      unit: "MiB",
      values: [operatorMiB],
      floor: { name: "empty Node process", values: [emptyMiB] },
      aim: "<= 90",
      peer: "258-367",
    },
  ];
}

async function untilOutput(args: readonly string[]): Promise<number> {
  const begin = performance.now();
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  const took = performance.now() - begin;
  if (child.exitCode === null) await once(child, "exit");
  return took;
}
