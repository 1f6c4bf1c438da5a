import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";

/** One file part of a form. */
export interface FilePart {
  readonly name: string;
  readonly fileName: string;
  readonly type: string;
}

/**
 * A multipart form of one streamed file. When the content fails, so does the body, before the closing boundary: the
 * receiver can never take a part of a file for the whole.
 */
export function multipart(
  part: FilePart,
  content: Readable | Buffer,
  contentLength?: number,
): { headers: Record<string, string>; body: Readable } {
  const boundary = `flinkjob-${randomUUID()}`;
  const fileName = part.fileName.replace(/[^\w.-]/g, "_");
  const head = Buffer.from(
    `--${boundary}\r\nContent-Disposition: form-data; name="${part.name}"; filename="${fileName}"\r\n` +
      `Content-Type: ${part.type}\r\n\r\n`,
  );
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  const size = Buffer.isBuffer(content) ? content.length : contentLength;
  const headers: Record<string, string> = { "content-type": `multipart/form-data; boundary=${boundary}` };
  if (size !== undefined) headers["content-length"] = String(head.length + size + tail.length);
  async function* parts() {
    yield head;
    if (Buffer.isBuffer(content)) yield content;
    else yield* content;
    yield tail;
  }
  return { headers, body: Readable.from(parts(), { objectMode: false }) };
}
