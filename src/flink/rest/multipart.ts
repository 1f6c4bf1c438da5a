import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";

/** A JAR to send. */
export interface UploadOptions {
  /** Name of the file part; must end in `.jar`. */
  readonly fileName: string;
  readonly content: AsyncIterable<Buffer> | Buffer;
  readonly signal?: AbortSignal | undefined;
}

/** One file part of a form. */
export interface FilePart {
  readonly name: string;
  readonly fileName: string;
  readonly type: string;
}

/** A form on its way. */
export interface MultipartForm {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readable;
  /** What the content failed with; undefined while it has not. */
  readonly failure: () => unknown;
}

/**
 * A multipart form of one streamed file, after fields of JSON. When the content fails, the body ends without its closing boundary: the
 * receiver cannot take a part of the file for the whole, and answers. Measured on Flink 1.20.5 and 2.3.0: it says
 * "Exactly 1 file must be sent, received 0" and deletes what it had, while a connection that breaks instead leaves the
 * part on its disk for good. A body that ends early must be chunked, so a stream is never sent with a length.
 */
export function multipart(
  part: FilePart,
  content: AsyncIterable<Buffer> | Buffer,
  fields: Readonly<Record<string, string>> = {},
): MultipartForm {
  const boundary = `flinkjob-${randomUUID()}`;
  const fileName = part.fileName.replace(/[^\w.-]/g, "_");
  const before = Object.entries(fields).map(
    ([name, json]) =>
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\nContent-Type: application/json\r\n\r\n${json}\r\n`,
  );
  const head =
    `${before.join("")}--${boundary}\r\nContent-Disposition: form-data; name="${part.name}"; filename="${fileName}"\r\n` +
    `Content-Type: ${part.type}\r\n\r\n`;
  const tail = `\r\n--${boundary}--\r\n`;
  const headers: Record<string, string> = { "content-type": `multipart/form-data; boundary=${boundary}` };
  if (Buffer.isBuffer(content))
    headers["content-length"] = String(Buffer.byteLength(head) + content.length + tail.length);
  let failure: unknown;
  async function* parts() {
    yield Buffer.from(head);
    if (Buffer.isBuffer(content)) {
      yield content;
    } else {
      try {
        yield* content;
      } catch (error) {
        failure = error ?? new Error("the content failed without an error");
        return;
      }
    }
    yield Buffer.from(tail);
  }
  return { headers, body: Readable.from(parts(), { objectMode: false }), failure: () => failure };
}
