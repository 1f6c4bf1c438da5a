import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { FlinkError } from "./rest/errors.ts";
import { exceptions } from "./rest/replies.ts";
import { errorFromAnswer } from "./rest/transport.ts";
import { classifyRun, failureOf, type RunOutcome } from "./run-outcome.ts";

/** Answers of real Flink 1.20.5 and 2.3.0, recorded, with one stack frame left per cause. */
type Recorded = { status: number; errors?: string[]; body?: unknown };
const recorded: Record<string, Record<string, Recorded>> = JSON.parse(
  readFileSync(new URL("fixtures/answers.json", import.meta.url), "utf8"),
);

function classify(version: string, name: string): RunOutcome {
  const answer = recorded[version]?.[name];
  if (answer === undefined) throw new Error(`no answer ${name} of ${version} was recorded`);
  return classifyRun(errorFromAnswer(answer.status, JSON.stringify({ errors: answer.errors }), "POST /run"));
}

const failed = (reason: string, message: string | RegExp) => ({ kind: "failed", reason, message });
const duplicate = { kind: "duplicate", message: /has already been submitted\.$/ };

const both: Record<string, { kind: string; reason?: string; message: string | RegExp }> = {
  duplicate,
  "duplicate-finished": duplicate,
  entryclass: failed(
    "EntryClassNotFound",
    "The program's entry point class 'no.such.Main' was not found in the jar file.",
  ),
  nomain: failed("EntryClassNotFound", "The given program class does not have a main(String[]) method."),
  jarmissing: failed("JarNotFound", /^Jar file .*_x\.jar does not exist$/),
  notajar: failed("NotAJar", /^Error while opening jar file '.*_fake\.jar'$/),
  throw: failed("MainFailed", "java.lang.IllegalStateException: LAB user code says no"),
  noexec: failed("NoJobInMain", "No jobs included in application."),
  result: failed("MainFailed", /InvalidProgramException: Job was submitted in detached mode\./),
  savepoint: failed(
    "SavepointNotFound",
    /^Cannot find checkpoint or savepoint .* 'file:\/\/\/savepoints\/none'/,
  ),
  "savepoint-scheme": failed(
    "SavepointNotFound",
    /'s3:\/\/b\/none'\. Could not find a file system implementation/,
  ),
  badvalue: failed(
    "InvalidConfiguration",
    "Could not parse value 'often' for key 'execution.checkpointing.interval'.",
  ),
  badrestart: failed("InvalidConfiguration", "nope is an unknown value of RestartStrategyType."),
  badbackend: failed("InvalidConfiguration", "Cannot find configured state backend factory class: nope"),
  nested: failed(
    "InvalidConfiguration",
    /^Cannot deserialize value of type `java\.lang\.String` from Object value[^\n]*$/,
  ),
  badjson: failed("InvalidConfiguration", "Unexpected end-of-input within/between Object entries"),
  badclaim: failed(
    "InvalidConfiguration",
    /not one of the values accepted for Enum class: \[LEGACY, CLAIM, NO_CLAIM\]$/,
  ),
  negpar: failed("InvalidConfiguration", /^Parallelism must be at least one/),
  bigpar: failed("InvalidConfiguration", "Operator parallelism not within bounds: 100000"),
  badjobid: failed("InvalidJobId", /^Cannot parse JobID from "xyz"\./),
};

describe.each(["1.20.5", "2.3.0"])("answers of Flink %s", (version) => {
  test.each(Object.entries(both))("%s", (name, want) => {
    const outcome = classify(version, name);
    const message = typeof want.message === "string" ? want.message : expect.stringMatching(want.message);
    expect(outcome).toMatchObject({ ...want, message });
  });
});

test("a second execute() on 2.3 meets the first under its JobID", () => {
  expect(classify("2.3.0", "two").kind).toBe("duplicate");
  expect(classify("2.3.0", "twoasync").kind).toBe("duplicate");
});

test("web.submit.enable: false", () => {
  const text = JSON.stringify({ errors: ["Not found: /jars/x.jar/run"] });
  expect(classifyRun(errorFromAnswer(404, text, "POST /run"))).toEqual({
    kind: "failed",
    reason: "SubmissionDisabled",
    message: "the cluster accepts no JARs (web.submit.enable: false)",
    retryable: false,
  });
});

test("run-application: duplicates at once, missing before 2.3", () => {
  expect(classify("2.3.0", "app-duplicate").kind).toBe("duplicate");
  expect(classify("2.3.0", "app-entryclass")).toMatchObject({ reason: "EntryClassNotFound" });
  expect(classify("2.3.0", "app-jarmissing")).toMatchObject({ reason: "JarNotFound" });
  expect(classify("1.20.5", "app-first")).toMatchObject({ kind: "failed", reason: "SubmissionDisabled" });
});

const chain = (...causes: string[]) =>
  JSON.stringify({
    errors: [causes.map((cause, i) => `${i ? "Caused by: " : ""}${cause}\n\tat x.Y.z(Y.java:1)`).join("\n")],
  });
const main = (message: string) =>
  `org.apache.flink.client.program.ProgramInvocationException: The main method caused an error: ${message}`;

