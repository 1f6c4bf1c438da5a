import * as z from "zod";
import { configurationStatus } from "./configuration-status.ts";
import { CLUSTER_URL_PATTERN } from "./flinkjob.ts";
import { managedCluster } from "./managed-cluster.ts";
import { perJobTemplate } from "./per-job.ts";
import { conditions, protection } from "./status.ts";
import { count, word } from "./status-words.ts";
import { exactlyOne, pattern, withRules } from "./text.ts";

/** A Flink session cluster: where it answers, or what it should be. */
export const flinkClusterSpec = withRules(
  z.object({
    url: pattern(
      1024,
      CLUSTER_URL_PATTERN,
      "Base address of the JobManager's REST API, such as http://flink-rest.team-a:8081.",
    ).optional(),
    managed: managedCluster.optional(),
    perJob: perJobTemplate.optional(),
  }),
  "The Flink session cluster: exactly one of url, for one that somebody runs, and managed, for one that the operator deploys.",
  [
    {
      rule: "[has(self.url), has(self.managed)].exists_one(given, given)",
      message: "spec needs exactly one of url and managed",
      holds: ({ url, managed }) => exactlyOne(url, managed),
    },
    {
      rule: "!has(self.perJob) || (has(self.managed) && !has(self.managed.application) && !has(self.managed.ingress))",
      message: "spec.perJob needs spec.managed, without application and ingress",
      holds: ({ perJob, managed }) =>
        perJob === undefined ||
        (managed !== undefined && managed.application === undefined && managed.ingress === undefined),
    },
    {
      rule: "!has(self.managed) || !has(self.managed.mode) || self.managed.mode != 'native' || (!has(self.perJob) && !has(self.managed.application))",
      message:
        "spec.managed.mode: native is for session clusters, without spec.managed.application and spec.perJob: leave mode out",
      holds: ({ perJob, managed }) =>
        managed?.mode !== "native" || (perJob === undefined && managed.application === undefined),
    },
    {
      rule: "!has(self.managed) || !has(self.managed.mode) || self.managed.mode != 'native' || self.managed.taskManager.replicas == 1",
      message:
        "spec.managed.taskManager.replicas has no meaning in mode native: leave it out, and bound the TaskManagers by slotmanager.number-of-slots.max of flinkConfiguration",
      holds: ({ managed }) => managed?.mode !== "native" || managed.taskManager.replicas === 1,
    },
    {
      rule: "!has(self.managed) || !has(oldSelf.managed) || (has(self.managed.mode) && self.managed.mode == 'native') == (has(oldSelf.managed.mode) && oldSelf.managed.mode == 'native')",
      message: "spec.managed.mode cannot be changed: make another FlinkCluster",
      holds: () => true,
    },
    {
      rule: "has(self.perJob) == has(oldSelf.perJob)",
      message: "spec.perJob can be neither added nor taken away: make another FlinkCluster",
      holds: () => true,
    },
    {
      rule: "has(self.managed) == has(oldSelf.managed)",
      message: "spec.url and spec.managed cannot take each other's place: make another FlinkCluster",
      // There is no older version to compare a spec with here.
      holds: () => true,
    },
    {
      rule:
        "!has(self.managed) || !has(oldSelf.managed) || " +
        ["claimName", "hostPath", "uri", "directory"]
          .map(
            (field) =>
              `(has(self.managed.storage.${field}) == has(oldSelf.managed.storage.${field}) && (!has(self.managed.storage.${field}) || self.managed.storage.${field} == oldSelf.managed.storage.${field}))`,
          )
          .join(" && "),
      message:
        "spec.managed.storage cannot be changed, it holds what guards against second runs: make another FlinkCluster",
      holds: () => true,
    },
    {
      rule:
        "!has(self.managed) || !has(oldSelf.managed) || " +
        "(has(self.managed.application) == has(oldSelf.managed.application) && " +
        "(!has(self.managed.application) || self.managed.application == oldSelf.managed.application))",
      message: "spec.managed.application cannot be changed, the job has started: make another FlinkCluster",
      holds: () => true,
    },
  ],
);
export type FlinkClusterSpec = z.output<typeof flinkClusterSpec>;
export type FlinkClusterSpecInput = z.input<typeof flinkClusterSpec>;

const pods = (description: string) =>
  z.object({ wanted: count("How many there should be."), ready: count("How many are ready.") }).meta({
    description,
  });

export const flinkClusterStatus = z
  .object({
    observedGeneration: z.int().default(-1).meta({
      description:
        "metadata.generation that this status speaks of; -1 until the operator has seen the object.",
    }),
    url: word("Where the JobManager answers.").optional(),
    flinkVersion: z.string().meta({ description: "Flink's version." }).optional(),
    incarnation: z
      .string()
      .meta({ description: "The JobManager process: a UUID that Flink makes at each start." })
      .optional(),
    protection: protection
      .meta({
        description:
          "What guards against a second run. Durable: high availability with job results kept. RunningJobs: high availability with " +
          "defaults. JobManagerLifetime: none.",
      })
      .optional(),
    clusterId: word(
      "A managed cluster's name for Flink, and the beginning of its objects' names.",
    ).optional(),
    jobManagers: pods("A managed cluster's JobManagers.").optional(),
    taskManagers: pods("A managed cluster's TaskManagers.").optional(),
    configuration: configurationStatus
      .pick({ ignored: true, overridden: true })
      .meta({ description: "What became of spec.managed.flinkConfiguration." })
      .optional(),
    conditions: conditions.optional(),
  })
  .meta({ description: "What the operator observed. Written by the operator alone." });
export type FlinkClusterStatus = z.output<typeof flinkClusterStatus>;
