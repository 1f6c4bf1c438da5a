import { createServer, type RequestListener, type Server, type ServerOptions } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { FastifyServerFactory } from "fastify";
import type { KeyPairFiles } from "./key-pair-files.ts";

export interface ListenerOptions {
  /** TCP connections at once; further ones are closed at once. */
  readonly maxConnections: number;
  /** Absent: plain HTTP. */
  readonly keyPair?: KeyPairFiles | undefined;
  /** From the first byte of a request to the end of its head, in ms. Default 10,000. */
  readonly headersTimeoutMs?: number;
}

const HANDSHAKE_MS = 10_000;
const LONGEST_HEAD = 16 * 1024;

/** TLS 1.2 has suites without forward secrecy; none of them. */
const tls = {
  minVersion: "TLSv1.2",
  ciphers:
    "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:ECDHE+AESGCM:ECDHE+CHACHA20",
  honorCipherOrder: true,
} as const;

/** Makes the server that the gateway listens with: bounded in connections, and in time and size of what it hears before a route. */
export function listener(options: ListenerOptions): FastifyServerFactory {
  const { maxConnections, keyPair, headersTimeoutMs = 10_000 } = options;
  const bounds: ServerOptions = {
    headersTimeout: headersTimeoutMs,
    // Bodies take as long as they take: each route bounds its own.
    requestTimeout: 0,
    keepAliveTimeout: 30_000,
    maxHeaderSize: LONGEST_HEAD,
    // How punctual the time-outs are.
    connectionsCheckingInterval: Math.min(2_000, headersTimeoutMs),
    requireHostHeader: true,
  };
  return (handler) => {
    const server = keyPair ? secure(handler, bounds, keyPair) : createServer(bounds, handler);
    server.maxConnections = maxConnections;
    return server;
  };
}

function secure(handler: RequestListener, bounds: ServerOptions, keyPair: KeyPairFiles): Server {
  const server = createTlsServer(
    { ...bounds, ...tls, ...keyPair.pair, handshakeTimeout: HANDSHAKE_MS, ALPNProtocols: ["http/1.1"] },
    handler,
  );
  keyPair.follow(server, tls);
  server.once("close", () => keyPair.stop());
  return server;
}
