import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { ClusterAccess } from "../../../src/kube/config.ts";
import { PlainCredentials } from "../../../src/kube/credentials.ts";
import type { KubeObject } from "../../../src/kube/types.ts";
import { created, isCustom, written } from "./custom-resources.ts";
import { Refusal, Storage, type StoredEvent } from "./storage.ts";

/** One request, as a fault sees it. */
export interface Seen {
  method: string;
  path: string;
  query: URLSearchParams;
  watch: boolean;
  /** Server-side apply. */
  applies: boolean;
}

/** What happens instead of an answer. */
export type Fault =
  | { status: number; reason?: string; message?: string; retryAfter?: number; causes?: { reason: string }[] }
  | "reset"
  | "hang"
  /** Carries the request out and loses the answer. */
  | "lose-answer";

interface Selection {
  collection: string;
  namespace: string | undefined;
  /** fieldSelector=metadata.name=... */
  name: string | undefined;
  /** labelSelector: names with the values that they must have; undefined: any. */
  labels: readonly (readonly [string, string | undefined])[];
}

interface Watch extends Selection {
  response: ServerResponse;
}

/** A small API server over plain HTTP: list, watch, resource versions, conflicts, 410, and faults on demand. */
export class FakeApiServer {
  readonly storage = new Storage();
  readonly requests: Seen[] = [];
  /** Asked for every request; undefined = serve it. */
  fault: (seen: Seen) => Fault | undefined = () => undefined;
  /** False: a server from before streaming lists, which ignores the parameter; "refuse": one with the feature turned off. */
  streamingLists: boolean | "refuse" = true;
  /** Told of every change: what the other parts of a control plane would act on. */
  readonly listeners = new Set<(event: StoredEvent) => void>();
  readonly #watches = new Set<Watch>();
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;

