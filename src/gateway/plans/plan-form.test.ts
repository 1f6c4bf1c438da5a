import { describe, expect, test } from "vitest";
import { BOUNDARY, planBody, planOf } from "../../../test/support/plan-stage.ts";
import { GatewayError } from "../gateway-error.ts";
import { boundaryIn, boundaryOf, PlanForm } from "./plan-form.ts";

const jobId = "a1b2c3d4e5f60718293a4b5c6d7e8f90";
const contentType = `multipart/form-data; boundary=${BOUNDARY}`;

async function read(body: Buffer, size = 64 * 1024) {
  const form = new PlanForm(contentType);
  for (let at = 0; at < body.length; at += size) await form.write(body.subarray(at, at + size));
  return form.end();
}
const edited = (from: string | RegExp, to: string) =>
  Buffer.from(planBody(planOf(jobId)).toString("latin1").replace(from, to), "latin1");

test.each([
  ["executionPlan", 64 * 1024],
  ["jobgraph", 64 * 1024],
  ["executionPlan", 1],
  ["executionPlan", 7],
] as const)("%s in pieces of %i bytes", async (kind, size) => {
  const plan = planOf(jobId, "77", kind);
  expect(await read(planBody(plan), size)).toEqual({ file: plan.file, jobId, format: kind });
});

const other = "f".repeat(32);
test.each([
  ["no request", edited('name="request"', 'name="other"')],
  ["a request that is no JSON", edited('{"executionPlanFileName"', "{executionPlanFileName")],
  ["a name that leads elsewhere", edited(/flink-executionPlan-/g, "../flink-executionPlan-")],
  ["a plan's name with a path", edited('filename="flink', 'filename="/etc/flink')],
  ["a name of another shape", edited(/123\.bin/g, "123.jar")],
  ["upper-case digits", edited(new RegExp(jobId, "g"), jobId.toUpperCase())],
  [
    "another plan than its request names",
    edited(`filename="flink-executionPlan-${jobId}`, `filename="flink-executionPlan-${other}`),
  ],
  ["no closing boundary", edited(`--${BOUNDARY}--`, "")],
  ["nothing", Buffer.alloc(0)],
  ["a preamble", Buffer.concat([Buffer.from("hello\r\n"), planBody(planOf(jobId))])],
  ["a plan before its request", edited('name="request"', 'name="file_0"; filename="x.bin"')],
  ["a request as large as a plan", edited('"cli.jar"', `"${"x".repeat(300_000)}"`)],
  [
    "very many parts",
    Buffer.from(
      `--${BOUNDARY}\r\ncontent-disposition: form-data; name="x"; filename="y"\r\n\r\n\r\n`.repeat(1_100),
    ),
  ],
])("%s is refused", async (_what, body) => {
  await expect(read(body)).rejects.toMatchObject({ code: "BadRequest" });
  await expect(read(body, 100)).rejects.toMatchObject({ code: "BadRequest" });
});

test("is refused as soon as its name is known, not when all has come", async () => {
  const refused = new GatewayError("BadRequest", "another Flink");
  const form = new PlanForm(contentType, () => {
    throw refused;
  });
  const body = planBody(planOf(jobId));
  await expect(form.write(body.subarray(0, body.indexOf("a Java stream")))).rejects.toBe(refused);
});

describe("the boundary", () => {
  test.each([
    [contentType, BOUNDARY],
    ['multipart/form-data; boundary="a b"', undefined],
    ['Multipart/Form-Data;charset=utf-8; boundary="a:b/c"', "a:b/c"],
    ["multipart/form-data; boundary=a; charset=x", "a"],
    ["application/json", undefined],
    ["multipart/form-data", undefined],
    ["multipart/form-data; boundary=", undefined],
    [`multipart/form-data; boundary=${"x".repeat(71)}`, undefined],
    ["multipart/form-data; boundary=a\r\nb", undefined],
    [undefined, undefined],
  ])("%s: %s", (header, want) => {
    if (want !== undefined) expect(boundaryOf(header)).toBe(want);
    else expect(() => boundaryOf(header)).toThrow(expect.objectContaining({ code: "UnsupportedMediaType" }));
  });

  test("is found again in what was kept, which passes whole", async () => {
    const body = planBody(planOf(jobId));
    async function* content() {
      yield body.subarray(0, 200);
      yield body.subarray(200);
    }
    const found = await boundaryIn(content());
    expect(found.boundary).toBe(`"${BOUNDARY}"`);
    const chunks: Buffer[] = [];
    for await (const chunk of found.body) chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(body)).toBe(true);
    async function* nothing() {
      yield Buffer.from("hello\r\n");
    }
    await expect(boundaryIn(nothing())).rejects.toThrow(RangeError);
  });
});
