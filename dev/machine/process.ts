import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { hasCode } from "./system-error.ts";

/** A process that cannot be mistaken for a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in clock ticks since boot. */
  readonly startTicks: number;
}

/** Who runs under this number now; undefined when nobody does (or only a zombie). */
export function identify(pid: number): ProcessIdentity | undefined {
  try {
    // The command, in parentheses, may hold spaces and parentheses itself.
    const fields = readFileSync(`/proc/${pid}/stat`, "latin1")
      .replace(/^.*\) /s, "")
      .split(" ");
    const [state] = fields;
    const threads = Number(fields[17]);
    // A zombie whose other threads still end may still hold its ports.
    if (state === "X" || (state === "Z" && threads <= 1)) return undefined;
    return { pid, startTicks: Number(fields[19]) };
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "ESRCH")) return undefined;
    throw error;
  }
}

export function isRunning(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.startTicks === identity.startTicks;
}

/** Sends a signal unless the process is gone. */
export function send(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isRunning(identity)) return;
  try {
    process.kill(identity.pid, signal);
  } catch (error) {
    if (!hasCode(error, "ESRCH")) throw error;
  }
}

/**
 * Ends a process and waits until it is gone: `signal` now, SIGKILL after `graceMillis`. True when the first one was
 * enough.
 */
export async function end(
  identity: ProcessIdentity,
  signal: NodeJS.Signals,
  graceMillis: number,
): Promise<boolean> {
  send(identity, signal);
  const deadline = performance.now() + graceMillis;
  let killed = false;
  while (isRunning(identity)) {
    if (!killed && performance.now() > deadline) {
      send(identity, "SIGKILL");
      killed = true;
    }
    await delay(20);
  }
  return !killed;
}
