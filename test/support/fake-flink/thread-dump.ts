import type { RunningMain } from "./running-mains.ts";

interface ThreadInfo {
  readonly threadName: string;
  readonly stringifiedThreadInfo: string;
}

/** GET /jobmanager/thread-dump: the only place where a main() that has not returned can be seen. */
export function threadDump(mains: readonly RunningMain[]): { threadInfos: ThreadInfo[] } {
  const rest: ThreadInfo[] = [
    thread("main", 1, "WAITING on java.util.concurrent.CompletableFuture$Signaller@31169cb5", [
      "java.base@17.0.15/jdk.internal.misc.Unsafe.park(Native Method)",
      "java.base@17.0.15/java.util.concurrent.CompletableFuture.get(CompletableFuture.java:2072)",
      "app//org.apache.flink.runtime.entrypoint.ClusterEntrypoint.runClusterEntrypoint(ClusterEntrypoint.java:739)",
    ]),
    thread("flink-pekko.actor.default-dispatcher-4", 30, "WAITING", [
      "java.base@17.0.15/java.util.concurrent.ForkJoinPool.awaitWork(ForkJoinPool.java:1724)",
    ]),
  ];
  const running = mains.map(({ thread: name, entryClass }, index) => {
    const file = `${entryClass.split(".").pop()}.java`;
    const below = name.startsWith("flink-jar-runner")
      ? [
          "app//org.apache.flink.runtime.webmonitor.handlers.JarRunHandler.lambda$handleRequest$0(JarRunHandler.java:108)",
        ]
      : [
          "app//org.apache.flink.client.deployment.application.PackagedProgramApplication.runApplicationEntryPoint",
        ];
    return thread(name, 100 + index, "TIMED_WAITING", [
      "java.base@17.0.15/java.lang.Thread.sleep(Native Method)",
      `${entryClass}.run(${file}:59)`,
      `${entryClass}.main(${file}:54)`,
      "java.base@17.0.15/java.lang.reflect.Method.invoke(Method.java:569)",
      "app//org.apache.flink.client.program.PackagedProgram.callMainMethod(PackagedProgram.java:359)",
      "app//org.apache.flink.client.ClientUtils.executeProgram(ClientUtils.java:138)",
      ...below,
    ]);
  });
  return { threadInfos: [...rest, ...running] };
}

function thread(name: string, id: number, state: string, frames: readonly string[]): ThreadInfo {
  const stack = frames.map((frame) => `\tat ${frame}\n`).join("");
  return { threadName: name, stringifiedThreadInfo: `"${name}" Id=${id} ${state}\n${stack}\n\n` };
}
