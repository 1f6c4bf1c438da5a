import { expect, test } from "vitest";
import { answersVerdict } from "./send-verdict.ts";

const errors = (...all: string[]) => JSON.stringify({ errors: all });
const server = (stack: string) => errors("Internal server error.", `<Exception on server side:\n${stack}`);

test.each([
  [202, '{"jobUrl":"/jobs/x"}', { kind: "taken" }],
  [
    500,
    server(
      "org.apache.flink.runtime.client.DuplicateJobSubmissionException: Job has already been submitted.\n\tat a.B.c(B.java)",
    ),
    { kind: "taken" },
  ],
  [
    500,
    server(
      "org.apache.flink.runtime.client.DuplicateApplicationSubmissionException: Application has already been submitted.",
    ),
    { kind: "taken" },
  ],
  [503, errors("Service temporarily unavailable due to an ongoing leader election."), { kind: "later" }],
  [504, "", { kind: "later" }],
  [
    500,
    server(
      "java.util.concurrent.CompletionException: x\n\tat a.B.c(B.java)\nCaused by: java.io.IOException: No space left on device\n\t... 3 more",
    ),
    {
      kind: "failed",
      why: expect.stringContaining("java.io.IOException: No space left on device"),
    },
  ],
  [
    400,
    errors("jobGraphFileName field must not be omitted"),
    { kind: "refused", why: "its JobManager answers 400: jobGraphFileName field must not be omitted" },
  ],
  [413, "<html>", { kind: "refused" }],
  [404, errors("Not found: /v1/jobs"), { kind: "refused" }],
])("%i %s", (status, text, want) => {
  expect(answersVerdict(status, text)).toMatchObject(want);
});

test("what it says is bounded", () => {
  expect(answersVerdict(400, errors("x".repeat(100_000)))).toMatchObject({
    why: expect.stringMatching(/^.{1,1024}$/),
  });
});
