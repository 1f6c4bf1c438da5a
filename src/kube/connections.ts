import { buildConnector, type Dispatcher, Pool, ProxyAgent } from "undici";
import type { ClusterAccess } from "./config.ts";
import { type Credential, textOf } from "./credentials.ts";

/**
 * Which connections a request travels on. Watches stay open for minutes and leases must not wait behind a thousand
 * writes, so both have connections apart from ordinary requests.
 */
export type Lane = "ordinary" | "apart";

/** A connection could not be made, so nothing was sent. */
export class ConnectFailure extends Error {
  override readonly name = "ConnectFailure";
  readonly code: string;

  constructor(cause: Error) {
    super(cause.message || "connection failed", { cause });
    const { code } = cause as { code?: unknown };
    this.code = typeof code === "string" ? code : "";
  }
}

const connectLimitMs = 5_000;
const keepAliveMs = 30_000;

/** What connections are made from: a change of any of these calls for new ones. */
interface Identity {
  ca: string | undefined;
  cert: string | undefined;
  key: string | undefined;
}

interface Pools {
  identity: Identity;
  lanes: Record<Lane, Dispatcher>;
}

/** The open connections to one API server, made anew when certificates change. */
export class Connections {
  readonly #access: ClusterAccess;
  readonly #limit: number;
  #pools: Pools | undefined;
  #closed = false;

  /** `limit` bounds the ordinary connections; further requests queue. */
  constructor(access: ClusterAccess, limit: number) {
    this.#access = access;
    this.#limit = limit;
  }

  /** The connections that present this credential's certificate and trust the current authorities. */
  async lane(lane: Lane, credential: Credential): Promise<Dispatcher> {
    const { cert, key } = credential;
    const identity = { ca: await textOf(this.#access.ca), cert, key };
    if (this.#pools === undefined || !isSame(this.#pools.identity, identity)) {
      const old = this.#pools;
      this.#pools = this.#open(identity);
      // Requests under way finish on the old connections; watches end by their own time limit.
      if (old) for (const pool of Object.values(old.lanes)) pool.close().catch(ignoreClosing);
    }
    return this.#pools.lanes[lane];
  }

  /** The files that the connections were made from may have changed. */
  expire(): void {
    const { ca } = this.#access;
    if (typeof ca === "object") ca.expire();
  }

  /** Breaks every connection. */
  async close(): Promise<void> {
    this.#closed = true;
    const pools = this.#pools;
    this.#pools = undefined;
    if (pools) await Promise.all(Object.values(pools.lanes).map((pool) => pool.destroy()));
  }

  #open(identity: Identity): Pools {
    const { ca, cert, key } = identity;
    if (this.#closed) throw new Error("the connections are closed");
    const { server, serverName, insecure, proxyUrl } = this.#access;
    const tls = {
      ...(ca ? { ca } : {}),
      ...(cert ? { cert } : {}),
      ...(key ? { key } : {}),
      ...(serverName ? { servername: serverName } : {}),
      ...(insecure ? { rejectUnauthorized: false } : {}),
    };
    const common = {
      allowH2: false,
      pipelining: 1,
      keepAliveTimeout: keepAliveMs,
      headersTimeout: 0,
      bodyTimeout: 0,
    };
    const origin = new URL(server).origin;
    const open = (connections: number | null): Dispatcher =>
      proxyUrl
        ? new ProxyAgent({
            ...common,
            uri: proxyUrl,
            proxyTls: { allowH2: false },
            requestTls: tls,
            connections,
          })
        : new Pool(origin, { ...common, connections, connect: connector(tls) });
    return { identity, lanes: { ordinary: open(this.#limit), apart: open(null) } };
  }
}

function isSame(a: Identity, b: Identity): boolean {
  return a.ca === b.ca && a.cert === b.cert && a.key === b.key;
}

function connector(tls: object): buildConnector.connector {
  const connect = buildConnector({ ...tls, allowH2: false, timeout: connectLimitMs, keepAlive: true });
  return (options, done) =>
    connect(options, (...[error, socket]) => {
      if (error !== null) done(new ConnectFailure(error), null);
      else done(null, socket);
    });
}

/** A pool that is already broken has nothing left to close. */
function ignoreClosing(): void {}
