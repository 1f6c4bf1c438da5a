import type { JobManagerPort } from "../ports.ts";

/** Stands for a cluster whose address cannot be used at all: every request fails with the reason, which the status then tells. */
export class UnusableJobManager implements JobManagerPort {
  readonly connections = 0;
  readonly #reason: unknown;

  constructor(reason: unknown) {
    this.#reason = reason;
  }

  describe = () => this.#refuse();
  listJobs = () => this.#refuse();
  lookUp = () => this.#refuse();
  snapshots = () => this.#refuse();
  cancelJob = () => this.#refuse();
  cancelApplication = () => this.#refuse();
  triggerSavepoint = () => this.#refuse();
  stopWithSavepoint = () => this.#refuse();
  savepointOperation = () => this.#refuse();
  checkpoints = () => this.#refuse();
  disposeSavepoint = () => this.#refuse();
  disposalOperation = () => this.#refuse();
  accumulators = () => this.#refuse();
  executionResult = () => this.#refuse();
  verbatimResult = () => this.#refuse();
  configuration = () => this.#refuse();
  exceptions = () => this.#refuse();
  jobRestarts = () => this.#refuse();
  resourceRequirements = () => this.#refuse();
  requireResources = () => this.#refuse();
  transfer = () => this.#refuse();
  list = () => this.#refuse();
  delete = () => this.#refuse();
  run = () => {
    const message = this.#reason instanceof Error ? this.#reason.message : String(this.#reason);
    return Promise.resolve({
      kind: "notSent",
      reason: "ClusterUnreachable",
      message,
      retryable: true,
    } as const);
  };
  close = () => Promise.resolve();

  #refuse(): Promise<never> {
    return Promise.reject(this.#reason);
  }
}
