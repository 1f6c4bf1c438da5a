import * as z from "zod";
import { duration } from "./lifecycle.ts";
import { managedCluster, storageOf } from "./managed-cluster.ts";

const keepClusterFor = duration(
  "How long the cluster stays after the job's end, for those who want to look, such as 30m. Unset: it goes at once.",
);

/** A cluster for one attempt of one FlinkJob alone: what `FlinkJob.spec.cluster.perJob` holds. */
export const perJob = managedCluster
  .omit({ application: true, ingress: true, mode: true })
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
    keepClusterFor: keepClusterFor.optional(),
  })
  .meta({
    description:
      "A cluster that is made for each attempt of this job, and goes with its end. A change asks for a new run.",
  });
export type PerJob = z.output<typeof perJob>;
export type PerJobMode = PerJob["mode"];

/** What makes a FlinkCluster the template of others: what `FlinkCluster.spec.perJob` holds. */
export const perJobTemplate = z.object({ keepClusterFor: keepClusterFor.optional() }).meta({
  description:
    "Makes it a template: no pods are made of it, and every plan that Flink's own client sends to its address at the gateway gets a cluster of its own of spec.managed.",
});
export type PerJobTemplate = z.output<typeof perJobTemplate>;
