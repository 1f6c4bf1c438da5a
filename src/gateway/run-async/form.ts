import type { Readable } from "node:stream";
import type {} from "@fastify/multipart";
import type { FastifyRequest } from "fastify";
import { GatewayError, isGatewayError } from "../gateway-error.ts";
import { badRequest } from "./submission-request.ts";

/** One part of a run request in multipart/form-data. Read a JAR to its end, or leave the form, before the next part. */
export type FormPart =
  | { readonly kind: "request"; readonly body: unknown }
  | { readonly kind: "jar"; readonly content: Readable };

/** Between two parts, and for the JSON, in milliseconds. */
const LONGEST_MS = 20_000;

const names = "the parts are request (the run request in JSON) and jarfile (the JAR)";

/**
 * The parts as they arrive: `request`, a field or a file of JSON, and `jarfile`, each at most once. Throws the GatewayErrors
 * BadRequest and TooLarge.
 */
export async function* readForm(request: FastifyRequest, longestJson: number): AsyncGenerator<FormPart> {
  const seen = new Set<string>();
  // The JAR's own bound is checked where it is read, with a message that tells which.
  const limits = { fieldSize: longestJson, fieldNameSize: 100, fields: 4, files: 4, parts: 4 };
  const parts = request.parts({ limits: { ...limits, fileSize: Number.POSITIVE_INFINITY } });
  try {
    for (;;) {
      const { value: part, done } = await inTime(parts.next());
      if (done) return;
      // Typed as if it were always there.
      const name = (part.fieldname as string | undefined) ?? "";
      if (seen.has(name)) throw badRequest([`${name}: came twice`]);
      seen.add(name);
      if (name === "request") {
        const value = part.type === "file" ? await inTime(textOf(part.file, longestJson)) : part.value;
        if (part.type === "field" && part.valueTruncated) throw tooLarge(longestJson);
        yield { kind: "request", body: typeof value === "string" ? parseJson(value) : value };
      } else if (name === "jarfile" && part.type === "file") {
        yield { kind: "jar", content: part.file };
      } else if (name === "jarfile") {
        throw badRequest([
          "jarfile: is a field without a file name; send it as a file, as curl does with -F jarfile=@job.jar",
        ]);
      } else {
        throw badRequest([
          `${name === "" ? "a part without a name" : name.slice(0, 100)}: unknown part; ${names}`,
        ]);
      }
    }
  } catch (error) {
    throw isGatewayError(error) ? error : malformed(error);
  } finally {
    // A parser whose parts nobody takes holds up the rest of the body, and with it a client that sends all before it reads.
    request.raw.unpipe();
  }
}

/** Whoever sends a part byte by byte is not waited for; the JAR has bounds of its own. */
async function inTime<T>(coming: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const error = new GatewayError(
    "RequestTimeout",
    "The form did not come in time; send the same request again",
  );
  const timer = setTimeout(() => late.reject(error), LONGEST_MS);
  try {
    return await Promise.race([coming, late.promise]);
  } finally {
    clearTimeout(timer);
    // Nobody waits any more for what comes too late, or breaks off with the connection.
    coming.catch(() => undefined);
  }
}

function malformed(error: unknown): GatewayError {
  const message = error instanceof Error ? error.message : String(error);
  return new GatewayError("BadRequest", `The form cannot be read (${names}): ${message}`, { cause: error });
}

async function textOf(content: Readable, longest: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of content as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > longest) throw tooLarge(longest);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function tooLarge(longest: number): GatewayError {
  return new GatewayError("TooLarge", `request: larger than ${longest} bytes`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw badRequest([`request: is not JSON: ${(error as Error).message}`]);
  }
}
