import type { JobException } from "../core/snapshots.ts";
import { describeCauses, readCauses } from "./rest/causes.ts";
import { bounded, type Cause, FlinkError, simpleName } from "./rest/errors.ts";
import type { ExceptionEntry } from "./rest/replies.ts";
import type { RunReply } from "./rest/submission-replies.ts";

/** Why a run request failed, where Flink's answer says so. */
export const RUN_FAILURES = [
  "JarNotFound",
  "NotAJar",
  "EntryClassNotFound",
  "MainFailed",
  "NoJobInMain",
  "SeveralJobsInMain",
  "SavepointNotFound",
  "StateMismatch",
  "InvalidConfiguration",
  "InvalidJobId",
  "SubmissionDisabled",
  "JobFailed",
] as const;
export type RunFailureReason = (typeof RUN_FAILURES)[number];

/** `retryable`: whether the same request may succeed later, all by itself. */
export interface Failure {
  readonly reason: RunFailureReason;
  readonly message: string;
  readonly retryable: boolean;
}

/** What is known after a run request. No answer of Flink but `accepted` and `notSent` says whether a job runs: look. */
export type RunOutcome =
  | { readonly kind: "accepted"; readonly jobId?: string; readonly applicationId?: string }
  /** Provably nothing ran: no connection, or no leader to run it. */
  | { readonly kind: "notSent"; readonly reason: string; readonly message: string }
  /** Flink knows the JobID already: a job under it runs, or did. (2.3: also a second execute() of this very main().) */
  | { readonly kind: "duplicate"; readonly message: string }
  /** Flink says why. A job may run all the same. */
  | ({ readonly kind: "failed" } & Failure)
  /** The answer is lost or says nothing. */
  | { readonly kind: "unknown"; readonly reason: string; readonly message: string };

/**
 * Classifies what `FlinkRest.run` or `runApplication` resolved to or rejected with. Throws what is no FlinkError.
 * @internal
 */
export function classifyRun(result: RunReply | Error): RunOutcome {
  if (!(result instanceof Error)) {
    const { jobId, applicationId } = result;
    return { kind: "accepted", ...(jobId && { jobId }), ...(applicationId && { applicationId }) };
  }
  if (!(result instanceof FlinkError)) throw result;
  const { code, message } = result;
  if (result.sent === "no") return { kind: "notSent", reason: code, message };
  return fromFlink(result) ?? { kind: "unknown", reason: code, message };
}

/**
 * Why a job or an application failed, out of the exceptions that Flink keeps of it: the user's own exception, at most
 * 1,024 characters. Undefined when Flink keeps none.
 * @internal
 */
export function failureOf(exceptions: readonly ExceptionEntry[]): Failure | undefined {
  const newest = exceptions[0];
  if (newest === undefined) return undefined;
  const causes = readCauses(newest.stacktrace);
  // An application has a JobID for one job only: its second execute() meets its first.
  if (duplicateIn(causes) !== undefined)
    return { reason: "SeveralJobsInMain", message: severalJobs, retryable: false };
  const message = describeCauses(causes) ?? bounded(newest.exceptionName);
  return diagnose(causes) ?? { reason: "JobFailed", message, retryable: false };
}

/**
 * One exception out of a job's history, without stack.
 * @internal
 */
export function jobException(entry: ExceptionEntry): JobException {
  const causes = readCauses(entry.stacktrace);
  const className = causes.at(-1)?.className ?? bounded(entry.exceptionName);
  return {
    at: entry.timestamp ?? 0,
    className,
    message: describeCauses(causes) ?? className,
    ...(entry.taskName && { task: bounded(entry.taskName, 200) }),
  };
}

function fromFlink(error: FlinkError): RunOutcome | undefined {
  const { causes, flinkText = "", status } = error;
  const duplicate = duplicateIn(causes);
  if (duplicate !== undefined) return { kind: "duplicate", message: duplicate.message };
  if (status === 404) return missingRoute(flinkText);
  const lostOnTheWay = submitting(causes) && causes.some(({ className }) => rpcFailures.test(className));
  const failure = lostOnTheWay ? undefined : diagnose(causes);
  return failure === undefined ? undefined : { kind: "failed", ...failure };
}

function duplicateIn(causes: readonly Cause[]): Cause | undefined {
  return causes.find((cause) => /^Duplicate(Job|Application)SubmissionException$/.test(simpleName(cause)));
}

function diagnose(causes: readonly Cause[]): Failure | undefined {
  for (const { reason, matches, retryable = false } of rules) {
    const cause = causes.findLast((candidate) => matches(candidate, causes));
    if (cause === undefined) continue;
    const message = reason === "JobFailed" ? (describeCauses(causes) ?? cause.message) : told(cause, causes);
    return { reason, message, retryable };
  }
  // Below main() and not from Flink's own submission: the user's code threw it.
  const main = causes.find(({ message }) => message.startsWith(mainMethod));
  if (main === undefined || submitting(causes)) return undefined;
  return {
    reason: "MainFailed",
    message: describeCauses(causes) ?? main.message,
    retryable: mayPass(causes),
  };
}

