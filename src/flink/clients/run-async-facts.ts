/** A run request for a gateway, in Flink's own words. */
export interface RunAsyncRequest {
  /** Your own stable ID of the submission, at most 63 letters, digits, dots, dashes and underscores. Default: one is made. */
  readonly triggerId?: string | undefined;
  /** Of a JAR that was uploaded before; or else give the JAR itself. */
  readonly jarId?: string | undefined;
  readonly entryClass?: string | undefined;
  readonly programArgsList?: readonly string[] | undefined;
  readonly parallelism?: number | undefined;
  readonly savepointPath?: string | undefined;
  readonly allowNonRestoredState?: boolean | undefined;
  readonly claimMode?: "CLAIM" | "NO_CLAIM" | "LEGACY" | undefined;
  readonly flinkConfiguration?: Readonly<Record<string, string | number | boolean>> | undefined;
}

/** A submission and what became of it. */
export interface Submission {
  readonly triggerId: string;
  readonly status: { readonly id: "IN_PROGRESS" | "COMPLETED" };
  /** Null while in progress; the job that Flink accepted; or why it did not come to that. */
  readonly operation:
    | { readonly jobId: string; readonly applicationId?: string | undefined }
    | { readonly "failure-cause": { readonly class: string; readonly "stack-trace": string } }
    | null;
  /** Follows the job after its submission, too. */
  readonly trigger: {
    readonly state: SubmissionState;
    readonly reason?: string | undefined;
    readonly message?: string | undefined;
    readonly jobId?: string | undefined;
    readonly requestedAt?: string | undefined;
    readonly acceptedAt?: string | undefined;
    readonly finishedAt?: string | undefined;
  };
  /** Flink's own word, as it was last seen. */
  readonly job?: { readonly state: string } | undefined;
  /** The FlinkJob that is this submission. */
  readonly flinkJob: {
    readonly namespace: string;
    readonly name: string;
    readonly createdAt?: string | undefined;
  };
}

export type SubmissionState = "pending" | "running" | "failed" | "finished" | "canceled";

/** One page of submissions, the newest first. */
export interface SubmissionPage {
  readonly submissions: readonly Submission[];
  /** Absent on the last page. */
  readonly continue?: string | undefined;
}
