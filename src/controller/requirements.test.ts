import { describe, expect, test } from "vitest";
import type { RequirementsSeen } from "../core/observed.ts";
import type { ResourceRequirements } from "../core/resource-requirements.ts";
import type { JobManagerPort } from "../ports.ts";
import { Requirements } from "./requirements.ts";

const jobId = "a".repeat(32);
const requirements: ResourceRequirements = new Map([["source", { lower: 1, upper: 4 }]]);
const to = { jobId, url: "http://a.flink:8081", incarnation: "p1" };
const read = { kind: "readRequirements", ...to } as const;
const require = { kind: "requireResources", ...to, requirements } as const;

type Port = Pick<JobManagerPort, "resourceRequirements" | "requireResources">;

/** What is remembered after these effects, the clock going on by a second with each. */
async function remembered(port: Partial<Port>, effects: (typeof read | typeof require)[]) {
  let now = 0;
  const memory = new Requirements({ now: () => (now += 1_000) } as never);
  const unasked = () => Promise.reject(new Error("not to be asked"));
  const jobManager = { resourceRequirements: unasked, requireResources: unasked, ...port };
  const told = (message: string) => message.replace("hunter2", "***");
  const { signal } = new AbortController();
  for (const effect of effects) await memory.perform("uid", jobManager, effect, told, signal);
  return { seen: memory.get("uid"), memory };
}

const resultOf = async (port: Partial<Port>, effect: typeof read | typeof require) =>
  (await remembered(port, [effect])).seen?.result;

describe("what is read", () => {
  test.each<[string, Awaited<ReturnType<Port["resourceRequirements"]>>, RequirementsSeen["result"]]>([
    ["of a job that can be scaled", requirements, { kind: "read", requirements }],
    ["of one that cannot", "unsupported", { kind: "unsupported" }],
    ["of one that is listed and not known: one of the two is older", undefined, { kind: "failed" }],
  ])("%s", async (_, answer, want) => {
    expect(await resultOf({ resourceRequirements: () => Promise.resolve(answer) }, read)).toEqual(want);
  });

  test("it comes with when, and of which process", async () => {
    const { seen } = await remembered({ resourceRequirements: () => Promise.resolve(requirements) }, [read]);
    expect(seen).toMatchObject({ jobId, at: 1_000, incarnation: "p1" });
    expect(seen?.requiredAt).toBeUndefined();
  });
});

describe("what is required", () => {
  test("that Flink took it says only that, and when stays on record", async () => {
    const port = {
      requireResources: () => Promise.resolve("taken" as const),
      resourceRequirements: () => Promise.resolve(requirements),
    };
    expect((await remembered(port, [require])).seen).toMatchObject({
      result: { kind: "asked" },
      requiredAt: 1_000,
    });
    expect((await remembered(port, [require, read])).seen).toMatchObject({
      result: { kind: "read" },
      requiredAt: 1_000,
    });
    const another = { ...read, jobId: "b".repeat(32) };
    expect((await remembered(port, [require, another])).seen?.requiredAt).toBeUndefined();
  });

  test("what Flink says against it is told without secrets", async () => {
    const port = { requireResources: () => Promise.resolve({ refused: "password hunter2" }) };
    expect(await resultOf(port, require)).toEqual({
      ...{ kind: "refused", message: "password ***", requirements },
    });
  });
});

test("what goes wrong comes not between the job and the rest", async () => {
  const port = {
    resourceRequirements: () => Promise.reject(new Error("503")),
    requireResources: () => Promise.reject(new Error("reset")),
  };
  expect(await resultOf(port, read)).toEqual({ kind: "failed" });
  expect(await resultOf(port, require)).toEqual({ kind: "failed" });
});

test("but an operator that ends does not go on", async () => {
  const memory = new Requirements({ now: () => 0 } as never);
  const failing = { resourceRequirements: () => Promise.reject(new Error("aborted")) } as unknown as Port;
  const ended = memory.perform("uid", failing, read, (message) => message, AbortSignal.abort());
  await expect(ended).rejects.toThrow("aborted");
  expect(memory.get("uid")).toBeUndefined();
});

test("memory goes with the FlinkJob", async () => {
  const { memory } = await remembered({ resourceRequirements: () => Promise.resolve(requirements) }, [read]);
  memory.forget("uid");
  expect(memory.get("uid")).toBeUndefined();
});
