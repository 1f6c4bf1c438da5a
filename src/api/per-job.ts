import * as z from "zod";
import { duration } from "./lifecycle.ts";
import { managedCluster, storageOf } from "./managed-cluster.ts";

/** A cluster for one attempt of one FlinkJob alone: what `FlinkJob.spec.cluster.perJob` holds. */
export const perJob = managedCluster
  .omit({ application: true, ingress: true })
  .extend({
    storage: storageOf("spec.cluster.perJob.storage"),
    mode: z
      .enum(["application", "session"])
      .default("application")
      .meta({
        description:
          "application: the JobManager runs main() itself and takes no other job. " +
          "session: a session cluster that gets the one job by a run request.",
      }),
    keepClusterFor: duration(
      "How long the cluster stays after the job's end, for those who want to look, such as 30m. Unset: it goes at once.",
    ).optional(),
  })
  .meta({
    description:
      "A cluster that is made for each attempt of this job, and goes with its end. A change asks for a new run.",
  });
export type PerJob = z.output<typeof perJob>;
export type PerJobMode = PerJob["mode"];
