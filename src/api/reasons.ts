/**
 * Every reason that stands in a trigger, a condition or an event, with what it means and what to do. Reasons are API:
 * programs match them. `docs/errors.md` is generated from this table.
 */
export const REASONS = {
  // pending
  ClusterNotFound:
    "The FlinkCluster named in spec.cluster.name does not exist. Create it, or correct the name; nothing else is needed.",
  ClusterUnreachable: "The JobManager does not answer. The trigger goes on by itself when it does.",
  ClusterDeploying:
    "The cluster is being deployed: the managed FlinkCluster of spec.cluster.name, or the one of this attempt (spec.cluster.perJob). The trigger goes on by itself when it answers.",
  DestinationNotAllowed:
    "The operator may not send requests to the address in spec.cluster or spec.jar.uri (--deny-cidr, --allow-cidr, --deny-loopback).",
  BackingOff: "The last run request did not get through; the next one waits.",
  ConfigurationSourceForbidden:
    "The operator may not read a Secret or ConfigMap of spec.flinkConfigurationFrom. Add the Role that the message names (docs/flink-configuration.md); it goes on by itself.",
  ConfigurationSourceNotFound:
    "A Secret or ConfigMap of spec.flinkConfigurationFrom, or the key in it, does not exist. Create it; it goes on by itself.",
  ConfigurationSourceNotLabelled:
    'A Secret or ConfigMap of spec.flinkConfigurationFrom does not bear the label flinkjob.dev/configuration: "true", with which its owner lets FlinkJobs of the namespace use it. Label it; it goes on by itself.',
  ConfigurationSourceInvalid:
    "What spec.flinkConfigurationFrom names cannot be a configuration: a value that is no text or too long, or too many of them. Mend it; it goes on by itself.",
  FetchingJar: "The JAR is being streamed to the cluster.",
  Submitting: "The run request is on its way.",
  WaitingForMains:
    "So many main()s run on the cluster that another one could stop its JobManager from answering (Flink 2.3 and newer; --main-concurrency). It is sent when one of them has come to its end.",
  MainRunning: "Flink runs main(), which has not submitted its job yet.",
  OutcomeUnknown:
    "The run request was sent, or may have been, and its answer is lost or says nothing. The operator looks before it does anything else.",
  Replacing: "What the job is has changed; the old job must be seen to end before the new one starts.",
  Suspended:
    "spec.state says suspended: nothing is submitted, and what ran was stopped. Set it to running to go on.",
  PlanAwaited:
    "The cluster is there, and the gateway that took the job from Flink's own client is to hand it over (spec.plan).",
  RestartBackingOff: "The job failed; a new attempt follows after a wait (spec.restart).",
  // running
  WaitingForTasks: "Flink accepted the job; not all of its tasks run yet (free slots? restarting?).",
  TasksRunning: "All tasks of the job run.",
  Rescaling:
    "Flink was asked to run the job with another parallelism (spec.parallelism), without a new run; not all of its tasks run with it yet (free slots? Flink waits a while by itself).",
  RescaleRefused:
    "Flink does not scale the job to spec.parallelism, which goes on as it was; the message says why. Choose another one, or set spec.rescalePolicy: Restart.",
  Recovering: "The JobManager was replaced and is bringing the job back.",
  Suspending: "spec.state says suspended; the job is being stopped as spec.upgradeMode says.",
  SavepointFailed:
    "A savepoint could not be taken, to stop the job or for a FlinkSavepoint; the job goes on, and the message says why. It is tried again a few times.",
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
  SavepointNotFound:
    "The savepoint or checkpoint to start from does not exist or cannot be read by the cluster.",
  StateMismatch:
    "The savepoint holds state of an operator that the program no longer has: give it its old uid, or set spec.allowNonRestoredState.",
  InvalidConfiguration: "A value in flinkConfiguration or in the run request cannot be parsed by Flink.",
  ConfigurationRejected:
    "Keys of flinkConfiguration have no effect, and spec.configurationPolicy is Reject. Take them away, or set Warn and choose a new spec.trigger.id.",
  InvalidJobId: "Flink refused the JobID. This is a fault of the operator: please report it.",
  SubmissionDisabled: "The cluster accepts no JARs (web.submit.enable: false).",
  ConfigurationNotSupported:
    "Flink before 1.17 silently drops flinkConfiguration, so the request is not sent.",
  SubmissionTimedOut:
    "main() did not submit its job within spec.submission.timeout. If the job appears later it is cancelled.",
  PlanNotSent:
    "The gateway did not hand over the plan (spec.plan) within spec.submission.timeout: look at the gateway's log and its volume. Run the client again.",
  PlanRefused:
    "The plan that Flink's own client sent cannot be run; the message says why. Mend it and run the client again.",
  AttemptsExhausted:
    "spec.submission.maxAttempts run requests had no outcome. Mend the cause and choose a new spec.trigger.id.",
  OutcomeLost:
    "The job ran and ended, or may have, and nobody kept the outcome. Nothing is run again; a new spec.trigger.id asks for a new run.",
  JobLost:
    "The JobManager that ran the job is gone and had no high availability, or somebody took the cluster away that was made for it (spec.cluster.perJob). spec.lostPolicy: Resubmit runs it again by itself.",
  RestorePointMissing:
    "The old job's state could not be found, so nothing is started without it. Set spec.savepointPath, or spec.upgradeMode: stateless.",
  SavepointLost:
    "The job was stopped with a savepoint, and the JobManager was lost before it told where the savepoint is. Find it, and set spec.savepointPath.",
  JobToAdoptNotFound: "No job lives under spec.trigger.jobId on the cluster, so there is nothing to adopt.",
  JobToAdoptTaken: "Another FlinkJob follows the job of spec.trigger.jobId already.",
  RolledBack:
    "The upgrade did not become stable within spec.rollback.deadline; the last stable version runs again until the spec changes.",
  StrangerFound:
    "Another job lives under this FlinkJob's JobID prefix; spec.strangerPolicy says what happens to it.",
  TriggerIdReused:
    "spec.trigger.id was used before by this FlinkJob. Trigger IDs are processed once: choose a new one.",
  // deletion and events
  Deleting: "The FlinkJob is being deleted; its Flink job must end first.",
  DeletionTimedOut:
    "The Flink job could not be seen to end in time; the FlinkJob was let go and the job may still run.",
  Submitted: "Flink accepted the job.",
  ConfigurationIgnored:
    "Keys of flinkConfiguration have no effect, or lose against something else in the spec or against the job's own code: status.configuration says which, and why.",
  Adopted: "A job that ran already was taken over; nothing was submitted.",
  SavepointCompleted:
    "The job was stopped with a savepoint, or a FlinkSavepoint's is complete; the message says where it is.",
  SavepointInstead: "upgradeMode last-state found no checkpoint to use and takes a savepoint instead.",
  CheckpointInstead:
    "upgradeMode savepoint met a job that cannot take one and uses its newest checkpoint instead.",
  Rescaled: "All tasks of the job run with another parallelism, without a new run.",
  Restarting: "A failed job gets a new attempt (spec.restartPolicy).",
  // FlinkSavepoints
  FlinkJobNotFound:
    "There is no FlinkJob of the name in spec.job.name. Create it, or delete the FlinkSavepoint and name another.",
  WaitingForJob: "A savepoint can be taken when all tasks of the job run.",
  TakingSavepoint: "Flink was asked for the savepoint, or is about to be.",
  Imported:
    "The FlinkSavepoint names a savepoint that was there before (spec.alreadyExists); nothing is taken.",
  NoSavepointDirectory:
    "Neither the FlinkSavepoint, nor spec.savepoints.directory of the FlinkJob, nor the cluster says where savepoints go.",
  JobEnded:
    "The job ended, was suspended, replaced or deleted before a savepoint of it was complete. Make another FlinkSavepoint when a job runs.",
  Disposing: "The FlinkSavepoint is being deleted; its files are deleted first (spec.disposeOnDelete).",
  Disposed: "The savepoint's files are deleted.",
  DisposalFailed:
    "Flink could not delete the savepoint's files; the message says why. It is tried again until --deletion-timeout.",
  DisposalTimedOut:
    "The savepoint's files could not be deleted in time; the FlinkSavepoint was let go and they may still be there.",
  // clusters
  Reachable: "The JobManager answers.",
  PerJobTemplate:
    "The FlinkCluster is a template (spec.perJob): every plan that is sent to it gets a cluster of its own, and no FlinkJob can name it in spec.cluster.name. Use its managed part as spec.cluster.perJob, or name another FlinkCluster.",
  // managed clusters
  Deploying: "The objects of a managed cluster are being made or changed, or its pods are starting.",
  Rolling: "The spec changed: first the JobManager's pods are replaced, then the TaskManagers'.",
  InvalidPodTemplate:
    "A pod template sets what is the operator's, or is none; the message says what. The pods stay as they are.",
  JarFetcherMissing:
    "spec.managed.application.jar.uri needs an image that fetches it, and the operator was given none (--operator-image). jar.local needs none.",
  ObjectRefused: "The API server refuses an object that the cluster needs; the message is its own.",
  NameTaken:
    "An object of a name that the cluster needs exists and is not the cluster's. Delete it, or name the FlinkCluster otherwise.",
  RightMissing:
    "The operator lacks a right that managed clusters need; the message says which (manifests/managed-clusters).",
  ManagedClustersOff: "The operator deploys no clusters (--managed-clusters=false).",
  ImagePullFailed: "The image cannot be pulled: wrong name, no access, or the registry is away.",
  CrashLooping: "A container ends again and again; the message has its exit code and last lines.",
  PodsRefused:
    "Pods are not admitted: a quota, a policy, or a missing ServiceAccount; the message says which.",
  Unschedulable: "No node has room for a pod, or a volume is missing; the message is the scheduler's.",
  VersionMismatch: "The image holds another version of Flink than spec.managed.flinkVersion says.",
  InUse: "The FlinkCluster is being deleted, and FlinkJobs still name it: they go first.",
  TearingDown: "The FlinkCluster is being deleted: its pods go, then what Flink left, then the rest.",
  CleaningStorage:
    "The FlinkCluster is being deleted and its pods are gone; a pod removes what they left in its volume (spec.managed.storage.keep).",
  StorageCleaned:
    "What a deleted FlinkCluster, or the clusters of a deleted FlinkJob, left in their volume was removed; the message says what stays.",
  StorageLeft:
    "What a deleted FlinkCluster, or the clusters of a deleted FlinkJob, left in their storage is still there; the message says where, and why. Remove it by hand when nothing starts from it any more.",
} as const;

export type Reason = keyof typeof REASONS;
