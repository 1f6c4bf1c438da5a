import type { RunOutcome } from "../../../src/core/observed.ts";

const failed = (reason: Extract<RunOutcome, { kind: "failed" }>["reason"], message: string): RunOutcome => ({
  kind: "failed",
  reason,
  message,
  retryable: false,
});

/** The answers to a run request, as src/flink classifies them. One object each, so that they can be told by identity. */
export const outcomes = {
  accepted: { kind: "accepted" },
  duplicate: { kind: "duplicate", message: "Job has already been submitted." },
  mainFailed: failed("MainFailed", "the user's code says no"),
  noJob: failed("NoJobInMain", "No jobs included in application."),
  savepointNotFound: failed("SavepointNotFound", "Cannot find checkpoint or savepoint"),
  jarNotFound: failed("JarNotFound", "Jar file does not exist"),
  jarGone: failed("JarNotFound", "Could not upload job files."),
  reset: { kind: "unknown", reason: "Reset", message: "the connection was reset" },
  refused: { kind: "notSent", reason: "ClusterUnreachable", message: "connection refused", retryable: true },
} satisfies Record<string, RunOutcome>;

const accepted = new Map<string, RunOutcome>();

/** 202 of /run-application. */
export function acceptedApplication(jobId: string): RunOutcome {
  const known = accepted.get(jobId);
  if (known) return known;
  const outcome: RunOutcome = { kind: "accepted", applicationId: jobId };
  accepted.set(jobId, outcome);
  return outcome;
}
