import type { FlinkRest } from "../rest/flink-rest.ts";
import { JarCheck } from "./jar-check.ts";
import { JarError } from "./jar-errors.ts";
import { type JarAddress, type JarSource, jarError, jarUrl, nameOf } from "./jar-source.ts";
import { type TransferredJar, uploadJar } from "./jar-upload.ts";

export type { TransferredJar } from "./jar-upload.ts";

export interface JarTransferRequest extends JarAddress {
  /** 64 hex digits; when given, Flink gets the whole file only if they fit. */
  readonly sha256?: string;
  /** What Flink shows as the JAR's name; ends in `.jar`. Default: the last part of the address. */
  readonly fileName?: string;
  /** Bytes. Default 1 GiB. */
  readonly longest?: number;
  /** For the whole transfer. Default 600,000. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Streams a JAR from its source into Flink, never whole in memory or on disk. Rejects with a JarError when the source is
 * at fault and with a FlinkError when Flink is. Whatever goes wrong, the upload ends before its closing boundary, so
 * Flink keeps nothing.
 */
export async function transferJar(
  source: JarSource,
  to: Pick<FlinkRest, "uploadJar">,
  request: JarTransferRequest,
): Promise<TransferredJar> {
  const deadline = AbortSignal.timeout(request.deadlineMs ?? 600_000);
  const signal = request.signal === undefined ? deadline : AbortSignal.any([request.signal, deadline]);
  const { uri, sha256, longest } = request;
  const url = jarUrl(uri);
  const name = nameOf(url);
  const check = new JarCheck({ name, sha256, longest });
  const { content, length } = await source.open(request, signal);
  const abandon = () => void content.on("error", ignore).destroy();
  try {
    check.announce(length);
  } catch (error) {
    abandon();
    throw error;
  }
  const failed = (error: unknown) => jarError(error, name, signal);
  try {
    return await uploadJar(to, {
      content,
      abandon,
      check,
      fileName: request.fileName ?? lastName(url),
      signal,
      failed,
    });
  } catch (error) {
    if (!(error instanceof JarError) && deadline.aborted)
      throw new JarError("JarFetchTimeout", `${name}: not transferred in time`);
    throw error;
  }
}

/** Nobody reads the source any more; that it breaks off is what we asked for. */
function ignore(): void {}

function lastName(url: URL): string {
  const last = url.pathname.slice(url.pathname.lastIndexOf("/") + 1).replace(/[^\w.-]/g, "_");
  return last.endsWith(".jar") ? last : `${last || "job"}.jar`;
}
