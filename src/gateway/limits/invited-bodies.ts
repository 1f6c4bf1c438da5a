import type { IncomingMessage, ServerResponse } from "node:http";
import type { GatewayPart } from "../ports.ts";

/**
 * A client that asks before it sends a body (`Expect: 100-continue`) is told to when that is read, not before it is known who it is.
 * For every route; after unreadBodies.
 */
export const invitedBodies: GatewayPart = Object.assign(
  (async (gateway) => {
    const { server } = gateway;
    const waiting = new WeakSet<IncomingMessage>();
    // By itself Node tells everybody.
    server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) => {
      waiting.add(request);
      onFirstRead(request, () => {
        waiting.delete(request);
        if (!response.headersSent) response.writeContinue();
      });
      server.emit("request", request, response);
    });
    gateway.addHook("onSend", async ({ raw }, reply) => {
      // Nobody knows what comes next on that connection; Node ends it.
      if (waiting.has(raw)) reply.header("connection", "close");
    });
  }) satisfies GatewayPart,
  { [Symbol.for("skip-override")]: true },
);

function onFirstRead(request: IncomingMessage, act: () => void): void {
  const read = request._read;
  request._read = (size) => {
    request._read = read;
    act();
    read.call(request, size);
  };
}
