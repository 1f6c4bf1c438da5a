import { expect, test } from "vitest";
import { FlinkError } from "../rest/errors.ts";
import type { FlinkRest } from "../rest/flink-rest.ts";
import { readVerbatimResult } from "./job-result.ts";

type Read = Awaited<ReturnType<FlinkRest["executionResultText"]>>;

const read = (answer: () => Promise<Read>, longest = 100) =>
  readVerbatimResult({ executionResultText: answer } as unknown as FlinkRest, "j", longest, undefined);
const completed = (text: string) => async (): Promise<Read> => ({
  text,
  result: { state: "completed", applicationStatus: "SUCCEEDED", netRuntime: 1 },
});

test("an execution result is kept to the letter, up to its bound in bytes", async () => {
  const text = ' {"status":{"id":"COMPLETED"}, "odd": "ü"} ';
  const bytes = Buffer.byteLength(text);
  expect(await read(completed(text), bytes)).toEqual({ kind: "completed", text });
  expect(await read(completed(text), bytes - 1)).toEqual({ kind: "tooLong", bytes });
});

test.each<[string, () => Promise<Read>, unknown]>([
  [
    "is not there before the end",
    async () => ({ text: "{}", result: { state: "inProgress" } }),
    { kind: "inProgress" },
  ],
  ["is not there without the job", async () => undefined, undefined],
  [
    "is longer than any answer may be",
    () => Promise.reject(new FlinkError("BodyTooLarge", "too large")),
    { kind: "tooLong" },
  ],
])("it %s", async (_, answer, want) => {
  expect(await read(answer)).toEqual(want);
});

test("that nobody answers is no result", async () => {
  await expect(read(() => Promise.reject(new FlinkError("Timeout", "late")))).rejects.toThrow("late");
});