/** A file system that cannot be had says why further down. */
function told({ message }: Cause, causes: readonly Cause[]): string {
  const why = causes.at(-1)?.message ?? "";
  return message.startsWith("Cannot access file system") ? bounded(`${message} ${why}`) : message;
}

const severalJobs = "main() submits more than one job under one JobID";
const mainMethod = "The main method caused an error";
/** Between JobManager, Dispatcher and standby: whether the job was taken is not known. */
const rpcFailures =
  /(AskTimeoutException|TimeoutException|Rpc\w*Exception|RecipientUnreachableException|FencingTokenException|EndpointNotStartedException|ConnectException)$/;

/** Whether main() had handed a job to Flink when it failed. */
function submitting(causes: readonly Cause[]): boolean {
  return causes.some(
    ({ className, message }) =>
      message.startsWith("Failed to execute job '") || /\.JobSubmissionException$/.test(className),
  );
}

/** A database or a broker that main() asks may be back later; a wrong argument stays wrong. */
function mayPass(causes: readonly Cause[]): boolean {
  const innermost = causes.at(-1)?.className ?? "";
  return /(Timeout|Connect|UnknownHost|NoRouteToHost|Socket|Unavailable|Transient)\w*(Exception|Error)?$/.test(
    innermost,
  );
}

/** A route that Flink's own router does not have: nothing can have run. */
function missingRoute(flinkText: string): RunOutcome | undefined {
  const path = /(?:Not found: |requested file )(\S+?)\.?$/m.exec(flinkText)?.[1] ?? "";
  const old = path.endsWith("/run-application");
  if (!old && !path.endsWith("/run")) return undefined;
  const message = `the cluster accepts no JARs (web.submit.enable: false${old ? ", or Flink is older than 2.3" : ""})`;
  return { kind: "failed", reason: "SubmissionDisabled", message, retryable: false };
}

interface Rule {
  readonly reason: RunFailureReason;
  readonly matches: (cause: Cause, causes: readonly Cause[]) => boolean;
  readonly retryable?: boolean;
}

const says =
  (pattern: RegExp) =>
  ({ message }: Cause) =>
    pattern.test(message);
const under = (className: string) => (causes: readonly Cause[]) =>
  causes.some((cause) => simpleName(cause) === className);
const initializing = under("JobInitializationException");

/**
 * What Flink's words mean, most telling first; the matching cause's own message is the outcome's message. Checked against
 * the recorded answers of 1.20.5 and 2.3.0 in run-outcome.test.ts.
 */
const rules: readonly Rule[] = [
  { reason: "JarNotFound", matches: says(/^Jar file .* does not exist/) },
  // The JAR was deleted while main() ran.
  { reason: "JarNotFound", matches: says(/^Could not upload job files/), retryable: true },
  {
    reason: "EntryClassNotFound",
    matches: says(
      /entry point class '.*' (was not found|threw an error)|does not have a main\(|Neither a 'Main-Class', nor a 'program-class'|main method .*(is not|must be) (static|public)/,
    ),
  },
  { reason: "NotAJar", matches: says(/^Error while opening jar file|^JAR file (can't be read|.* is not)/) },
  {
    reason: "NoJobInMain",
    matches: says(/^No jobs included in application|The application contains no execute\(\) call/),
  },
  { reason: "SeveralJobsInMain", matches: says(/^Cannot have more than (one execute|\d+ )/) },
  { reason: "InvalidJobId", matches: says(/^Cannot parse (JobID|ApplicationID) from/) },
  { reason: "StateMismatch", matches: says(/Cannot map checkpoint\/savepoint state for operator/) },
  {
    reason: "SavepointNotFound",
    matches: ({ message }, causes) =>
      /^(Cannot (find|access).*(savepoint|checkpoint)|Cannot access file system for checkpoint\/savepoint path|Failed to rollback to checkpoint\/savepoint)/.test(
        message,
      ) && initializing(causes),
  },
  { reason: "InvalidConfiguration", matches: says(/^Could not parse value '.*' for key/) },
  {
    reason: "InvalidConfiguration",
    matches: ({ className }, causes) =>
      /\.(IllegalArgumentException|IllegalConfigurationException|DynamicCodeLoadingException)$/.test(
        className,
      ) && initializing(causes),
  },
  { reason: "InvalidConfiguration", matches: says(/^Parallelism must be at least one, or ExecutionConfig/) },
  {
    reason: "InvalidConfiguration",
    matches: ({ className }, causes) =>
      className.includes(".jackson.databind.") || className.includes(".jackson.core.")
        ? says(/^Request did not match expected format/)(causes[0] ?? { className: "", message: "" })
        : false,
  },
  // The job is registered as FAILED under its JobID.
  { reason: "JobFailed", matches: (cause) => simpleName(cause) === "JobInitializationException" },
];
