import { describe, expect, test } from "vitest";
import { FakeClock } from "../kube/fake-clock.ts";
import { JobNews } from "./job-news.ts";

const effect = { kind: "readConfiguration", jobId: "j", url: "http://flink" } as const;
type Port = Parameters<JobNews["read"]>[1];

async function read(configuration: Port["configuration"], signal = AbortSignal.any([])) {
  const clock = new FakeClock();
  const news = new JobNews(clock);
  await news.read("uid", { configuration } as Port, effect, String, signal);
  expect(news.configuration("uid")).toMatchObject({ jobId: "j", at: clock.now() });
  return { news, shown: news.configuration("uid")?.shown };
}

describe("the configuration that a job runs with", () => {
  test("is what Flink shows, until the FlinkJob goes", async () => {
    const { news, shown } = await read(async () => ({ parallelism: 2 }));
    expect(shown).toEqual({ parallelism: 2 });
    news.forget("uid");
    expect(news.configuration("uid")).toBeUndefined();
  });

  test.each<[string, Port["configuration"]]>([
    ["knows no such job", async () => undefined],
    ["answers what nobody understands", () => Promise.reject(new Error("BadReply"))],
  ])("is not asked for again where Flink %s", async (_how, configuration) => {
    expect((await read(configuration)).shown).toBeUndefined();
  });

  test("is asked for again by whoever comes after an operator that is being stopped", async () => {
    const stopped = AbortSignal.abort();
    await expect(read(() => Promise.reject(new Error("Aborted")), stopped)).rejects.toThrow("Aborted");
  });
});

test("what Flink's own client asks for about a job's end is asked for with its bound, until the FlinkJob goes", async () => {
  const news = new JobNews(new FakeClock());
  const bounds: number[] = [];
  const port = {
    verbatimResult: async (_: string, longest: number) => {
      bounds.push(longest);
      return { kind: "completed", text: "{}" };
    },
  } as unknown as Port;
  await news.read("uid", port, { ...effect, kind: "readExecutionResult" }, String, AbortSignal.any([]));
  expect(bounds).toEqual([32_768]);
  expect(news.executionResult("uid")).toMatchObject({
    jobId: "j",
    result: { kind: "completed", text: "{}" },
  });
  news.forget("uid");
  expect(news.executionResult("uid")).toBeUndefined();
});
