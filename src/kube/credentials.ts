import type { FreshFile } from "./fresh-file.ts";

type Headers = Readonly<Record<string, string | string[]>>;

/** What proves who we are, for one request: headers, and PEM texts of a client certificate. */
export interface Credential {
  readonly headers: Headers;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** Where credentials come from. */
export interface CredentialSource {
  current(): Promise<Credential>;
  /** The server refused the current credential: get another. False when there can be no other. */
  renew(): boolean;
}

/** A text that is given outright or kept in a file. */
export type TextSource = string | FreshFile;

/** The text itself. */
export async function textOf(source: TextSource | undefined): Promise<string | undefined> {
  return typeof source === "string" || source === undefined ? source : source.text();
}

interface PlainParts {
  token?: TextSource | undefined;
  cert?: TextSource | undefined;
  key?: TextSource | undefined;
  username?: string | undefined;
  password?: string | undefined;
}

/** A token, a client certificate or a password, given outright or in files that are re-read when they change. */
export class PlainCredentials implements CredentialSource {
  readonly #parts: PlainParts;

  constructor(parts: PlainParts = {}) {
    this.#parts = parts;
  }

  async current(): Promise<Credential> {
    const { username, password } = this.#parts;
    const token = await textOf(this.#parts.token);
    const headers: Record<string, string> = {};
    if (token) headers.authorization = `Bearer ${token}`;
    else if (username !== undefined) {
      headers.authorization = `Basic ${Buffer.from(`${username}:${password ?? ""}`).toString("base64")}`;
    }
    return { headers, cert: await textOf(this.#parts.cert), key: await textOf(this.#parts.key) };
  }

  renew(): boolean {
    const files = [this.#parts.token, this.#parts.cert, this.#parts.key].filter(
      (part) => typeof part === "object",
    );
    for (const file of files) file.expire();
    return files.length > 0;
  }
}

/** Adds headers to every credential of another source: impersonation. */
export class WithHeaders implements CredentialSource {
  readonly #inner: CredentialSource;
  readonly #headers: Headers;

  constructor(inner: CredentialSource, headers: Headers) {
    this.#inner = inner;
    this.#headers = headers;
  }

  async current(): Promise<Credential> {
    const credential = await this.#inner.current();
    return { ...credential, headers: { ...credential.headers, ...this.#headers } };
  }

  renew(): boolean {
    return this.#inner.renew();
  }
}
