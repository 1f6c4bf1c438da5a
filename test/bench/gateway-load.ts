import { Pool } from "undici";

/** What one kind of request took. */
export interface Load {
  /** Of each request, in ms. */
  readonly times: readonly number[];
  readonly perSecond: number;
}

/** So many clients, each with a connection of its own and one request at a time, until `count` requests are answered. */
export async function load(
  url: string,
  clients: number,
  count: number,
  request: (number: number) => { method: "GET" | "POST"; path: string; body?: string },
  wanted: number,
): Promise<Load> {
  const pool = new Pool(url, { connections: clients, pipelining: 1 });
  const times: number[] = [];
  let next = 0;
  const begin = performance.now();
  const client = async () => {
    while (next < count) {
      const { body, ...rest } = request(next++);
      const start = performance.now();
      const headers = body === undefined ? {} : { "content-type": "application/json" };
      const answer = await pool.request({ ...rest, headers, body: body ?? null });
      const text = await answer.body.text();
      if (answer.statusCode !== wanted) throw new Error(`HTTP ${answer.statusCode}: ${text.slice(0, 300)}`);
      times.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  const seconds = (performance.now() - begin) / 1_000;
  await pool.close();
  return { times, perSecond: count / seconds };
}
