import type { Readable } from "node:stream";
import { JarCheck } from "./jar-check.ts";
import { JarError } from "./jar-errors.ts";
import { type JarAddress, type JarSource, jarError, jarUrl, nameOf } from "./jar-source.ts";

export interface JarFetchRequest extends JarAddress {
  /** 64 hex digits; when given, the whole file arrives only if they fit. */
  readonly sha256?: string | undefined;
  /** Bytes. Default 1 GiB. */
  readonly longest?: number;
  /** For the whole transfer. Default 600,000. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

/** A JAR that is about to pass. */
export interface JarPassage {
  readonly content: Readable;
  readonly abandon: () => void;
  readonly check: JarCheck;
  readonly signal: AbortSignal;
  readonly failed: (error: unknown) => JarError;
  /** What a failure is, whoever reported it, now that the time may be over. */
  readonly ended: (error: unknown) => unknown;
}

/** Opens the source, with the checks that its bytes must pass. Rejects with a JarError. */
export async function openPassage(
  source: Pick<JarSource, "open">,
  request: JarFetchRequest,
): Promise<JarPassage> {
  const deadline = AbortSignal.timeout(request.deadlineMs ?? 600_000);
  const signal = request.signal === undefined ? deadline : AbortSignal.any([request.signal, deadline]);
  const { uri, sha256, longest } = request;
  const name = nameOf(jarUrl(uri));
  const check = new JarCheck({ name, sha256, longest });
  const { content, length } = await source.open(request, signal);
  const abandon = () => void content.on("error", ignore).destroy();
  try {
    check.announce(length);
  } catch (error) {
    abandon();
    throw error;
  }
  return {
    content,
    abandon,
    check,
    signal,
    failed: (error) => jarError(error, name, signal),
    ended: (error) =>
      !(error instanceof JarError) && deadline.aborted
        ? new JarError("JarFetchTimeout", `${name}: not transferred in time`)
        : error,
  };
}

/** Nobody reads the source any more; that it breaks off is what we asked for. */
function ignore(): void {}
