import { createHash } from "node:crypto";
import type { KubeClient } from "../../kube/client.ts";
import type { Clock } from "../../kube/clock.ts";
import { GatewayError } from "../gateway-error.ts";
import { Remembered } from "./remembered.ts";
import { type TokenReview, tokenReviews } from "./reviews.ts";

/** Who sent a request, and what the API server needs to know to tell what they may. */
export interface Subject {
  readonly user: string;
  readonly uid: string | undefined;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
  /** Two subjects with the same one may do the same. */
  readonly fingerprint: string;
}

/** What a TokenReview said. */
export type Verdict =
  | { readonly subject: Subject }
  /** Why not; safe to show to whoever sent the token. */
  | { readonly refused: string };

export interface AuthenticationOptions {
  readonly kube: Pick<KubeClient, "create">;
  readonly clock: Pick<Clock, "monotonic">;
  /** The token must be meant for one of these; none: for the API server itself. */
  readonly audiences: readonly string[];
  /** How long a verdict holds, in ms; a refusal at most 5 s. */
  readonly holdsMs: number;
}

/** Of a review, in ms: whoever waits for it is a client that waits. */
export const REVIEW_DEADLINE_MS = 5_000;
/** A token may be used a moment before its ServiceAccount has reached every API server. */
export const LONGEST_REFUSAL_MS = 5_000;
const MOST_TOKENS = 4_096;
const LONGEST_REASON = 200;

/** Whose a token is, as TokenReviews say. Tokens themselves are not kept: only their SHA-256. */
export class Authentication {
  readonly #options: AuthenticationOptions;
  readonly #verdicts: Remembered<Verdict>;

  constructor(options: AuthenticationOptions) {
    this.#options = options;
    const { clock, holdsMs } = options;
    this.#verdicts = new Remembered({
      clock,
      limit: MOST_TOKENS,
      holds: (verdict) => ("subject" in verdict ? holdsMs : Math.min(holdsMs, LONGEST_REFUSAL_MS)),
    });
  }

  /**
   * `beforeAsking` is called when nobody has asked about this token lately, and may refuse by throwing. Throws the GatewayError
   * StoreUnavailable where the API server does not answer: never lets in for want of an answer.
   */
  async verdict(token: string, beforeAsking: () => void = () => {}): Promise<Verdict> {
    return this.#verdicts.answer(sha256(token), async () => {
      beforeAsking();
      return this.#ask(token);
    });
  }

  async #ask(token: string): Promise<Verdict> {
    const { kube, audiences } = this.#options;
    const spec = audiences.length === 0 ? { token } : { token, audiences };
    const review: TokenReview = { metadata: {}, spec };
    const { status } = await kube
      .create(tokenReviews, review, { deadlineMs: REVIEW_DEADLINE_MS })
      .catch((cause: unknown) => {
        throw noAnswer("who you are", cause);
      });
    if (status?.authenticated !== true) return { refused: reasonOf(status?.error, token) };
    // An authenticator that knows no audiences returns none, and its word says nothing about ours.
    if (audiences.length > 0 && !audiences.some((audience) => status.audiences?.includes(audience)))
      return { refused: `it is not meant for ${audiences.join(", ")}` };
    const { username = "", uid, groups = [], extra = {} } = status.user ?? {};
    if (username === "") return { refused: "it has no user" };
    const fingerprint = sha256(JSON.stringify([username, uid, groups, extra]));
    return { subject: { user: username, uid, groups, extra, fingerprint } };
  }
}

/** 503: the API server did not say what was asked. */
export function noAnswer(what: string, cause: unknown): GatewayError {
  const message = `The Kubernetes API server does not tell ${what} at the moment`;
  return new GatewayError("StoreUnavailable", message, { retryAfterSeconds: 5, cause });
}

function reasonOf(error: string | undefined, token: string): string {
  const text = (error ?? "").replaceAll(token, "[token]").replace(/\p{Cc}/gu, " ");
  return text === "" ? "it is not valid" : text.slice(0, LONGEST_REASON);
}

export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}
