import type { Lane } from "./connections.ts";
import type { Transport } from "./transport.ts";
import {
  apiVersion,
  type KubeList,
  type KubeObject,
  type ObjectRef,
  type Resource,
  type StatusReply,
} from "./types.ts";
import { openWatch, type WatchEvent, type WatchOptions, type WatchStream } from "./watch-stream.ts";

/** What every call takes. */
export interface CallOptions {
  signal?: AbortSignal | undefined;
  /** ms; the transport's default unless told. */
  deadlineMs?: number | undefined;
  lane?: Lane | undefined;
}

/** What every call that changes something takes. */
export interface WriteOptions extends CallOptions {
  /** Who owns the fields in managedFields; the client's default unless told. */
  fieldManager?: string | undefined;
  /** The server checks everything and stores nothing. */
  dryRun?: boolean | undefined;
  /** The server refuses fields that it does not know (BadRequest), instead of dropping them. */
  strict?: boolean | undefined;
}

/** Which part of the objects of a kind to list or watch. */
export interface Selection {
  /** Left out: every namespace. */
  namespace?: string | undefined;
  labelSelector?: string | undefined;
  fieldSelector?: string | undefined;
}

/** One page's request. */
export interface ListOptions extends Selection, CallOptions {
  limit?: number | undefined;
  continue?: string | undefined;
  resourceVersion?: string | undefined;
  resourceVersionMatch?: "Exact" | "NotOlderThan" | undefined;
}

/** A change of an object, in one of the API server's three patch languages that custom resources understand. */
export type Patch =
  | { type: "merge"; body: object }
  | { type: "json"; body: JsonOperation[] }
  /** Server-side apply: the caller owns exactly the fields in `body`; `force` takes them from others. */
  | { type: "apply"; body: object; force?: boolean };

/** One operation of RFC 6902. */
export type JsonOperation =
  | { op: "add" | "replace" | "test"; path: string; value: unknown }
  | { op: "remove"; path: string }
  | { op: "move" | "copy"; from: string; path: string };

interface PatchOptions extends WriteOptions {
  subresource?: "status" | "scale" | undefined;
}

interface DeleteOptions extends CallOptions {
  /** The server deletes only this very object: a Conflict otherwise. */
  preconditions?: { uid?: string; resourceVersion?: string } | undefined;
  propagation?: "Foreground" | "Background" | "Orphan" | undefined;
  gracePeriodSeconds?: number | undefined;
}

const patchTypes = {
  merge: "application/merge-patch+json",
  json: "application/json-patch+json",
  // JSON is YAML, and the server reads it as such.
  apply: "application/apply-patch+yaml",
} as const;

/** The verbs of the API server, typed by Resource. Every call throws KubeError. */
export class KubeClient {
  readonly transport: Transport;
  readonly #fieldManager: string | undefined;

  constructor(transport: Transport, options: { fieldManager?: string } = {}) {
    this.transport = transport;
    this.#fieldManager = options.fieldManager;
  }

  /** Reads the newest state (a quorum read). Throws NotFound. */
  get<T extends KubeObject>(resource: Resource<T>, ref: ObjectRef, options: CallOptions = {}): Promise<T> {
    return this.transport.request<T>({ method: "GET", path: objectPath(resource, ref), ...call(options) });
  }

  /** Reads one page. */
  async list<T extends KubeObject>(resource: Resource<T>, options: ListOptions = {}): Promise<KubeList<T>> {
    const { namespace, signal, deadlineMs, lane, ...query } = options;
    const list = await this.transport.request<KubeList<T> & { items: T[] | null }>({
      method: "GET",
      path: collectionPath(resource, namespace),
      query,
      ...call({ signal, deadlineMs, lane }),
    });
    return { ...list, items: list.items ?? [] };
  }

  /** Reads every page. Throws Gone when the list changed too much meanwhile: start again. */
  async *listAll<T extends KubeObject>(resource: Resource<T>, options: ListOptions = {}): AsyncIterable<T> {
    let page = await this.list(resource, { limit: 500, ...options });
    yield* page.items;
    while (page.metadata.continue) {
      const { resourceVersion: _, resourceVersionMatch: __, ...rest } = options;
      page = await this.list(resource, { limit: 500, ...rest, continue: page.metadata.continue });
      yield* page.items;
    }
  }

