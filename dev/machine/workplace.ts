import { rm } from "node:fs/promises";
import { disposableDirectory, registerInstance, unregisterInstance } from "./instances.ts";

/** A directory for this process's processes, and the list of what must be undone at its end. */
export interface Workplace {
  readonly dir: string;
  /** Called at the end, the newest first. */
  onStrike(undo: () => Promise<unknown>): void;
  strike(): Promise<void>;
}

/** Opens a workplace. If this process is killed, the next start of anything deletes what is left of it. */
export async function openWorkplace(kind: string, name: string): Promise<Workplace> {
  const dir = await disposableDirectory(name);
  await registerInstance({ kind, dir, pids: [], ownerPid: process.pid });
  const undo: (() => Promise<unknown>)[] = [];
  return {
    dir,
    onStrike: (step) => void undo.push(step),
    async strike() {
      for (const step of undo.splice(0).reverse()) await step();
      await rm(dir, { recursive: true, force: true });
      await unregisterInstance(dir);
    },
  };
}
