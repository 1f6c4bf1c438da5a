import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Server } from "node:https";
import { createSecureContext } from "node:tls";
import type { Clock, Timer } from "../../kube/clock.ts";

/** A certificate with its chain and its key, both PEM. */
interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** What a certificate says of itself, for a log. */
export interface CertificateFacts {
  readonly subject: string;
  /** As the certificate writes it, such as `Nov 26 14:00:00 2027 GMT`. */
  readonly notAfter: string;
}

export interface KeyPairFilesOptions {
  readonly certFile: string;
  readonly keyFile: string;
  readonly clock: Pick<Clock, "setTimeout">;
  /** Told of each pair that is taken into use. */
  readonly onLoaded?: (facts: CertificateFacts) => void;
  /** Told once of each new pair that cannot be used; the one before stays in use. */
  readonly onProblem?: (problem: TlsFilesError) => void;
}

/** The files cannot be used. The message names the file; trying again without a change is of no use. */
export class TlsFilesError extends Error {
  override readonly name = "TlsFilesError";
  readonly code = "FLINKJOB_TLS_FILES";
  readonly retryable = false;
}

const LOOK_EVERY_MS = 5_000;

/**
 * A TLS key pair in two files that others replace while we run, as the kubelet does with a Secret. A new pair serves new
 * connections; those that are there stay.
 */
export class KeyPairFiles {
  readonly #options: KeyPairFilesOptions;
  #inUse: KeyPair;
  /** The last pair that was refused, and whether anybody was told. */
  #refused: { readonly pair: string; readonly told: boolean } | undefined;
  #timer: Timer | undefined;

  private constructor(options: KeyPairFilesOptions, pair: KeyPair) {
    this.#options = options;
    this.#inUse = pair;
  }

  /** Throws TlsFilesError when there is no pair that can be used. */
  static async open(options: KeyPairFilesOptions): Promise<KeyPairFiles> {
    const pair = await readPair(options);
    options.onLoaded?.(check(pair, options));
    return new KeyPairFiles(options, pair);
  }

  /** What a TLS server is made with. */
  get pair(): KeyPair {
    return this.#inUse;
  }

  /** Gives the server each new pair, until `stop`. */
  follow(server: Pick<Server, "setSecureContext">, tls: object): void {
    this.#timer = this.#options.clock.setTimeout(async () => {
      await this.#look(server, tls);
      if (this.#timer !== undefined) this.follow(server, tls);
    }, LOOK_EVERY_MS);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  async #look(server: Pick<Server, "setSecureContext">, tls: object): Promise<void> {
    const { onLoaded, onProblem } = this.#options;
    let pair: KeyPair | undefined;
    try {
      pair = await readPair(this.#options);
      if (pair.cert === this.#inUse.cert && pair.key === this.#inUse.key) return;
      const facts = check(pair, this.#options);
      server.setSecureContext({ ...tls, ...pair });
      this.#inUse = pair;
      this.#refused = undefined;
      onLoaded?.(facts);
    } catch (error) {
      if (!(error instanceof TlsFilesError)) throw error;
      const seen = pair === undefined ? error.message : pair.cert + pair.key;
      // Seen once, it may be that one of the two files was new and the other not yet.
      const again = this.#refused?.pair === seen;
      const told = again && this.#refused?.told === true;
      if (again && !told) onProblem?.(error);
      this.#refused = { pair: seen, told: again };
    }
  }
}

async function readPair({ certFile, keyFile }: KeyPairFilesOptions): Promise<KeyPair> {
  const [cert, key] = await Promise.all([certFile, keyFile].map(read));
  return { cert: cert ?? "", key: key ?? "" };
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new TlsFilesError(`cannot read ${path}: ${textOf(cause)}`, { cause });
  }
}

function check(pair: KeyPair, { certFile, keyFile }: KeyPairFilesOptions): CertificateFacts {
  try {
    createSecureContext(pair);
    const { subject, validTo } = new X509Certificate(pair.cert);
    return { subject: (subject ?? "").replaceAll("\n", ", "), notAfter: validTo };
  } catch (cause) {
    throw new TlsFilesError(`${certFile} and ${keyFile} are no certificate with its key: ${textOf(cause)}`, {
      cause,
    });
  }
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