  /** Opens a watch. */
  watch<T extends KubeObject>(
    resource: Resource<T>,
    options: Selection & WatchOptions,
  ): Promise<WatchStream<T>> {
    return openWatch<T>(this.transport, collectionPath(resource, options.namespace), options);
  }

  /** Creates an object; throws AlreadyExists. The namespace is the object's own. */
  create<T extends KubeObject>(resource: Resource<T>, object: T, options: WriteOptions = {}): Promise<T> {
    return this.transport.request<T>({
      method: "POST",
      path: collectionPath(resource, object.metadata.namespace),
      query: this.#writeQuery(options),
      body: typed(resource, object),
      ...call(options),
    });
  }

  /** Replaces everything but the status. With metadata.resourceVersion set: Conflict when it is not the newest. */
  replace<T extends KubeObject>(resource: Resource<T>, object: T, options: WriteOptions = {}): Promise<T> {
    return this.#put(resource, object, "", options);
  }

  /** Replaces the status alone. With metadata.resourceVersion set: Conflict when it is not the newest. */
  replaceStatus<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    options: WriteOptions = {},
  ): Promise<T> {
    return this.#put(resource, object, "/status", options);
  }

  /** Changes an object; "apply" also creates it. */
  patch<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    patch: Patch,
    options: PatchOptions = {},
  ): Promise<T> {
    const subresource = options.subresource ? `/${options.subresource}` : "";
    const apply = patch.type === "apply";
    return this.transport.request<T>({
      method: "PATCH",
      path: objectPath(resource, ref) + subresource,
      query: { ...this.#writeQuery(options), ...(apply && patch.force ? { force: true } : {}) },
      body: apply ? typed(resource, patch.body) : patch.body,
      contentType: patchTypes[patch.type],
      ...call(options),
    });
  }

  /** Server-side apply of `object`, whole. */
  apply<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    options: PatchOptions & { force?: boolean } = {},
  ): Promise<T> {
    const { name = "", namespace } = object.metadata;
    const { force = false, ...rest } = options;
    return this.patch(resource, { namespace, name }, { type: "apply", body: object, force }, rest);
  }

  /**
   * Deletes an object. Throws NotFound when it is gone, Conflict when a precondition fails. Returns the object while
   * finalizers or dependents hold it, else a Status.
   */
  delete<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    options: DeleteOptions = {},
  ): Promise<T | StatusReply> {
    const { preconditions, propagation, gracePeriodSeconds } = options;
    return this.transport.request<T | StatusReply>({
      method: "DELETE",
      path: objectPath(resource, ref),
      body: {
        apiVersion: "v1",
        kind: "DeleteOptions",
        propagationPolicy: propagation ?? "Background",
        ...(preconditions ? { preconditions } : {}),
        ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
      },
      ...call(options),
    });
  }

  #put<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    subresource: string,
    options: WriteOptions,
  ): Promise<T> {
    const { name = "", namespace } = object.metadata;
    return this.transport.request<T>({
      method: "PUT",
      path: objectPath(resource, { namespace, name }) + subresource,
      query: this.#writeQuery(options),
      body: typed(resource, object),
      ...call(options),
    });
  }

  #writeQuery(options: WriteOptions): Record<string, string | undefined> {
    return {
      fieldManager: options.fieldManager ?? this.#fieldManager,
      dryRun: options.dryRun ? "All" : undefined,
      fieldValidation: options.strict ? "Strict" : undefined,
    };
  }
}

/** The path of a kind's objects, in one namespace or in all. */
export function collectionPath(resource: Resource<KubeObject>, namespace?: string): string {
  const root = resource.group ? `/apis/${apiVersion(resource)}` : `/api/${resource.version}`;
  const within = resource.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  return `${root}${within}/${resource.plural}`;
}

/** The path of one object. */
export function objectPath(resource: Resource<KubeObject>, { namespace, name }: ObjectRef): string {
  // An empty name would address, and could delete, the whole collection.
  if (name === "") throw new TypeError(`A ${resource.kind} without a name`);
  if (resource.namespaced && !namespace)
    throw new TypeError(`The ${resource.kind} ${name} without a namespace`);
  return `${collectionPath(resource, namespace)}/${encodeURIComponent(name)}`;
}

function typed(resource: Resource<KubeObject>, body: object): object {
  return { apiVersion: apiVersion(resource), kind: resource.kind, ...body };
}

function call({ signal, deadlineMs, lane }: CallOptions) {
  return { signal, deadlineMs, lane };
}

export type { WatchEvent };
