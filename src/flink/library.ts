/**
 * What `import ... from "flinkjob"` gives: FLIP-74's three tiers of clients, and what they answer and throw. Needs Node and
 * nothing else. docs/client-library.md is its page.
 */
export type { ShownCheckpoints, ShownConfiguration } from "../core/configuration/shown-configuration.ts";
export type * from "../core/resource-requirements.ts";
export {
  newestId,
  type SavepointEvidence,
  type SavepointQuestion,
  savepointAfter,
} from "../core/savepoint-evidence.ts";
export type * from "../core/snapshots.ts";
export type { CallOptions, WaitOptions } from "./clients/calls.ts";
export {
  ClusterClient,
  type ClusterClientOptions,
  type JarSummary,
  newJobId,
} from "./clients/cluster-client.ts";
export {
  ClusterDescriptor,
  type ClusterLocation,
  type RetrieveOptions,
} from "./clients/cluster-descriptor.ts";
export {
  type CheckpointOptions,
  JobClient,
  newTriggerId,
  type SavepointOptions,
  type StopOptions,
} from "./clients/job-client.ts";
export { isJobError, JobError, type JobErrorCode, type JobErrorFields } from "./clients/job-error.ts";
export type * from "./clients/job-facts.ts";
export type { Whereabouts } from "./clients/look-up.ts";
export { type RequestJar, RunAsyncClient, type RunAsyncClientOptions } from "./clients/run-async-client.ts";
export type * from "./clients/run-async-facts.ts";
export type { JarOrigin, SubmitRequest } from "./clients/submission.ts";
export type { JobManagerInfo, Protection } from "./job-manager.ts";
export { type AddressRange, type DestinationRules, Destinations } from "./rest/destinations.ts";
export { type Cause, FlinkError, type FlinkErrorCode, isFlinkError } from "./rest/errors.ts";
export type { UploadOptions } from "./rest/multipart.ts";
export type { RunOutcome } from "./run-outcome.ts";
