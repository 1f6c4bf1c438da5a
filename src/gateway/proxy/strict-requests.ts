import type { IncomingMessage } from "node:http";
import { GatewayError } from "../gateway-error.ts";
import type { GatewayPart } from "../ports.ts";

/** Of these, two are never a list: two programs may each believe another one. */
const single = new Set(["host", "authorization", "content-length", "transfer-encoding", "content-type"]);

/**
 * Refuses what Node's parser lets pass but two programs may read in two ways, and what a gateway does not do. The parser itself
 * refuses both Content-Length and Transfer-Encoding, two lengths, folded lines, bare line feeds and the like. For every route.
 */
export const strictRequests: GatewayPart = Object.assign(
  (async (gateway) => {
    // Node ends such a connection without a word otherwise.
    gateway.server.on("connect", (_request, socket) => {
      socket.end("HTTP/1.1 405 Method Not Allowed\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    });
    gateway.addHook("onRequest", async ({ raw }, reply) => {
      const why = objection(raw);
      if (why === undefined) return;
      // Where the next request begins is not sure.
      reply.raw.once("finish", () => raw.socket.destroySoon());
      throw new GatewayError("BadRequest", `The request is refused: ${why}`);
    });
  }) satisfies GatewayPart,
  { [Symbol.for("skip-override")]: true },
);

/** What is wrong with the request, or undefined. */
export function objection(request: IncomingMessage): string | undefined {
  const { url = "", rawHeaders, headers, httpVersion } = request;
  if (!url.startsWith("/")) return "its target is not a path";
  const seen = new Set<string>();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? "").toLowerCase();
    if (single.has(name) && seen.has(name)) return `it has ${name} twice`;
    seen.add(name);
  }
  const coding = headers["transfer-encoding"];
  if (coding !== undefined && coding.toLowerCase() !== "chunked") return "its transfer coding is not chunked";
  if (coding !== undefined && httpVersion === "1.0") return "HTTP/1.0 knows no transfer coding";
  // Java's own client offers HTTP/2 in each request; not to take it up is an answer.
  const { upgrade } = headers;
  if (upgrade !== undefined && upgrade.toLowerCase() !== "h2c") return "it wants another protocol";
  return undefined;
}
