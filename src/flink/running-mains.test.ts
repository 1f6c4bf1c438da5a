import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { threadDump } from "./rest/replies.ts";
import { runningMains } from "./running-mains.ts";

/** Recorded while lab.Jobs.main() slept: one /run on each version, and on 2.3.0 one /run-application besides. */
const recorded: Record<string, unknown> = JSON.parse(
  readFileSync(new URL("fixtures/thread-dumps.json", import.meta.url), "utf8"),
);

test("1.20.5: a thread per /run, with the user's own frame", () => {
  expect(runningMains(threadDump.parse(recorded["1.20.5"]))).toEqual([
    { thread: "flink-jar-runner-thread-19", via: "run", userFrame: "lab.Jobs.main(Jobs.java:25)" },
  ]);
});

test("2.3.0: /run-application runs main() on a thread of the dispatcher's pool", () => {
  expect(runningMains(threadDump.parse(recorded["2.3.0"]))).toEqual([
    {
      thread: "flink-pekko.actor.default-dispatcher-14",
      via: "application",
      userFrame: "lab.Jobs.main(Jobs.java:25)",
    },
    { thread: "flink-jar-runner-thread-19", via: "run", userFrame: "lab.Jobs.main(Jobs.java:25)" },
  ]);
});

const thread = (threadName: string, ...frames: string[]) => ({
  threadName,
  stringifiedThreadInfo: `"${threadName}" Id=1 RUNNABLE\n${frames.map((frame) => `\tat ${frame}\n`).join("")}\n`,
});
const call = "app//org.apache.flink.client.program.PackagedProgram.callMainMethod(PackagedProgram.java:359)";

test("the frame where main() hangs, not the library that it hangs in", () => {
  const hanging = thread(
    "flink-jar-runner-thread-1",
    "java.base@17.0.15/java.net.Socket.connect(Socket.java:1)",
    "app//org.apache.flink.api.Some.thing(Some.java:1)",
    "shop.Topics.wait(Topics.java:9)",
    "shop.Main.main(Main.java:3)",
    "java.base@17.0.15/java.lang.reflect.Method.invoke(Method.java:569)",
    call,
  );
  expect(runningMains([hanging])).toEqual([
    { thread: "flink-jar-runner-thread-1", via: "run", userFrame: "shop.Topics.wait(Topics.java:9)" },
  ]);
});

test("a runner thread counts before main() has begun and after it has returned", () => {
  const early = thread(
    "flink-jar-runner-thread-2",
    "java.base@17/java.util.zip.ZipFile.open(ZipFile.java:1)",
  );
  expect(runningMains([early])).toEqual([{ thread: "flink-jar-runner-thread-2", via: "run" }]);
});

test("an idle JobManager has none", () => {
  expect(
    runningMains([
      thread("main", "java.lang.Thread.sleep(Native Method)"),
      thread("my-flink-jar-runner-thread-1"),
    ]),
  ).toEqual([]);
});