describe("what proves nothing is unknown", () => {
  const ask = "org.apache.pekko.pattern.AskTimeoutException: Ask timed out on [Actor[...]] after [60000 ms].";
  const execute = "org.apache.flink.util.FlinkException: Failed to execute job 'j'.";
  test.each([
    [
      "time-out of the RPC that hands the job over",
      400,
      chain(main("Failed to execute job 'j'."), execute, ask),
    ],
    [
      "dead leader",
      400,
      chain(main("Failed to execute job 'j'."), execute, "java.net.ConnectException: Connection refused"),
    ],
    [
      "time-out while the job is initialised",
      400,
      chain(
        main("Failed to execute job 'j'."),
        execute,
        "org.apache.flink.runtime.client.JobInitializationException: Could not start the JobMaster.",
        "java.util.concurrent.TimeoutException: Invocation timed out",
      ),
    ],
    [
      "submission failed, cause not known to us",
      400,
      chain(main("Failed to execute job 'j'."), execute, "x.Y: z"),
    ],
    ["400 without Flink's form", 400, "<html>Bad Request</html>"],
    ["500 without cause", 500, JSON.stringify({ errors: ["Internal server error."] })],
    [
      "503 of a proxy: it may have passed the request on",
      503,
      "upstream connect error or disconnect/reset before headers",
    ],
    ["503 in JSON of a proxy", 503, JSON.stringify({ errors: ["upstream gone"] })],
    ["502", 502, ""],
    ["404 of a proxy", 404, "<html>default backend</html>"],
    ["401", 401, "log in"],
    ["429 of a proxy", 429, "wait a little"],
  ])("%s", (_name, status, text) => {
    expect(classifyRun(errorFromAnswer(status, text, "POST /run")).kind).toBe("unknown");
  });

  test.each(["Timeout", "Reset", "Aborted", "BadReply", "BodyTooLarge"] as const)("%s", (code) => {
    expect(classifyRun(new FlinkError(code, "x"))).toEqual({ kind: "unknown", reason: code, message: "x" });
  });
});

test("who is told to wait by something in between may ask again; Flink has refused nothing", () => {
  const { code, retry, sent } = errorFromAnswer(429, "<h1>429</h1>", "POST /jobs/x/stop");
  expect({ code, retry, sent }).toEqual({ code: "Unavailable", retry: "backoff", sent: "maybe" });
});

test("only what cannot have left is not sent", () => {
  for (const code of [
    "ConnectionRefused",
    "ConnectTimeout",
    "NameNotResolved",
    "DestinationNotAllowed",
  ] as const) {
    expect(classifyRun(new FlinkError(code, "x"))).toEqual({ kind: "notSent", reason: code, message: "x" });
  }
  const election = "Service temporarily unavailable due to an ongoing leader election. Please refresh.";
  const noLeader = errorFromAnswer(503, JSON.stringify({ errors: [election] }), "POST /run");
  expect(classifyRun(noLeader)).toMatchObject({ kind: "notSent", reason: "NoLeader" });
});

test("accepted", () => {
  const jobId = "0".repeat(32);
  expect(classifyRun({ jobId, applicationId: undefined })).toEqual({ kind: "accepted", jobId });
  expect(classifyRun({ jobId: undefined, applicationId: jobId })).toEqual({
    kind: "accepted",
    applicationId: jobId,
  });
});

test("what is no FlinkError is a fault of the program", () => {
  expect(() => classifyRun(new TypeError("x"))).toThrow(TypeError);
});

test("a main() that could not reach something may work later, and says what and why", () => {
  const text = chain(
    main("no topics"),
    "my.StartException: no topics",
    "my.Inner: middle",
    "java.net.ConnectException: Connection refused",
  );
  expect(classifyRun(errorFromAnswer(400, text, "POST /run"))).toEqual({
    kind: "failed",
    reason: "MainFailed",
    message:
      "my.StartException: no topics; caused by my.Inner: middle; caused by java.net.ConnectException: Connection refused",
    retryable: true,
  });
});

test("a JAR deleted under a running main() is worth another try", () => {
  const text = chain(
    main("Failed to execute job 'j'."),
    "org.apache.flink.util.FlinkException: Failed to execute job 'j'.",
    "org.apache.flink.util.FlinkException: Could not upload job files.",
    "java.io.FileNotFoundException: /upload/x.jar (No such file or directory)",
  );
  expect(classifyRun(errorFromAnswer(400, text, "POST /run"))).toMatchObject({
    reason: "JarNotFound",
    retryable: true,
  });
});

describe("failureOf", () => {
  test.each([
    ["1.20.5", "job-exc", "JobFailed", "java.lang.RuntimeException: LAB task failure"],
    ["2.3.0", "job-exc", "JobFailed", "java.lang.RuntimeException: LAB task failure"],
    ["1.20.5", "sp-exc", "SavepointNotFound", /^Cannot find checkpoint or savepoint/],
    ["2.3.0", "app-exc", "MainFailed", "java.lang.IllegalStateException: LAB user code says no"],
    ["2.3.0", "app-exc-sp", "SavepointNotFound", /^Cannot find checkpoint or savepoint/],
    ["2.3.0", "app-exc-35", "SeveralJobsInMain", /more than one job/],
  ])("%s %s", (version, name, reason, message) => {
    const entries = exceptions.parse(recorded[version]?.[name]?.body);
    expect(failureOf(entries)).toMatchObject({ reason, message: expect.stringMatching(message) });
  });

  test("nothing kept, nothing told", () => {
    expect(failureOf([])).toBeUndefined();
  });
});

test("no message is longer than 1,024 characters or holds a stack", () => {
  const text = chain(main("x".repeat(9000)), `my.Error: ${"ü".repeat(9000)}`);
  const outcome = classifyRun(errorFromAnswer(400, text, "POST /run"));
  expect(outcome).toMatchObject({ reason: "MainFailed" });
  if (outcome.kind !== "failed") throw new Error(outcome.kind);
  expect(outcome.message.length).toBeLessThanOrEqual(1024);
  for (const answers of Object.values(recorded)) {
    for (const { status, errors } of Object.values(answers)) {
      const error = errorFromAnswer(status, JSON.stringify({ errors }), "POST /run");
      expect(error.message).not.toMatch(/\n\s+at |\.java:\d+/);
    }
  }
});
