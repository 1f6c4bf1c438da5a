import type { Dispatcher } from "undici";
import { errorFromStatus, KubeError } from "./errors.ts";
import type { StatusReply } from "./types.ts";

/** A Status that lists every fault of a large object is long; a proxy's error page has no bound. */
const refusalLimit = 256 * 1024;

/** The error that an unsuccessful answer stands for. */
export async function refusal(response: Dispatcher.ResponseData, context: string): Promise<KubeError> {
  const text = await readText(response.body, refusalLimit);
  const header = response.headers["retry-after"];
  const retryAfter = typeof header === "string" ? header : undefined;
  return errorFromStatus(response.statusCode, statusReply(text), context, retryAfter);
}

function statusReply(text: string): StatusReply {
  try {
    const reply: unknown = JSON.parse(text);
    if (typeof reply === "object" && reply !== null) return reply as StatusReply;
  } catch {
    // A proxy's page, or a plain line such as "429 too many requests": the text is all there is.
  }
  return text.trim() === "" ? {} : { message: text.trim().slice(0, 300) };
}

/** Reads a body; throws BadReply beyond `limit` bytes. */
export async function readText(body: AsyncIterable<Uint8Array>, limit: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > limit) throw new KubeError("BadReply", `The answer is longer than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Reads JSON; throws BadReply. */
export function parseReply<T>(text: string, context: string): T {
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new KubeError("BadReply", `${context}: the answer is no JSON (${text.length} characters)`, {
      cause,
    });
  }
}
