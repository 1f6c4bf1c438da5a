import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, it } from "vitest";
import { end, identify, isRunning } from "./process.ts";

async function script(text: string) {
  const child = spawn("sh", ["-c", text], { stdio: ["ignore", "pipe", "ignore"] });
  await once(child.stdout, "data");
  return identify(child.pid!)!;
}

it("ends a process with the signal alone", async () => {
  const process = await script("echo; exec sleep 60");
  expect(isRunning(process)).toBe(true);
  expect(await end(process, "SIGTERM", 5_000)).toBe(true);
  expect(isRunning(process)).toBe(false);
});

it("kills one that does not want to go, and says so", async () => {
  const process = await script("trap '' TERM; echo; while :; do sleep 0.01; done");
  expect(await end(process, "SIGTERM", 50)).toBe(false);
  expect(isRunning(process)).toBe(false);
});

it("does not touch a later process with the same number", async () => {
  const process = await script("echo; exec sleep 60");
  const earlier = { ...process, startTicks: process.startTicks - 1 };
  expect(isRunning(earlier)).toBe(false);
  expect(await end(earlier, "SIGKILL", 0)).toBe(true);
  expect(isRunning(process)).toBe(true);
  await end(process, "SIGKILL", 0);
});
