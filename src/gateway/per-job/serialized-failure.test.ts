import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { JavaArray, type JavaClass, JavaObject, javaStream } from "./java-stream.ts";
import { executionFailure, initializationFailure } from "./serialized-failure.ts";

const jobId = "a1a2a3a4a5a6a7a81122334455667788";
const bytesOf = (failure: { "serialized-throwable": string }) =>
  Buffer.from(failure["serialized-throwable"], "base64");
const sum = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex").slice(0, 16);

// What a JVM with Flink 1.20.5 and 2.3.0 has read, and told the class, the message and the JobID of: test/node/per-job-client.test.ts lets
// the real client do it. Whoever changes a byte lets one read it again.
test("a job that never came to be", () => {
  const failure = initializationFailure(jobId, "no cluster: größer, \u{1F600}");
  const bytes = bytesOf(failure);
  expect(failure).toMatchObject({
    class: "org.apache.flink.runtime.client.JobInitializationException",
    "stack-trace":
      "org.apache.flink.runtime.client.JobInitializationException: no cluster: größer, \u{1F600}",
  });
  expect(bytes.includes(Buffer.from(jobId, "hex"))).toBe(true);
  expect([bytes.length, sum(bytes)]).toEqual([1483, "178773300fbb5bca"]);
});

test("a job that did", () => {
  const bytes = bytesOf(executionFailure(jobId, "its result is too large"));
  expect(bytes.includes("JobInitializationException")).toBe(false);
  expect([bytes.length, sum(bytes)]).toEqual([1380, "2c5d3988f2279f4c"]);
});

test("messages are bounded, and have neither line breaks nor control characters", () => {
  const { "stack-trace": told } = initializationFailure(jobId, `a\nb\0c\u{1F600}${"x".repeat(10_000)}`);
  expect(told).toMatch(/: a b c\u{1F600}x+…$/u);
  expect(told.length).toBeLessThan(4_200);
});

const parent: JavaClass = { name: "a.Parent", uid: -1n, fields: [["id", "J"]], hasWriteObject: true };
const child: JavaClass = {
  name: "a.Child",
  uid: 1n,
  fields: [
    ["name", "Ljava/lang/String;"],
    ["self", "La/Child;"],
  ],
  parent,
};

test("a stream in the words of the specification: descriptors, then values from the uppermost class on, and what is known by its handle", () => {
  const object = new JavaObject(child, { id: 7n, name: "Ljava/lang/String;" });
  object.values.self = object;
  const utf = (text: string) =>
    `${text.length.toString(16).padStart(4, "0")}${Buffer.from(text).toString("hex")}`;
  expect(javaStream(object).toString("hex")).toBe(
    [
      ...["aced0005", "73"],
      ...["72", utf("a.Child"), "0000000000000001", "02", "0002"],
      ...[
        "4c",
        utf("name"),
        "74",
        utf("Ljava/lang/String;"),
        "4c",
        utf("self"),
        "74",
        utf("La/Child;"),
        "78",
      ],
      ...["72", utf("a.Parent"), "ffffffffffffffff", "03", "0001", "4a", utf("id"), "78", "70"],
      // Parent's, with the end of what its writeObject wrote; Child's: a text and an object that are there.
      ...["0000000000000007", "78", "71007e0001", "71007e0004"],
    ].join(""),
  );
});

test("what Java would not read is not written", () => {
  const object = new JavaObject(child, { id: 1n, name: "x".repeat(70_000), self: new JavaArray(parent) });
  expect(() => javaStream(object)).toThrow(RangeError);
  expect(javaStream(new JavaObject(child, { id: 1n, name: "\0ä€" })).toString("hex")).toContain(
    "740007c080c3a4e282ac",
  );
});
