import { setTimeout as sleep } from "node:timers/promises";
import { Pool } from "undici";

/** What one kind of request took. */
export interface Load {
  /** Of each request, in ms. */
  readonly times: readonly number[];
  readonly perSecond: number;
}

type Request = (number: number) => { method: "GET" | "POST"; path: string; body?: string };

/** So many requests a second, however long the answers take: a time counts from when its request was due. */
export async function paced(
  url: string,
  clients: number,
  count: number,
  perSecond: number,
  request: Request,
  wanted: number,
): Promise<Load> {
  const pool = new Pool(url, { connections: clients, pipelining: 1 });
  const times: number[] = [];
  const begin = performance.now();
  const one = async (number: number) => {
    const due = begin + (number * 1_000) / perSecond;
    await sleep(Math.max(0, due - performance.now()));
    await ask(pool, request(number), wanted);
    times.push(performance.now() - due);
  };
  await Promise.all(Array.from({ length: count }, (_, number) => one(number)));
  const seconds = (performance.now() - begin) / 1_000;
  await pool.close();
  return { times, perSecond: count / seconds };
}

/** So many clients, each with a connection of its own and one request at a time, until `count` requests are answered. */
export async function load(
  url: string,
  clients: number,
  count: number,
  request: Request,
  wanted: number,
): Promise<Load> {
  const pool = new Pool(url, { connections: clients, pipelining: 1 });
  const times: number[] = [];
  let next = 0;
  const begin = performance.now();
  const client = async () => {
    while (next < count) {
      const start = performance.now();
      await ask(pool, request(next++), wanted);
      times.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  const seconds = (performance.now() - begin) / 1_000;
  await pool.close();
  return { times, perSecond: count / seconds };
}

async function ask(pool: Pool, { body, ...rest }: ReturnType<Request>, wanted: number): Promise<void> {
  const headers = body === undefined ? {} : { "content-type": "application/json" };
  const answer = await pool.request({ ...rest, headers, body: body ?? null });
  const text = await answer.body.text();
  if (answer.statusCode !== wanted) throw new Error(`HTTP ${answer.statusCode}: ${text.slice(0, 300)}`);
}
