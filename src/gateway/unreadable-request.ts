import type { Socket } from "node:net";

const answers: Readonly<Record<string, readonly [status: string, why: string]>> = {
  HPE_HEADER_OVERFLOW: ["431 Request Header Fields Too Large", "The head of the request is too large"],
  ERR_HTTP_REQUEST_TIMEOUT: ["408 Request Timeout", "The head of the request did not come in time"],
};
const otherwise = ["400 Bad Request", "What was sent is no HTTP request, or an ambiguous one"] as const;

/** Answers, in Flink's error shape, what Node's parser could not or would not read, and ends the connection. */
export function answerUnreadable(error: Error & { code?: string }, socket: Socket): void {
  // Nobody is there any more, or half an answer is out: what came after it would be read as the rest of it.
  const { _httpMessage: answering } = socket as { _httpMessage?: { headersSent: boolean } | null };
  if (error.code === "ECONNRESET" || !socket.writable || answering?.headersSent === true) {
    socket.destroy();
    return;
  }
  const [status, why] = answers[error.code ?? ""] ?? otherwise;
  const body = JSON.stringify({ errors: [why] });
  const head = [
    `HTTP/1.1 ${status}`,
    "content-type: application/json; charset=utf-8",
    `content-length: ${Buffer.byteLength(body)}`,
    "connection: close",
  ];
  socket.write(`${head.join("\r\n")}\r\n\r\n${body}`);
  socket.destroySoon();
}
