import { describeCauses, readCauses } from "../../flink/rest/causes.ts";

/** What became of one sending of a plan. */
export type SendVerdict =
  /** The JobManager has the job. */
  | { readonly kind: "taken" }
  /** Nothing can be said yet. */
  | { readonly kind: "later"; readonly why: string }
  /** Never, whoever asks how often. */
  | { readonly kind: "refused"; readonly why: string };

/** `failed`: a fault of the JobManager's, which may be gone the next time. */
export type AnswerVerdict = SendVerdict | { readonly kind: "failed"; readonly why: string };

const DUPLICATE = /Duplicate(Job|Application)SubmissionException/;
const passing: ReadonlySet<number> = new Set([408, 429, 502, 503, 504]);
const LONGEST_WHY = 1_024;

/** Reads a JobManager's answer to `POST /jobs`. */
export function answersVerdict(status: number, text: string): AnswerVerdict {
  if (status >= 200 && status < 300) return { kind: "taken" };
  const errors = errorsOf(text);
  // It has the JobID from an earlier sending: the JobManager is this job's own.
  if (errors.some((error) => DUPLICATE.test(error))) return { kind: "taken" };
  const why = whyOf(status, errors);
  if (passing.has(status)) return { kind: "later", why };
  return { kind: status >= 500 ? "failed" : "refused", why };
}

function errorsOf(text: string): string[] {
  try {
    const { errors } = JSON.parse(text) as { errors?: unknown };
    return Array.isArray(errors) ? errors.filter((error) => typeof error === "string") : [];
  } catch {
    return [];
  }
}

/** The first entry says that something failed, a later one has the stack with the cause. */
function whyOf(status: number, errors: readonly string[]): string {
  const told = errors.flatMap(
    (error) => describeCauses(readCauses(error.replace(/^<Exception on server side:\n/, ""))) ?? [],
  );
  const why = told.at(-1) ?? errors.at(-1) ?? "";
  return `its JobManager answers ${status}: ${why}`.slice(0, LONGEST_WHY);
}
