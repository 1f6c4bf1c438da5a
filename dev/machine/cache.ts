import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { withLock } from "./lock.ts";
import { hasCode } from "./system-error.ts";

/** Tells a person what goes on; one line, without a line break. */
export type Progress = (line: string) => void;

/** Where things that are expensive to make are kept, outside of the repository. */
export function cacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.XDG_CACHE_HOME || join(homedir(), ".cache"), "flinkjob");
}

export interface Assembly {
  /** The finished directory; it exists only when it is complete. */
  readonly directory: string;
  /** Fills an empty directory, which then becomes `directory`. */
  readonly assemble: (temporary: string) => Promise<void>;
  /** Called when another process is already at it, and its result is waited for. */
  readonly onWait?: () => void;
}

/** Makes `directory` unless it exists; two processes do not make the same one at the same time. */
export async function assembleOnce({ directory, assemble, onWait }: Assembly): Promise<void> {
  if (existsSync(directory)) return;
  await mkdir(dirname(directory), { recursive: true });
  const body = async () => {
    if (!existsSync(directory)) await assembleInto(directory, assemble);
  };
  await withLock(`${directory}.lock`, body, onWait);
}

async function assembleInto(directory: string, assemble: Assembly["assemble"]): Promise<void> {
  const temporary = `${directory}.${randomUUID().slice(0, 8)}.tmp`;
  try {
    await mkdir(temporary);
    await assemble(temporary);
    await rename(temporary, directory);
  } catch (error) {
    // Somebody else's is already there, and it is complete: as good as ours.
    if (!hasCode(error, "ENOTEMPTY") && !hasCode(error, "EEXIST")) throw error;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}
