import type { FlinkRest } from "../rest/flink-rest.ts";
import { type JarFetchRequest, openPassage } from "./jar-passage.ts";
import { type JarSource, jarUrl } from "./jar-source.ts";
import { type TransferredJar, uploadJar } from "./jar-upload.ts";

export type { TransferredJar } from "./jar-upload.ts";

export interface JarTransferRequest extends JarFetchRequest {
  /** What Flink shows as the JAR's name; ends in `.jar`. Default: the last part of the address. */
  readonly fileName?: string;
}

/**
 * Streams a JAR from its source into Flink, never whole in memory or on disk. Rejects with a JarError when the source is
 * at fault and with a FlinkError when Flink is. Whatever goes wrong, the upload ends before its closing boundary, so
 * Flink keeps nothing.
 */
export async function transferJar(
  source: Pick<JarSource, "open">,
  to: Pick<FlinkRest, "uploadJar">,
  request: JarTransferRequest,
): Promise<TransferredJar> {
  const { ended, ...passage } = await openPassage(source, request);
  const fileName = request.fileName ?? lastName(jarUrl(request.uri));
  try {
    return await uploadJar(to, { ...passage, fileName });
  } catch (error) {
    throw ended(error);
  }
}

function lastName(url: URL): string {
  const last = url.pathname.slice(url.pathname.lastIndexOf("/") + 1).replace(/[^\w.-]/g, "_");
  return last.endsWith(".jar") ? last : `${last || "job"}.jar`;
}
