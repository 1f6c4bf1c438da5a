import { connect, createServer, type Server, type Socket } from "node:net";
import { digest } from "./digest.ts";
import { hasCode } from "./system-error.ts";

/**
 * Runs `body` while nobody else on this machine, in this process or another, runs one under the same name. Calls `onWait`
 * once when it has to wait. The lock is a socket without a file, which the kernel closes with its process: however a
 * process ends, it leaves no lock behind, and those who wait hear of it at once. Linux only.
 */
export async function withLock<T>(name: string, body: () => Promise<T>, onWait = () => {}): Promise<T> {
  const path = `\0flinkjob-lock-${digest(name)}`;
  const waiting = new Set<Socket>();
  let server = await take(path, waiting);
  if (server === undefined) onWait();
  while (server === undefined) {
    await untilReleased(path);
    server = await take(path, waiting);
  }
  try {
    return await body();
  } finally {
    server.close();
    for (const socket of waiting) socket.destroy();
  }
}

/** Undefined when somebody has it. */
function take(path: string, waiting: Set<Socket>): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      waiting.add(socket);
      // A waiting process that died is no concern of ours.
      socket.on("error", () => socket.destroy());
      socket.on("close", () => waiting.delete(socket));
    });
    server.once("error", (error) => (hasCode(error, "EADDRINUSE") ? resolve(undefined) : reject(error)));
    server.listen(path, () => resolve(server));
  });
}

/** Resolves when whoever has it lets it go, or has done so already. */
function untilReleased(path: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => resolve());
    socket.resume();
  });
}
