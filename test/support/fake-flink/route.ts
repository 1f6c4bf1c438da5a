import type { JobManager } from "./job-manager.ts";
import type { Reply } from "./replies.ts";

/** A request as a route sees it. */
export interface Request {
  readonly method: string;
  /** Without `/v1` and query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: { readonly "content-type"?: string | undefined; readonly host?: string | undefined };
  readonly body: Buffer;
}

export type Handler = (manager: JobManager, request: Request, ...ids: string[]) => Reply | Promise<Reply>;
export type Route = readonly [method: string, path: RegExp, handler: Handler];
