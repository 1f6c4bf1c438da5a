import { expect, test } from "vitest";
import { createLogger, forObject, type LoggingOptions } from "./logging.ts";
import { redacted } from "./redaction.ts";

function collecting(options: Partial<LoggingOptions> & { isTTY?: boolean } = {}) {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line), isTTY: options.isTTY ?? false };
  const logger = createLogger({ level: "info", format: "auto", ...options, destination });
  return { lines, logger, last: () => JSON.parse(lines.at(-1) ?? "{}") as Record<string, unknown> };
}

test("one JSON object per line, with a time that sorts, a level in words and the object's fields", () => {
  const { logger, lines, last } = collecting();
  forObject(logger, { kind: "FlinkJob", namespace: "team-a", name: "counter", generation: 3 }).info(
    { triggerId: "g3" },
    "Submitted Flink job",
  );
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^\{.*\}\n$/);
  expect(last()).toEqual({
    level: "info",
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    kind: "FlinkJob",
    namespace: "team-a",
    name: "counter",
    generation: 3,
    triggerId: "g3",
    message: "Submitted Flink job",
  });
});

test("says nothing below its level", () => {
  const { logger, lines } = collecting({ level: "warn" });
  logger.info("Listed FlinkJobs");
  logger.warn("Lost lease");
  expect(lines).toHaveLength(1);
});

test("secrets stay out of fields, of children's fields, of messages and of errors", () => {
  const { logger, lines } = collecting();
  const error = new Error("GET http://me:hunter2@flink:8081/ failed");
  const child = logger.child({ authorization: "Bearer hunter2hunter2" });
  child.info({ headers: { cookie: "hunter2" } }, "Sent Bearer hunter2hunter2");
  child.error({ error }, "Failed");
  child.error(error);
  expect(lines).toHaveLength(3);
  expect(lines.join("")).not.toContain("hunter2");
  expect(lines.join("")).toContain(redacted);
});

test("an error is logged with its type, message, code, cause and stack", () => {
  const { logger, last } = collecting();
  const cause = Object.assign(new Error("closed"), { code: "ECONNRESET" });
  logger.error({ error: new RangeError("no answer", { cause }) }, "Failed to poll Flink cluster");
  expect(last().error).toMatchObject({
    type: "RangeError",
    message: "no answer",
    stack: expect.stringContaining("logging.test.ts"),
    cause: { type: "Error", message: "closed", code: "ECONNRESET" },
  });
});

test("auto is pretty on a terminal only, and pretty is one line too", () => {
  const terminal = collecting({ isTTY: true });
  terminal.logger.info({ name: "counter" }, "Submitted Flink job");
  expect(terminal.lines.join("")).toContain("Submitted Flink job");
  expect(terminal.lines.join("")).not.toMatch(/^\{/);
  expect(terminal.lines.join("").trimEnd().split("\n")).toHaveLength(1);
  const forced = collecting({ format: "pretty" });
  forced.logger.info({ password: "hunter2" }, "Connected");
  expect(forced.lines.join("")).not.toContain("hunter2");
  // Neither colours nor cursor codes where nobody can see them.
  expect(forced.lines.join("")).not.toContain("\u001b");
});
