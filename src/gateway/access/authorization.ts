import { GROUP } from "../../api/group.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { Clock } from "../../kube/clock.ts";
import { GatewayError } from "../gateway-error.ts";
import type { Intent } from "../ports.ts";
import { LONGEST_REFUSAL_MS, noAnswer, REVIEW_DEADLINE_MS, type Subject, sha256 } from "./authentication.ts";
import { Remembered } from "./remembered.ts";
import { type SubjectAccessReview, subjectAccessReviews } from "./reviews.ts";

export interface AuthorizationOptions {
  readonly kube: Pick<KubeClient, "create">;
  readonly clock: Pick<Clock, "monotonic">;
  /** How long an answer holds, in ms; a refusal at most 5 s. */
  readonly holdsMs: number;
}

const MOST_ANSWERS = 8_192;

/** What a subject may do, as SubjectAccessReviews say: RBAC is the only place where rights are given. */
export class Authorization {
  readonly #options: AuthorizationOptions;
  readonly #answers: Remembered<boolean>;

  constructor(options: AuthorizationOptions) {
    this.#options = options;
    const { clock, holdsMs } = options;
    this.#answers = new Remembered({
      clock,
      limit: MOST_ANSWERS,
      holds: (allowed) => (allowed ? holdsMs : Math.min(holdsMs, LONGEST_REFUSAL_MS)),
    });
  }

  /** Throws the GatewayErrors Forbidden and StoreUnavailable. */
  async demand(subject: Subject, intent: Intent): Promise<void> {
    // Who may do it to all may do it to one: the same answer then serves for every name.
    if (await this.#may(subject, { ...intent, name: undefined })) return;
    if (intent.name !== undefined && (await this.#may(subject, intent))) return;
    throw forbidden(subject, intent);
  }

  #may(subject: Subject, { namespace, verb, resource = "flinkjobs", name }: Intent): Promise<boolean> {
    const attributes = { namespace, verb, group: GROUP, resource, ...(name === undefined ? {} : { name }) };
    const question = sha256(JSON.stringify([subject.fingerprint, namespace, verb, resource, name]));
    return this.#answers.answer(question, () => this.#ask(subject, attributes));
  }

  async #ask(
    { user, uid, groups, extra }: Subject,
    resourceAttributes: SubjectAccessReview["spec"]["resourceAttributes"],
  ): Promise<boolean> {
    const spec = { user, groups, extra, ...(uid === undefined ? {} : { uid }), resourceAttributes };
    const { status } = await this.#options.kube
      .create(subjectAccessReviews, { metadata: {}, spec }, { deadlineMs: REVIEW_DEADLINE_MS })
      .catch((cause: unknown) => {
        throw noAnswer("what you may do", cause);
      });
    if (status === undefined) throw noAnswer("what you may do", undefined);
    return status.allowed && status.denied !== true;
  }
}

function forbidden(
  { user, groups }: Subject,
  { namespace, verb, resource = "flinkjobs", name }: Intent,
): GatewayError {
  const what = `${resource}.${GROUP}`;
  const which = name === undefined ? what : `${what} ${shown(name)}`;
  const object = name === undefined ? what : `${what}/${name}`;
  // Of a ServiceAccount and of everybody, kubectl knows the groups itself.
  const further = groups
    .filter((group) => !/^system:(serviceaccounts|authenticated)/.test(group))
    .slice(0, 8);
  const command = [
    ...["kubectl auth can-i", verb, quoted(object), "-n", quoted(namespace), "--as", quoted(user)],
    ...further.map((group) => `--as-group ${quoted(group)}`),
  ];
  return new GatewayError(
    "Forbidden",
    `User ${shown(user)} may not ${verb} ${which} in the namespace ${shown(namespace)}`,
    { more: [`A Role must allow it; see: ${command.join(" ")}`] },
  );
}

const shown = (text: string): string => JSON.stringify(text);

/** For a shell. */
function quoted(text: string): string {
  return /^[A-Za-z0-9@%+=:,./_-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
