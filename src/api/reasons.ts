/**
 * Every reason that stands in a trigger, a condition or an event, with what it means and what to do. Reasons are API:
 * programs match them. `docs/errors.md` is generated from this table.
 */
export const REASONS = {
  // pending
  ClusterNotFound:
    "The FlinkCluster named in spec.cluster.name does not exist. Create it, or correct the name; nothing else is needed.",
  ClusterUnreachable: "The JobManager does not answer. The trigger goes on by itself when it does.",
  DestinationNotAllowed:
    "The operator may not send requests to the address in spec.cluster or spec.jar.uri (--deny-cidr, --allow-cidr, --deny-loopback).",
  BackingOff: "The last run request did not get through; the next one waits.",
  FetchingJar: "The JAR is being streamed to the cluster.",
  Submitting: "The run request is on its way.",
  MainRunning: "Flink runs main(), which has not submitted its job yet.",
  OutcomeUnknown:
    "The run request was sent, or may have been, and its answer is lost or says nothing. The operator looks before it does anything else.",
  Replacing: "What the job is has changed; the old job must be seen to end before the new one starts.",
  // running
  WaitingForTasks: "Flink accepted the job; not all of its tasks run yet (free slots? restarting?).",
  TasksRunning: "All tasks of the job run.",
  Recovering: "The JobManager was replaced and is bringing the job back.",
  // ends
  Finished: "The job ended successfully.",
  Canceled: "The job was cancelled, by the operator or by somebody in Flink.",
  JobFailed: "The job failed while it ran; the message is the cause that Flink names.",
  JarNotFound: "There is no such JAR: wrong spec.jar.id, or spec.jar.uri answers 404.",
  JarForbidden: "The server at spec.jar.uri refuses access (401 or 403).",
  JarFetchFailed: "The JAR could not be fetched from spec.jar.uri.",
  JarFetchTimeout: "Fetching the JAR took longer than the operator allows (--jar-timeout).",
  JarTooLarge:
    "The JAR is larger than the operator or Flink allows (--max-jar-size, rest.server.max-content-length).",
  JarChecksumMismatch: "The JAR at spec.jar.uri does not have the SHA-256 of spec.jar.sha256.",
  NotAJar: "The file is not a JAR (a ZIP archive).",
  EntryClassNotFound:
    "The JAR has no such class with a main(): correct spec.entryClass, or the manifest's Main-Class.",
  MainFailed: "main() threw an exception.",
  NoJobInMain: "main() returned without submitting a job: it needs an execute() or executeAsync().",
  SeveralJobsInMain: "main() submits more than one job; one FlinkJob is one Flink job.",
  SavepointNotFound: "spec.savepointPath does not exist or cannot be read by the cluster.",
  InvalidConfiguration: "A value in flinkConfiguration or in the run request cannot be parsed by Flink.",
  InvalidJobId: "Flink refused the JobID. This is a fault of the operator: please report it.",
  SubmissionDisabled: "The cluster accepts no JARs (web.submit.enable: false).",
  ConfigurationNotSupported:
    "Flink before 1.17 silently drops flinkConfiguration, so the request is not sent.",
  SubmissionTimedOut:
    "main() did not submit its job within spec.submission.timeout. If the job appears later it is cancelled.",
  AttemptsExhausted:
    "spec.submission.maxAttempts run requests had no outcome. Mend the cause and choose a new spec.trigger.id.",
  OutcomeLost:
    "The job ran and ended, or may have, and nobody kept the outcome. Nothing is run again; a new spec.trigger.id asks for a new run.",
  JobLost:
    "The JobManager that ran the job is gone and had no high availability. spec.lostPolicy: Resubmit runs it again by itself.",
  TriggerIdReused:
    "spec.trigger.id was used before by this FlinkJob. Trigger IDs are processed once: choose a new one.",
  // deletion and events
  Deleting: "The FlinkJob is being deleted; its Flink job must end first.",
  DeletionTimedOut:
    "The Flink job could not be seen to end in time; the FlinkJob was let go and the job may still run.",
  Submitted: "Flink accepted the job.",
  // clusters
  Reachable: "The JobManager answers.",
} as const;

export type Reason = keyof typeof REASONS;
