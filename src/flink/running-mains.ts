import type { ThreadInfo } from "./rest/replies.ts";

/** A main() that has not returned. */
export interface RunningMain {
  /** Name of the JobManager's thread. */
  readonly thread: string;
  /** The user's frame nearest to where it stands, such as `lab.Jobs.main(Jobs.java:25)`; absent if the stack shows none. */
  readonly userFrame?: string;
  /**
   * `run`: a /jars/:id/run (or /plan). `application`: a /jars/:id/run-application, whose thread has no name of its own.
   */
  readonly via: "run" | "application";
}

/**
 * Reads the main() methods that still run out of GET /jobmanager/thread-dump. Which request started which is not said:
 * treat each as possibly ours. An empty list means that no /run of that process is under way; for a /run-application
 * ask GET /applications/:id as well, since cluster.thread-dump.stacktrace-max-depth may hide the telling frame.
 */
export function runningMains(threads: readonly ThreadInfo[]): RunningMain[] {
  return threads.flatMap((info): RunningMain[] => {
    const frames = framesOf(info.stringifiedThreadInfo);
    const call = frames.findIndex((frame) => frame.startsWith(callMain));
    const runner = runnerThread.test(info.threadName);
    if (call < 0 && !runner) return [];
    const via = runner ? "run" : "application";
    // A thread of the pool that has not reached main() yet, or is past it, still may submit: it counts.
    const userFrame = frames.slice(0, Math.max(call, 0)).find((frame) => !platform.test(frame));
    return [{ thread: info.threadName, via, ...(userFrame !== undefined && { userFrame }) }];
  });
}

const runnerThread = /^flink-jar-runner-thread-\d+$/;
/** Every way to a user's main() leads through it, in 1.20 and 2.3 alike. */
const callMain = "org.apache.flink.client.program.PackagedProgram.callMainMethod(";
/** Where main() may stand that is not the user's own code. */
const platform = /^(java|javax|jdk|sun|com\.sun|scala|org\.apache\.flink)\./;

function framesOf(stack: string): string[] {
  return Array.from(stack.matchAll(/^\s*at (?:[^\s/(]*\/{1,2})*(\S.*)$/gm), (match) => match[1] ?? "");
}
