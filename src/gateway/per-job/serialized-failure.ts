import { JavaArray, type JavaClass, JavaObject, javaStream } from "./java-stream.ts";

// What the classes of the JDK and of Flink (the same in 1.20 and 2.3) look like in a stream.

const STRING = "Ljava/lang/String;";

const throwable: JavaClass = {
  name: "java.lang.Throwable",
  uid: 0xd5c635273977b8cbn,
  hasWriteObject: true,
  fields: [
    ["cause", "Ljava/lang/Throwable;"],
    ["detailMessage", STRING],
    ["stackTrace", "[Ljava/lang/StackTraceElement;"],
    ["suppressedExceptions", "Ljava/util/List;"],
  ],
};
const exception: JavaClass = { name: "java.lang.Exception", uid: 0xd0fd1f3e1a3b1cc4n, parent: throwable };
const stackTrace: JavaClass = { name: "[Ljava.lang.StackTraceElement;", uid: 0x02462a3c3cfd2239n };
const emptyList: JavaClass = { name: "java.util.Collections$EmptyList", uid: 0x7ab817b43ca79eden };
const byteArray: JavaClass = { name: "[B", uid: 0xacf317f8060854e0n };

const serializedThrowable: JavaClass = {
  name: "org.apache.flink.util.SerializedThrowable",
  uid: 0x65169df51fa713f3n,
  fields: [
    ["fullStringifiedStackTrace", STRING],
    ["originalErrorClassName", STRING],
    ["serializedException", "[B"],
  ],
  parent: exception,
};
const flinkException: JavaClass = {
  name: "org.apache.flink.util.FlinkException",
  uid: 0x06412b0cfb4599b4n,
  parent: exception,
};
const jobExecutionException: JavaClass = {
  name: "org.apache.flink.runtime.client.JobExecutionException",
  uid: 0x271bdb7dc7db9085n,
  fields: [["jobID", "Lorg/apache/flink/api/common/JobID;"]],
  parent: flinkException,
};
const jobInitializationException: JavaClass = {
  name: "org.apache.flink.runtime.client.JobInitializationException",
  uid: 0x271bdb7dc7db9086n,
  parent: jobExecutionException,
};
const abstractId: JavaClass = {
  name: "org.apache.flink.util.AbstractID",
  uid: 1n,
  fields: [
    ["lowerPart", "J"],
    ["upperPart", "J"],
  ],
};
const jobIdClass: JavaClass = { name: "org.apache.flink.api.common.JobID", uid: 1n, parent: abstractId };

/** `failure-cause` of an execution result, as Flink's clients read it. */
export interface SerializedFailure {
  readonly class: string;
  readonly "stack-trace": string;
  /** Base64 of a serialized SerializedThrowable: without it the client breaks over the answer. */
  readonly "serialized-throwable": string;
}

/** Characters of a message. */
const LONGEST_MESSAGE = 4_096;

/** The job never came to be: the client says so wherever it waits, with `-d` too, and ends with 1. */
export function initializationFailure(jobId: string, message: string): SerializedFailure {
  return failureOf(jobInitializationException, jobId, message);
}

/** The job came to be, and this is to be said of it instead of its result. */
export function executionFailure(jobId: string, message: string): SerializedFailure {
  return failureOf(jobExecutionException, jobId, message);
}

function failureOf(type: JavaClass, jobId: string, message: string): SerializedFailure {
  const text = shortened(message);
  const told = `${type.name}: ${text}`;
  const id = new JavaObject(jobIdClass, {
    lowerPart: BigInt(`0x${jobId.slice(0, 16)}`),
    upperPart: BigInt(`0x${jobId.slice(16)}`),
  });
  const thrown = new JavaObject(type, { ...thrownWith(text), jobID: id });
  const serialized = new JavaObject(serializedThrowable, {
    ...thrownWith(told),
    fullStringifiedStackTrace: `${told}\n`,
    originalErrorClassName: type.name,
    serializedException: new JavaArray(byteArray, javaStream(thrown)),
  });
  return {
    class: type.name,
    "stack-trace": told,
    "serialized-throwable": javaStream(serialized).toString("base64"),
  };
}

/** No cause, and no stack: where in a gateway it was made says nothing to anybody. */
function thrownWith(detailMessage: string) {
  return {
    cause: null,
    detailMessage,
    stackTrace: new JavaArray(stackTrace),
    suppressedExceptions: new JavaObject(emptyList),
  };
}

function shortened(message: string): string {
  const plain = message.replace(/[\p{Cc}\u2028\u2029]+/gu, " ").trim();
  return plain.length <= LONGEST_MESSAGE ? plain : `${plain.slice(0, LONGEST_MESSAGE - 1)}…`.toWellFormed();
}
