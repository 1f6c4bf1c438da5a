import { setTimeout as sleep } from "node:timers/promises";
import { Pool } from "undici";

/** What one kind of request took. */
export interface Load {
  /** Of each request, in ms. */
  readonly times: readonly number[];
  readonly perSecond: number;
}

export interface Sent {
  method: "GET" | "POST";
  path: string;
  body?: string;
}

type Request = (number: number) => Sent;

/** So many acts a second, however long they take: a time counts from when its act was due. */
export async function paced(
  count: number,
  perSecond: number,
  act: (number: number) => Promise<unknown>,
): Promise<readonly number[]> {
  const begin = performance.now();
  const one = async (number: number) => {
    const due = begin + (number * 1_000) / perSecond;
    await sleep(Math.max(0, due - performance.now()));
    await act(number);
    return performance.now() - due;
  };
  return await Promise.all(Array.from({ length: count }, (_, number) => one(number)));
}

/** Requests by so many connections, of which the one that is free takes the next. */
export function requests(url: string, clients: number, wanted: number) {
  const pool = new Pool(url, { connections: clients, pipelining: 1 });
  return {
    send: (request: Sent) => ask(pool, request, wanted),
    [Symbol.asyncDispose]: () => pool.close(),
  };
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

async function ask(pool: Pool, { body, ...rest }: Sent, wanted: number): Promise<void> {
  const headers = body === undefined ? {} : { "content-type": "application/json" };
  const answer = await pool.request({ ...rest, headers, body: body ?? null });
  const text = await answer.body.text();
  if (answer.statusCode !== wanted) throw new Error(`HTTP ${answer.statusCode}: ${text.slice(0, 300)}`);
}
