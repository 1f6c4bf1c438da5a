import { EventEmitter } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { expect, test } from "vitest";
import { FakeClock } from "../../kube/fake-clock.ts";
import { takeRest } from "./unread-bodies.ts";

/** A request on this connection whose body has not ended when its answer has. */
function refused(socket: EventEmitter & { destroy: () => void }, clock: FakeClock) {
  const request = Object.assign(new EventEmitter(), { complete: false, socket, resume: () => undefined });
  const response = Object.assign(new EventEmitter(), { shouldKeepAlive: false });
  takeRest(request as unknown as IncomingMessage, response as unknown as ServerResponse, clock);
  response.emit("finish");
  return request;
}

function aSocket() {
  const socket = Object.assign(new EventEmitter(), { destroyed: false, destroy: () => {} });
  socket.destroy = () => {
    socket.destroyed = true;
    socket.emit("close");
  };
  return socket;
}

test("a client that goes on sending is cut off after a while, one that ends is not", async () => {
  const clock = new FakeClock();
  const [endless, ending] = [aSocket(), aSocket()];
  refused(endless, clock);
  refused(ending, clock).emit("end");
  await clock.advance(60_000);
  expect([endless.destroyed, ending.destroyed]).toEqual([true, false]);
});

test("however many requests were refused on one connection, nothing of them stays with it", () => {
  const socket = aSocket();
  for (let i = 0; i < 20; i++) refused(socket, new FakeClock()).emit("end");
  expect(socket.listenerCount("close")).toBe(0);
});
