import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/**
 * Below the ports that operating systems give to outgoing connections (32768 and up): a port stays free while its
 * process is down, so that a killed JobManager can be started again on the same one.
 */
const range: PortRange = { lowest: 20_000, beyond: 32_000 };
const tries = 200;

export interface PortRange {
  readonly lowest: number;
  /** The first that is no part of it. */
  readonly beyond: number;
}

/**
 * `count` different TCP ports of 127.0.0.1 on which nobody listens, and which no other caller on this machine is given while
 * this process lives: the cluster that another test has stopped for a moment finds its own free.
 */
export async function freePorts(count: number, { lowest, beyond } = range): Promise<number[]> {
  const found = new Set<number>();
  for (let attempt = 0; attempt < tries && found.size < count; attempt++) {
    const port = randomInt(lowest, beyond);
    if ((await isFree(port)) && (await claim(port))) found.add(port);
  }
  if (found.size < count) throw new Error(`No ${count} free ports between ${lowest} and ${beyond}`);
  return [...found];
}

export async function areFree(ports: readonly number[]): Promise<boolean> {
  return (await Promise.all(ports.map(isFree))).every(Boolean);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** Until this process ends. A socket without a file: however that comes about, the kernel gives the port up. Linux only. */
function claim(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", () => resolve(false));
    server.listen(`\0flinkjob-port-${port}`, () => {
      server.unref();
      resolve(true);
    });
  });
}
