/** Between how many subtasks a vertex of a job may have. Flink's -1 stands for 1, and for the maximum parallelism. */
export interface ParallelismBounds {
  lower: number;
  upper: number;
}

/**
 * What a running job asks its cluster for, by vertex ID (32 hex digits): GET /jobs/:id/resource-requirements. Flink's adaptive
 * scheduler runs the job with as much of it as there are slots for. Until somebody asks for something else, `lower` is 1
 * and `upper` the parallelism of the submission.
 */
export type ResourceRequirements = ReadonlyMap<string, ParallelismBounds>;
