import { randomUUID } from "node:crypto";
import { readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "../machine/system-error.ts";
import type { FlinkHome } from "./home.ts";

export type Role = "jobmanager" | "taskmanager" | "zookeeper";

/** What a JVM needs to start from an archive of loaded classes, or to leave one behind when it ends. */
export interface ClassArchive {
  readonly flags: readonly string[];
  /** Where this JVM writes an archive at its end; undefined when there is one already. */
  readonly recording?: string;
}

const abandonedMillis = 60 * 60 * 1000;

/**
 * Class data sharing halves the start of a JVM: the first one of each role records, the later ones use it. Java says nothing
 * and takes no class of an archive when a JAR has changed since, so that one is recorded anew.
 */
export async function classArchive(home: FlinkHome, role: Role): Promise<ClassArchive> {
  const finished = join(home.archives, `${role}.jsa`);
  const recorded = await changedAt(finished);
  const jars = await Promise.all(home.classPath.split(":").map(changedAt));
  if (recorded !== undefined && jars.every((jar) => jar !== undefined && jar <= recorded))
    return { flags: [`-XX:SharedArchiveFile=${finished}`, "-Xlog:cds=off"] };
  const recording = join(home.archives, `${role}.${randomUUID().slice(0, 8)}.tmp`);
  return {
    recording,
    flags: [`-XX:ArchiveClassesAtExit=${recording}`, "-Xlog:cds=off", "-Xlog:cds+dynamic=off"],
  };
}

/** Milliseconds; undefined when there is no such file. */
async function changedAt(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mtimeMs;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** Publishes what a JVM recorded, once it has ended by itself; a killed one leaves nothing or a torso. */
export async function keepRecording(home: FlinkHome, role: Role, recording: string): Promise<void> {
  try {
    await rename(recording, join(home.archives, `${role}.jsa`));
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
}

/** Removes recordings that nobody came back for. */
export async function removeAbandonedRecordings(home: FlinkHome): Promise<void> {
  for (const name of await readdir(home.archives)) {
    if (!name.endsWith(".tmp")) continue;
    const path = join(home.archives, name);
    try {
      const { mtimeMs } = await stat(path);
      if (Date.now() - mtimeMs > abandonedMillis) await rm(path, { force: true });
    } catch (error) {
      // Its owner has just published it.
      if (!hasCode(error, "ENOENT")) throw error;
    }
  }
}
