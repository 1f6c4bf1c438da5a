import type { IncomingMessage, ServerResponse } from "node:http";
import { type Clock, systemClock } from "../../kube/clock.ts";
import type { GatewayPart } from "../ports.ts";

/** How long a client may go on sending what nobody wants, in ms. */
const LINGER_MS = 15_000;

/**
 * Whoever is refused in the middle of an upload must be able to read why: a connection that is closed with unread bytes is reset,
 * and takes the answer with it. So the rest is read and thrown away, for a while. For every route.
 */
export const unreadBodies: GatewayPart = Object.assign(
  (async (gateway) => {
    gateway.addHook("onSend", async (request, reply) => {
      if (!request.raw.complete) reply.removeHeader("connection");
      takeRest(request.raw, reply.raw);
    });
  }) satisfies GatewayPart,
  { [Symbol.for("skip-override")]: true },
);

/** Call it before the head of the answer is written. */
export function takeRest(
  request: IncomingMessage,
  response: ServerResponse,
  clock: Pick<Clock, "setTimeout"> = systemClock,
): void {
  if (request.complete) return;
  // Else Node ends the connection with the answer. A client that wants to end it does so when it has read that.
  response.shouldKeepAlive = true;
  response.once("finish", () => {
    if (request.complete) return;
    const { socket } = request;
    const timer = clock.setTimeout(() => socket.destroy(), LINGER_MS);
    // The connection may have many such requests before it.
    const end = () => {
      timer.cancel();
      socket.off("close", end);
    };
    request.once("end", end);
    socket.once("close", end);
    request.resume();
  });
}
