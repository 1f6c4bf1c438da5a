import { FlinkFailure, type Throwable, throwable, wrapped } from "./throwable.ts";

// The texts are the real ones, seen on 1.20.5 and 2.3.0; the conformance suite holds them to it.

const runtime = "org.apache.flink.runtime";
const completion = "java.util.concurrent.CompletionException";
const programInvocation = "org.apache.flink.client.program.ProgramInvocationException";
const userFrames = (entryClass: string) => [
  `${entryClass}.run(${entryClass.split(".").pop()}.java:68)`,
  `${entryClass}.main(${entryClass.split(".").pop()}.java:54)`,
  "java.base/java.lang.reflect.Method.invoke(Method.java:569)",
  "org.apache.flink.client.program.PackagedProgram.callMainMethod(PackagedProgram.java:359)",
];

export const duplicateJob = (): Throwable =>
  throwable(`${runtime}.client.DuplicateJobSubmissionException`, "Job has already been submitted.");

export const duplicateApplication = (): Throwable =>
  throwable(
    `${runtime}.client.DuplicateApplicationSubmissionException`,
    "Application has already been submitted.",
  );

export const jobNotFound = (id: string): Throwable =>
  throwable(`${runtime}.messages.FlinkJobNotFoundException`, `Could not find Flink job (${id})`);

/** Nothing but its state is told of a job that is INITIALIZING. */
export const stillInitializing = (): Throwable =>
  throwable(
    `${runtime}.dispatcher.UnavailableDispatcherOperationException`,
    "Unable to get JobMasterGateway for initializing job. The requested operation is not available while the JobManager is initializing.",
  );

/** Another scheduler than the adaptive one is asked for resource requirements. */
export const cannotScale = (isBatch: boolean): Throwable =>
  throwable(
    "java.lang.UnsupportedOperationException",
    `The ${isBatch ? "AdaptiveBatchScheduler" : "DefaultScheduler"} does not support changing the parallelism without a job restart. This feature is currently only expected to work with the AdaptiveScheduler.`,
  );

export const applicationNotFound = (id: string): Throwable =>
  throwable(
    `${runtime}.messages.FlinkApplicationNotFoundException`,
    `Could not find Flink application (${id})`,
  );

const missingSnapshot = (path: string): Throwable =>
  throwable(
    "java.io.FileNotFoundException",
    `Cannot find checkpoint or savepoint file/directory '${path}' on file system 'file'.`,
  );

/** The JobMaster could not start: the savepoint to restore from is not there. */
export const savepointNotFound = (path: string): Throwable => cannotStart(missingSnapshot(path));

/** The same: it is there, and another program's. */
export const cannotRestore = (path: string): Throwable =>
  cannotStart(
    throwable(
      "java.lang.IllegalStateException",
      `Failed to rollback to checkpoint/savepoint ${path}. Cannot map checkpoint/savepoint state for operator 8e438e001276993a86ff80dcf02e0237 to the new program, because the operator is not available in the new program. If you want to allow to skip this, you can set the --allowNonRestoredState option on the CLI.`,
    ),
  );

function cannotStart(cause: Throwable): Throwable {
  return throwable(
    `${runtime}.client.JobInitializationException`,
    "Could not start the JobMaster.",
    wrapped(completion, wrapped("java.lang.RuntimeException", cause)),
  );
}

/** execute() threw. */
export const executeFailed = (jobName: string, cause: Throwable): Throwable =>
  throwable("org.apache.flink.util.FlinkException", `Failed to execute job '${jobName}'.`, cause);

export const jarUploadFailed = (path: string): Throwable =>
  throwable(
    "org.apache.flink.util.FlinkException",
    "Could not upload job files.",
    throwable("java.io.FileNotFoundException", `${path} (No such file or directory)`),
  );

export const detachedResult = (): Throwable =>
  throwable(
    "org.apache.flink.api.common.InvalidProgramException",
    "Job was submitted in detached mode. Results of job execution, such as accumulators, runtime, etc. are not available. ",
  );

export const userException = (type: string, message: string, entryClass: string): Throwable =>
  throwable(type, message, undefined, userFrames(entryClass));

/** main() threw `cause`. */
export const mainFailed = (cause: Throwable): Throwable =>
  throwable(programInvocation, `The main method caused an error: ${cause.message ?? cause.type}`, cause);

export const applicationFailed = (cause: Throwable): Throwable =>
  throwable(
    "org.apache.flink.client.deployment.application.ApplicationExecutionException",
    "Could not execute application.",
    cause,
  );

/** A task threw, and no restart is left. */
export const restartSuppressed = (strategy: string, cause: Throwable): Throwable =>
  throwable(`${runtime}.JobException`, `Recovery is suppressed by ${strategy}`, cause);

