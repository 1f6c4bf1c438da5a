import type { KubeClient } from "../../kube/client.ts";
import type { Clock } from "../../kube/clock.ts";
import { isGatewayError } from "../gateway-error.ts";
import type { Stranger, Visitor, Visits } from "../limits/visits.ts";
import type { Access, Caller, Intent } from "../ports.ts";
import { Authentication, type Subject } from "./authentication.ts";
import { Authorization } from "./authorization.ts";
import { bearerToken, unauthenticated } from "./bearer-token.ts";

export interface KubeAccessOptions {
  readonly kube: Pick<KubeClient, "create">;
  readonly clock: Pick<Clock, "monotonic">;
  readonly visits: Visits;
  /** Tokens must be meant for one of these; none: for the API server itself. */
  readonly audiences: readonly string[];
  /** How long the API server's answers hold, in ms: so long may a right that was taken away still be used. */
  readonly holdsMs: number;
}

/** Kubernetes says who somebody is (TokenReview) and what they may (SubjectAccessReview). No token, no service. */
export class KubeAccess implements Access {
  readonly #authentication: Authentication;
  readonly #authorization: Authorization;
  readonly #visits: Visits;

  constructor(options: KubeAccessOptions) {
    this.#visits = options.visits;
    this.#authentication = new Authentication(options);
    this.#authorization = new Authorization(options);
  }

  async authorize(visitor: Visitor, intent: Intent): Promise<Caller> {
    const stranger = this.#visits.stranger(visitor);
    const subject = await this.#subject(visitor, stranger).catch((error: unknown) => {
      if (isGatewayError(error, "Unauthenticated")) stranger.admit();
      throw error;
    });
    stranger.welcome();
    this.#visits.begin(visitor, `user ${subject.user}`);
    await this.#authorization.demand(subject, intent);
    return { user: subject.user };
  }

  async #subject({ headers }: Visitor, stranger: Stranger): Promise<Subject> {
    const token = bearerToken(headers.authorization);
    const verdict = await this.#authentication.verdict(token, () => stranger.admit());
    if ("subject" in verdict) return verdict.subject;
    throw unauthenticated(`The API server refuses your token: ${verdict.refused}`, true);
  }
}
