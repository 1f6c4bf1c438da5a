import type { IncomingMessage } from "node:http";
import { GatewayError } from "../gateway-error.ts";
import { badRequest } from "./submission-request.ts";

/** For a whole body, in milliseconds: a client that sends it byte by byte is not waited for. */
const LONGEST_MS = 20_000;

/** Reads a body of JSON. Throws the GatewayErrors TooLarge, RequestTimeout and BadRequest. */
export async function readJson(
  body: IncomingMessage,
  longest: number,
  longestMs = LONGEST_MS,
): Promise<unknown> {
  const bytes = await readAll(body, longest, longestMs);
  const text = bytes.toString("utf8");
  if (text.trim() === "") throw badRequest(["The body is empty: send the run request in JSON"]);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw badRequest([`The body is not JSON: ${(error as Error).message}`]);
  }
}

/** Leaves the body readable where it gives up, so that an answer can still be sent. */
export function readAll(body: IncomingMessage, longest: number, longestMs: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const end = (settle: () => void) => {
      clearTimeout(timer);
      body.off("data", take).off("end", whole).off("error", failed).off("close", failed);
      body.on("error", () => undefined);
      settle();
    };
    const late = () => end(() => reject(new GatewayError("RequestTimeout", "The body did not come in time")));
    const timer = setTimeout(late, longestMs);
    const take = (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size > longest)
        end(() => reject(new GatewayError("TooLarge", `The body is larger than ${longest} bytes`)));
    };
    const whole = () => end(() => resolve(Buffer.concat(chunks)));
    const failed = () => end(() => reject(new GatewayError("BadRequest", "The body broke off")));
    body.on("data", take).on("end", whole).on("error", failed).on("close", failed);
  });
}
