import type * as z from "zod";
import { type RunAsyncRequest, runAsyncRequest } from "../../api/run-async.ts";
import { GatewayError } from "../gateway-error.ts";

/** What is to be run, in the spec's words: what two requests of one trigger ID are compared by. */
export interface RunWish
  extends Omit<RunAsyncRequest, "triggerId" | "jarId" | "programArgs" | "programArgsList" | "restoreMode"> {
  readonly args: readonly string[];
}

/** A request that may be processed. */
export interface SubmissionRequest {
  readonly triggerId: string | undefined;
  /** Undefined: the JAR comes with the request. */
  readonly jarId: string | undefined;
  readonly run: RunWish;
}

/**
 * Reads the JSON of a run request. `jarInRequest`: whether the JAR comes beside it. Throws the GatewayError BadRequest, which names
 * every field that is wrong and the way out.
 */
export function readRequest(body: unknown, jarInRequest: boolean): SubmissionRequest {
  const { triggerId, jarId, programArgs, programArgsList, restoreMode, ...run } = parse(body);
  const problems: string[] = [];
  if (jarInRequest && jarId !== undefined)
    problems.push("jarId: the JAR came with the request as well; send one of the two");
  if (!jarInRequest && jarId === undefined) {
    problems.push(
      "jarId: missing; name a JAR that was uploaded before, or send the JAR itself as part jarfile of a multipart/form-data request",
    );
  }
  if (programArgs !== undefined && programArgsList !== undefined)
    problems.push("programArgs: programArgsList says the same; send one of the two");
  if (restoreMode !== undefined && run.claimMode !== undefined)
    problems.push("restoreMode: claimMode says the same by its newer name; send one of the two");
  const args = programArgsList ?? wordsOf(programArgs ?? "");
  if (args.length > 256) problems.push("programArgs: must have at most 256 arguments");
  if (problems.length > 0) throw badRequest(problems);
  const mode = run.claimMode ?? restoreMode;
  return { triggerId, jarId, run: { ...run, ...(mode === undefined ? {} : { claimMode: mode }), args } };
}

/** Reads a trigger ID out of an address. Throws the GatewayError BadRequest. */
export function readTriggerId(text: string): string {
  const checked = runAsyncRequest.shape.triggerId.safeParse(text);
  if (checked.success && checked.data !== undefined) return checked.data;
  throw badRequest([`triggerId: ${checked.error?.issues[0]?.message ?? "missing"}`]);
}

function parse(body: unknown): RunAsyncRequest {
  if (typeof body !== "object" || body === null || Array.isArray(body))
    throw badRequest(["The run request must be a JSON object"]);
  // Clients that write every field they know send null for what is not set.
  const given = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));
  const checked = runAsyncRequest.safeParse(given);
  if (checked.success) return checked.data;
  throw badRequest(checked.error.issues.flatMap((issue) => describe(issue)));
}

const ownWords: Readonly<Record<string, string>> = {
  jobId:
    "the JobID follows from the trigger ID, so that the job is recognised; leave it out and read it from tracking",
  programArg: "did you mean programArgsList?",
  args: "did you mean programArgsList?",
  configuration: "did you mean flinkConfiguration?",
};

/** `field: what is wrong`, bounded. */
function describe(issue: z.core.$ZodIssue): string[] {
  if (issue.code === "unrecognized_keys") {
    const known = Object.keys(runAsyncRequest.shape).join(", ");
    return issue.keys
      .slice(0, 8)
      .map((key) => `${shown(key)}: ${ownWords[key] ?? `unknown field; known are ${known}`}`);
  }
  const [first, ...rest] = issue.path.map(String);
  const path = [first ?? "request", ...rest.map((part) => shown(part))].join(".");
  const message = issue.code === "invalid_union" ? "must be a string, a number or a boolean" : issue.message;
  return [`${path}: ${message}`];
}

function shown(name: string): string {
  return name.length <= 128 ? name : `${name.slice(0, 127).toWellFormed()}…`;
}

/** Most problems that one answer names. */
const MOST_PROBLEMS = 16;

export function badRequest(problems: readonly string[]): GatewayError {
  const [first = "Bad request", ...more] = problems.slice(0, MOST_PROBLEMS);
  return new GatewayError("BadRequest", first, { more });
}

/** As Flink splits programArgs: at blanks, with quotes of both kinds, which go. */
function wordsOf(text: string): string[] {
  return [...text.matchAll(/"([^"]*)"|'([^']*)'|[^\s"']+/g)].map(
    ([word, double, single]) => double ?? single ?? word,
  );
}