  constructor() {
    this.storage.onEvent = (event) => {
      for (const watch of this.#watches) if (concerns(watch, event)) send(watch, event.type, event.object);
      for (const hear of this.listeners) hear(event);
    };
  }

  /** Listens; after a stop, on the same port again. */
  async start(): Promise<this> {
    const server = createServer((request, response) => void this.#serve(request, response));
    server.keepAliveTimeout = 60_000;
    server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
    server.listen(this.#port, "127.0.0.1");
    await once(server, "listening");
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
    return this;
  }

  /** Breaks every connection and refuses new ones. The objects stay. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = once(server, "close");
    server.close();
    for (const socket of this.#sockets) socket.resetAndDestroy();
    this.#watches.clear();
    await closed;
  }

  get access(): ClusterAccess {
    const server = `http://127.0.0.1:${this.#port}`;
    return { server, namespace: "default", credentials: new PlainCredentials() };
  }

  get watches(): number {
    return this.#watches.size;
  }

  /** Writes raw text into every open watch. */
  inject(text: string): void {
    for (const { response } of this.#watches) response.write(text);
  }

  bookmark(version = this.storage.version): void {
    for (const watch of this.#watches)
      send(watch, "BOOKMARK", { metadata: { resourceVersion: String(version) } });
  }

  /** Ends every watch: "end" properly, "reset" with a TCP reset, "silence" leaves the sockets open and says nothing more. */
  breakWatches(how: "end" | "reset" | "silence"): void {
    for (const { response } of this.#watches) {
      if (how === "end") response.end();
      else if (how === "reset") response.socket?.resetAndDestroy();
    }
    this.#watches.clear();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://fake");
    const watch = url.searchParams.get("watch") === "true";
    const applies = request.headers["content-type"]?.startsWith("application/apply-patch") ?? false;
    const { method = "GET" } = request;
    const seen = { method, path: url.pathname, query: url.searchParams, watch, applies };
    this.requests.push(seen);
    const fault = this.fault(seen);
    try {
      const body = await bodyOf(request);
      if (fault === "hang") return;
      if (fault === "reset") {
        request.socket.resetAndDestroy();
        return;
      }
      if (typeof fault === "object") {
        if (fault.retryAfter !== undefined) response.setHeader("retry-after", String(fault.retryAfter));
        reply(
          response,
          fault.status,
          failure(fault.status, fault.reason ?? "", fault.message ?? "fault", fault.causes),
        );
        return;
      }
      if (watch) {
        this.#watch(seen, response);
        return;
      }
      const result = this.#handle(seen, body);
      if (fault === "lose-answer") request.socket.resetAndDestroy();
      else reply(response, seen.method === "POST" ? 201 : 200, result);
    } catch (error) {
      const { code, reason, message } =
        error instanceof Refusal ? error : new Refusal(500, "InternalError", String(error));
      reply(response, code, failure(code, reason, message));
    }
  }

  #handle(seen: Seen, body: unknown): unknown {
    const { method, path, query } = seen;
    const { collection, namespace, name, subresource } = parsePath(path);
    const { storage } = this;
    const key = namespace ? `${namespace}/${name}` : name;
    const object = (body ?? {}) as KubeObject;
    const update = (wanted: KubeObject) =>
      storage.update(
        collection,
        key,
        isCustom(collection)
          ? written(collection, storage.get(collection, key), wanted, subresource)
          : wanted,
      );
    if (method === "POST") {
      const { generateName = "", name = `${generateName}x7k2p` } = object.metadata;
      const named = {
        ...object,
        metadata: { ...object.metadata, name, ...(namespace ? { namespace } : {}) },
      };
      const strict = query.get("fieldValidation") === "Strict";
      const whole = isCustom(collection) ? created(collection, named, strict) : named;
      const wanted = `${namespace ? `${namespace}/` : ""}${name}`;
      if (query.get("dryRun") !== "All") return storage.create(collection, wanted, whole);
      if (storage.has(collection, wanted))
        throw new Refusal(409, "AlreadyExists", `"${name}" already exists`);
      return whole;
    }
    if (method === "PUT") return update(object);
    if (method === "PATCH") {
      if (seen.applies && !storage.has(collection, key)) {
        if (object.metadata.uid !== undefined) throw new Refusal(409, "Conflict", "uid mismatch");
        return storage.create(collection, key, object);
      }
      return update(merge(unversioned(storage.get(collection, key)), object) as KubeObject);
    }
    if (method === "DELETE") {
      const { preconditions, propagationPolicy } = body as {
        preconditions?: { uid?: string; resourceVersion?: string };
        propagationPolicy?: string;
      };
      const foreground = propagationPolicy === "Foreground";
      const left = storage.delete(collection, key, preconditions, foreground);
      return left ?? { kind: "Status", status: "Success" };
    }
    return name === "" ? this.#list(collection, namespace, query) : storage.get(collection, key);
  }

  #list(collection: string, namespace: string | undefined, query: URLSearchParams): unknown {
    const limit = Number(query.get("limit") ?? Number.POSITIVE_INFINITY);
    const token = query.get("continue");
    const [version, start] = token ? token.split(":").map(Number) : [this.storage.version, 0];
    if (version! < this.storage.compacted)
      throw new Refusal(410, "Expired", "The continue parameter is too old");
    const selection = { collection, namespace, name: nameIn(query), labels: labelsIn(query) };
    const all = this.storage.list(collection).filter((object) => isSelected(selection, object));
    const end = start! + limit;
    const next = end < all.length ? { continue: `${version}:${end}` } : {};
    return {
      kind: "List",
      metadata: { resourceVersion: String(version), ...next },
      items: all.slice(start, end),
    };
  }

  #watch({ path, query }: Seen, response: ServerResponse): void {
    const { collection, namespace } = parsePath(path);
    const watch: Watch = { collection, namespace, name: nameIn(query), labels: labelsIn(query), response };
    const initial = query.get("sendInitialEvents") === "true";
    if (initial && this.streamingLists === "refuse") {
      throw new Refusal(
        422,
        "Invalid",
        "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled",
      );
    }
    const from = query.get("resourceVersion");
    const events = from === null ? [] : this.storage.since(collection, Number(from));
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    if (from === null) {
      for (const object of this.storage.list(collection)) {
        if (isSelected(watch, object)) send(watch, "ADDED", object);
      }
    }
    for (const event of events) if (concerns(watch, event)) send(watch, event.type, event.object);
    if (initial && this.streamingLists === true) {
      const annotations = { "k8s.io/initial-events-end": "true" };
      send(watch, "BOOKMARK", { metadata: { resourceVersion: String(this.storage.version), annotations } });
    }
    this.#watches.add(watch);
    response.on("close", () => this.#watches.delete(watch));
  }
}

function concerns(watch: Watch, event: StoredEvent): boolean {
  return event.collection === watch.collection && isSelected(watch, event.object);
}

function isSelected({ namespace, name, labels }: Selection, { metadata }: KubeObject): boolean {
  if ((namespace && metadata.namespace !== namespace) || (name && metadata.name !== name)) return false;
  return labels.every(([label, value]) => {
    const found = metadata.labels?.[label];
    return found !== undefined && (value === undefined || found === value);
  });
}

function labelsIn(query: URLSearchParams): Selection["labels"] {
  const terms = (query.get("labelSelector") ?? "").split(",").filter((term) => term !== "");
  return terms.map((term) => {
    const [name = "", value] = term.split("=");
    return [name, value];
  });
}

function nameIn(query: URLSearchParams): string | undefined {
  return /^metadata\.name=(.+)$/.exec(query.get("fieldSelector") ?? "")?.[1];
}

function send({ response }: Watch, type: string, object: KubeObject): void {
  response.write(`${JSON.stringify({ type, object })}\n`);
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

function failure(code: number, reason: string, message: string, causes: { reason: string }[] = []): unknown {
  return { kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message, details: { causes } };
}

interface Target {
  collection: string;
  namespace: string | undefined;
  name: string;
  subresource: string;
}

function parsePath(path: string): Target {
  const match =
    /^(\/api\/v1|\/apis\/[^/]+\/[^/]+)(?:\/namespaces\/([^/]+))?\/([^/]+)(?:\/([^/]+))?(?:\/([^/]+))?/.exec(
      path,
    );
  if (!match) throw new Refusal(404, "NotFound", "no such path");
  const [, root = "", namespace, plural = "", name = "", subresource = ""] = match;
  return { collection: `${root}/${plural}`, namespace, name, subresource };
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString("utf8");
  return text === "" ? undefined : JSON.parse(text);
}

/** A patch is laid over whatever is there, unless it names the version that it means. */
function unversioned({ metadata, ...rest }: KubeObject): KubeObject {
  const { resourceVersion: _, uid: __, ...kept } = metadata;
  return { ...rest, metadata: kept };
}

/** RFC 7386. */
function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const merged: Record<string, unknown> = { ...(target as Record<string, unknown>) };
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = merge(merged[name], value);
  }
  return merged;
}
