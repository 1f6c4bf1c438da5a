import { FlinkFailure, stackTrace, type Throwable } from "./throwable.ts";

/** An answer of the REST endpoint. */
export interface Reply {
  readonly status: number;
  readonly body: object;
}

export const ok = (body: object, status = 200): Reply => ({ status, body });

/** `{"errors":[stack trace]}`: how every refusal is answered. */
export const refusal = (status: number, thrown: Throwable): Reply => ({
  status,
  body: { errors: [stackTrace(thrown)] },
});

/** What nobody foresaw, and several things that a client got wrong. */
export const serverError = (thrown: Throwable): Reply => ({
  status: 500,
  body: {
    errors: [
      "Internal server error.",
      `<Exception on server side:\n${stackTrace(thrown)}\nEnd of exception on server side>`,
    ],
  },
});

export const electing: Reply = {
  status: 503,
  body: {
    errors: ["Service temporarily unavailable due to an ongoing leader election. Please refresh."],
  },
};

/** No such route: worded as a missing file of the web UI for a GET. */
export const noRoute = (method: string, path: string): Reply => ({
  status: 404,
  body: { errors: [method === "GET" ? `Unable to load requested file ${path}.` : `Not found: ${path}`] },
});

/** The exception that a FlinkFailure carries; anything else is a bug of the fake and goes on. */
export function thrownBy(error: unknown): Throwable {
  if (error instanceof FlinkFailure) return error.thrown;
  throw error;
}