/** Slots are missing, and the cluster is old enough to not expect more TaskManagers. */
export const noResources = (): Throwable =>
  inFuture(
    inFuture(
      throwable(
        `${runtime}.jobmanager.scheduler.NoResourceAvailableException`,
        "Could not acquire the minimum required resources.",
      ),
    ),
  );

export const jarNotFound = (path: string): Throwable => rest(`Jar file ${path} does not exist`);

export const entryClassNotFound = (entryClass: string): Throwable =>
  throwable(
    programInvocation,
    `The program's entry point class '${entryClass}' was not found in the jar file.`,
    throwable("java.lang.ClassNotFoundException", entryClass),
  );

export const noEntryClass = (): Throwable =>
  throwable(
    programInvocation,
    "Neither a 'Main-Class', nor a 'program-class' entry was found in the jar file.",
  );

export function notAJar(path: string): Throwable {
  const message = `Error while opening jar file '${path}'`;
  const zip = throwable("java.util.zip.ZipException", "zip END header not found");
  return throwable(programInvocation, message, throwable("java.io.IOException", message, zip));
}

/** A savepoint or checkpoint was asked for while tasks wait for slots. */
export const tasksNotRunning = (jobId: string, parallelism: number): Throwable =>
  throwable(
    `${runtime}.checkpoint.CheckpointException`,
    `Checkpoint triggering task Source: Sequence Source -> work -> discard (1/${parallelism}) of job ${jobId} is not being executed at the moment. Aborting checkpoint. Failure reason: Not all required tasks are currently running.`,
  );

/** There is nothing that a savepoint could be written to. */
export function directoryUnusable(directory: string): Throwable {
  const scheme = /^([a-z0-9+.-]+):/i.exec(directory)?.[1] ?? "file";
  const cause =
    scheme === "file"
      ? throwable("java.io.IOException", `Failed to create savepoint directory at ${directory}`)
      : throwable(
          "org.apache.flink.core.fs.UnsupportedFileSystemSchemeException",
          `Could not find a file system implementation for scheme '${scheme}'. The scheme is not directly supported by Flink and no Hadoop file system to support this scheme could be loaded. For a full list of supported file systems, please see https://nightlies.apache.org/flink/flink-docs-stable/ops/filesystems/.`,
        );
  return throwable(`${runtime}.checkpoint.CheckpointException`, ioProblem, cause);
}
export const ioProblem = "An Exception occurred while triggering the checkpoint. IO-problem detected.";

/** What was to be disposed of is not there. */
export const cannotDispose = (path: string): Throwable =>
  throwable(
    "org.apache.flink.util.FlinkException",
    `Could not dispose savepoint ${path}.`,
    missingSnapshot(path),
  );

export const operationNotFound = (): Throwable =>
  throwable(
    `${runtime}.rest.NotFoundException`,
    "Operation not found under key: org.apache.flink.runtime.rest.handler.async.OperationKey@e3640db3",
  );

export const checkpointStopped = (): Throwable =>
  throwable(`${runtime}.checkpoint.CheckpointException`, "Checkpoint Coordinator is suspending.");

/** A RestHandlerException, the outermost of most answers that are not 200. */
export const rest = (message: string, cause?: Throwable): Throwable =>
  throwable(`${runtime}.rest.handler.RestHandlerException`, message, cause);

export const restNotFound = (message: string, cause: Throwable): Throwable =>
  throwable(`${runtime}.rest.NotFoundException`, message, cause);

/** What POST /jars/:jarid/run wraps around everything that main() throws. */
export function couldNotExecute(cause: Throwable): Throwable {
  const inner = throwable(
    "org.apache.flink.util.FlinkRuntimeException",
    "Could not execute application.",
    cause,
  );
  return rest("Could not execute application.", wrapped(completion, inner));
}

export const inFuture = (cause: Throwable): Throwable => wrapped(completion, cause);

export function badParameter(kind: "path" | "query", name: string, value: string): Throwable {
  const message = `Cannot resolve ${kind} parameter (${name}) from value "${value}".`;
  return rest(
    `Bad request, could not parse parameters: ${message}`,
    throwable(`${runtime}.rest.handler.HandlerRequestException`, message),
  );
}

export const badBody = (bodyType: string, cause: Throwable): Throwable =>
  rest(`Request did not match expected format ${bodyType}.`, cause);

/** A body that is JSON, and not what it should be. */
export const unreadableBody = (bodyType: string): FlinkFailure =>
  new FlinkFailure(rest(`Request did not match expected format ${bodyType}.`));
