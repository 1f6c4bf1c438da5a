/** A Java exception as its stack trace shows it. */
export interface Throwable {
  readonly type: string;
  readonly message?: string;
  /** Frames, `package.Class.method(File.java:1)`. */
  readonly at: readonly string[];
  readonly cause?: Throwable;
}

const dispatcherFrames = [
  "org.apache.flink.runtime.rpc.pekko.PekkoRpcActor.handleRpcMessage(PekkoRpcActor.java:225)",
  "org.apache.flink.runtime.rpc.pekko.FencedPekkoRpcActor.handleRpcMessage(FencedPekkoRpcActor.java:88)",
  "java.base/java.util.concurrent.ForkJoinWorkerThread.run(ForkJoinWorkerThread.java:165)",
];

export function throwable(
  type: string,
  message?: string,
  cause?: Throwable,
  at: readonly string[] = dispatcherFrames,
): Throwable {
  return {
    type,
    at,
    ...(message === undefined ? {} : { message }),
    ...(cause === undefined ? {} : { cause }),
  };
}

/** What Java's `toString()` says, also the message of a wrapper that was given none. */
export function headline(thrown: Throwable): string {
  return thrown.message === undefined ? thrown.type : `${thrown.type}: ${thrown.message}`;
}

/** `new CompletionException(cause)` and its like: the message is the cause's headline. */
export function wrapped(type: string, cause: Throwable): Throwable {
  return throwable(type, headline(cause), cause);
}

/** The whole stack trace, every line ended, causes in order, the innermost last. */
export function stackTrace(thrown: Throwable): string {
  let text = "";
  let prefix = "";
  for (let current: Throwable | undefined = thrown; current !== undefined; current = current.cause) {
    text += `${prefix}${headline(current)}\n`;
    for (const frame of current.at) text += `\tat ${frame}\n`;
    if (current !== thrown) text += "\t... 8 more\n";
    prefix = "Caused by: ";
  }
  return text;
}

/** An exception on its way through the fake. */
export class FlinkFailure extends Error {
  readonly thrown: Throwable;

  constructor(thrown: Throwable) {
    super(headline(thrown));
    this.name = "FlinkFailure";
    this.thrown = thrown;
  }
}
