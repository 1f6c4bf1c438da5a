import { createWriteStream } from "node:fs";
import { rename } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { type JarFetchRequest, openPassage } from "./jar-passage.ts";
import type { JarSource } from "./jar-source.ts";
import type { TransferredJar } from "./jar-upload.ts";

/** Hex, and bytes. */
export type FetchedJar = Omit<TransferredJar, "jarId">;

/**
 * Streams a JAR from its source into a file, which is there as a whole or not at all. Rejects with a JarError when the
 * source is at fault, and with the file system's own error.
 */
export async function fetchJar(
  source: Pick<JarSource, "open">,
  path: string,
  request: JarFetchRequest,
): Promise<FetchedJar> {
  const { content, check, signal, failed, ended } = await openPassage(source, request);
  const part = `${path}.part`;
  try {
    await pipeline(content, (bytes: AsyncIterable<Buffer>) => check.through(bytes), createWriteStream(part), {
      signal,
    });
  } catch (error) {
    const ofFile = (error as { syscall?: unknown; path?: unknown } | null)?.path === part;
    throw ofFile ? error : ended(failed(error));
  }
  await rename(part, path);
  return check.result;
}
