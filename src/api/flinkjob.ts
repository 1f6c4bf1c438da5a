import * as z from "zod";
import { configurationFrom } from "./configuration-from.ts";
import { durationPattern } from "./duration.ts";
import { duration, restart, rollback, savepoints } from "./lifecycle.ts";
import { perJob } from "./per-job.ts";
import { plan } from "./plan.ts";
import { configurationValue, jarPath, jarSha256, jarUri, jobId, runRequest } from "./run-request.ts";
import { exactlyOne, pattern, withRules } from "./text.ts";

/** `http(s)://host[:port][/path]` without credentials, query or fragment: what a JobManager's REST endpoint looks like. */
export const CLUSTER_URL_PATTERN = "^https?://[A-Za-z0-9.\\-_\\[\\]:]+(/[A-Za-z0-9._~/%+\\-]*)?$";
export const NAME_PATTERN = "^[a-z0-9]([a-z0-9.\\-]*[a-z0-9])?$";
export const TRIGGER_ID_PATTERN = "^[A-Za-z0-9]([A-Za-z0-9._\\-]*[A-Za-z0-9])?$";
/** Trigger IDs that the operator makes. */
export const OPERATORS_TRIGGER_ID = /^(.*[.])?(g[0-9]+|rollback)$/u;

const clusterRef = withRules(
  z.object({
    name: pattern(253, NAME_PATTERN, "Name of a FlinkCluster in the same namespace.").optional(),
    url: pattern(
      1024,
      CLUSTER_URL_PATTERN,
      "Base address of the JobManager's REST API, for a cluster that has no FlinkCluster object.",
    ).optional(),
    perJob: perJob.optional(),
  }),
  "The Flink cluster that runs the job: exactly one of name, url and perJob.",
  [
    {
      rule: "[has(self.name), has(self.url), has(self.perJob)].exists_one(given, given)",
      message: "spec.cluster needs exactly one of name, url and perJob",
      holds: ({ name, url, perJob }) => exactlyOne(name, url, perJob),
    },
  ],
);

const jar = withRules(
  z.object({
    id: pattern(
      255,
      "^[A-Za-z0-9._\\-]+\\.jar$",
      "JarId of a JAR that was uploaded to the cluster before. It is yours, unless reclaimPolicy says otherwise.",
    ).optional(),
    reclaimPolicy: z
      .enum(["Retain", "Delete"])
      .meta({
        description:
          "What happens to the JAR of jar.id. Retain, or unset: the operator never deletes it. " +
          "Delete: it is deleted from the cluster once the submission has an outcome.",
      })
      .optional(),
    uri: jarUri(
      "http or https address of the JAR. It is streamed to the cluster for the submission and deleted there afterwards.",
    ).optional(),
    sha256: jarSha256.optional(),
    local: jarPath.optional(),
  }),
  "The JAR with the job's main(): exactly one of id, uri and local.",
  [
    {
      rule: "[has(self.id), has(self.uri), has(self.local)].exists_one(given, given)",
      message: "spec.jar needs exactly one of id, uri and local",
      holds: ({ id, uri, local }) => exactlyOne(id, uri, local),
    },
    {
      rule: "!has(self.reclaimPolicy) || has(self.id)",
      message: "spec.jar.reclaimPolicy goes with spec.jar.id: the JAR of a uri is always deleted",
      holds: ({ reclaimPolicy, id }) => reclaimPolicy === undefined || id !== undefined,
    },
    {
      rule: "!has(self.sha256) || has(self.uri)",
      message: "spec.jar.sha256 goes with spec.jar.uri",
      holds: ({ sha256, uri }) => sha256 === undefined || uri !== undefined,
    },
  ],
);

const trigger = withRules(
  z.object({
    id: pattern(
      63,
      TRIGGER_ID_PATTERN,
      "Your own stable ID of the run request. Applied again it changes nothing; changed, it asks for a new run.",
    ).optional(),
    jobId: jobId(
      "Adopts the job that runs under this JobID on the cluster, instead of a first submission; 32 lower-case hexadecimal digits. With plan: the plan's.",
    ).optional(),
  }),
  "The run request's identity. Without an ID of yours it is g<generation>, made when what the job is changes.",
  [
    {
      rule: "!has(self.id) || !self.id.matches('^(.*[.])?(g[0-9]+|rollback)$')",
      message:
        "spec.trigger.id must not look like an ID that the operator makes (g7, release.g7, release.rollback)",
      holds: ({ id }) => id === undefined || !OPERATORS_TRIGGER_ID.test(id),
    },
  ],
);

const submission = z
  .object({
    timeout: pattern(
      32,
      durationPattern,
      "How long main() may run before it has submitted its job, such as 30s or 2h. Unset: as long as it takes.",
    ).optional(),
    maxAttempts: z
      .int()
      .min(1)
      .max(100)
      .default(5)
      .meta({ description: "How often the run request of one trigger is sent at the most." }),
  })
  .meta({ description: "Bounds of the submission." });

/** What a plan has in it already; flinkConfiguration, too, but CEL cannot see a map of any values. */
const IN_THE_PLAN = [
  "entryClass",
  "args",
  "parallelism",
  "savepointPath",
  "allowNonRestoredState",
  "claimMode",
  "flinkConfigurationFrom",
] as const;

/** What users write: a job that should run on a Flink cluster. */
export const flinkJobSpec = withRules(
  z.object({
    cluster: clusterRef,
    jar: jar.optional(),
    plan: plan.optional(),
    ...runRequest,
    flinkConfiguration: z
      .record(z.string(), configurationValue)
      .refine((map) => Object.keys(map).length <= 256, { message: "must have at most 256 keys" })
      .meta({
        description:
          "Flink options of this job, Flink 1.17 and later. The job's own code wins over them, they win over the cluster's.",
        maxProperties: 256,
      })
      .optional(),
    flinkConfigurationFrom: configurationFrom.optional(),
    configurationPolicy: z.enum(["Warn", "Reject"]).default("Warn").meta({
      description:
        "What happens when keys of flinkConfiguration have no effect. Warn: status.configuration and an event say so. Reject: nothing is sent.",
    }),
    trigger: trigger.optional(),
    state: z.enum(["running", "suspended"]).default("running").meta({
      description:
        "suspended: the job is stopped as upgradeMode says, and nothing is submitted until it says running again.",
    }),
    upgradeMode: z
      .enum(["stateless", "savepoint", "last-state"])
      .default("stateless")
      .meta({
        description:
          "How a job is stopped for its successor, and what that one starts from. stateless: cancelled, nothing is kept. " +
          "savepoint: stopped with a savepoint. last-state: cancelled, the newest completed checkpoint is kept.",
      }),
    maxCheckpointAge: duration(
      "upgradeMode last-state: with a newest checkpoint older than this, a savepoint is taken instead. Unset: any age will do.",
    ).optional(),
    rescalePolicy: z
      .enum(["InPlace", "Restart"])
      .default("InPlace")
      .meta({
        description:
          "What a change of parallelism alone does. InPlace: Flink scales the running job, where it can (adaptive scheduler, 1.18 and later), from its newest checkpoint. " +
          "Restart: always a new run, as upgradeMode says.",
      }),
    restartPolicy: z.enum(["Never", "OnFailure"]).default("Never").meta({
      description:
        "What happens when the job has failed for good. OnFailure: a new attempt after a wait, from the newest checkpoint unless upgradeMode is stateless.",
    }),
    restart: restart.prefault({}),
    rollback: rollback.optional(),
    savepoints: savepoints.optional(),
    lostPolicy: z
      .enum(["Fail", "Resubmit"])
      .default("Fail")
      .meta({
        description:
          "What happens when a JobManager without high availability is gone and took the job, or the knowledge of it, along. " +
          "Fail: say so and run nothing. Resubmit: run it again, at the price of a possible second run of a job that had ended unseen.",
      }),
    submission: submission.prefault({}),
    deletionPolicy: z
      .enum(["Cancel", "Savepoint", "Orphan"])
      .default("Cancel")
      .meta({
        description:
          "What happens to the Flink job when the FlinkJob is deleted. Cancel: it is cancelled first. " +
          "Savepoint: it is stopped with a savepoint first, whose path an event tells. Orphan: it goes on.",
      }),
    strangerPolicy: z.enum(["Cancel", "Report"]).default("Cancel").meta({
      description:
        "What happens to another living job under this FlinkJob's JobID prefix. Cancel: it is cancelled. Report: the status names it.",
    }),
    ttlSecondsAfterFinished: z
      .int()
      .min(0)
      .max(2147483647)
      .meta({ description: "Delete the FlinkJob this many seconds after its trigger ended. Unset: keep it." })
      .optional(),
  }),
  "The job that should run, and how it is submitted, replaced and deleted.",
  [
    {
      rule: "has(self.jar) != has(self.plan)",
      message: "spec needs exactly one of jar and plan",
      holds: ({ jar, plan }) => exactlyOne(jar, plan),
    },
    {
      rule: "!has(self.jar) || !has(self.jar.id) || !has(self.cluster.perJob)",
      message:
        "spec.jar.id names a JAR that was uploaded before, and a cluster of spec.cluster.perJob is new: set spec.jar.uri or spec.jar.local",
      holds: ({ jar, cluster }) => jar?.id === undefined || cluster.perJob === undefined,
    },
    {
      rule: "!has(self.jar) || !has(self.jar.local) || (has(self.cluster.perJob) && self.cluster.perJob.mode == 'application')",
      message: "spec.jar.local is a path in the image of spec.cluster.perJob, in mode application only",
      holds: ({ jar, cluster }) => jar?.local === undefined || cluster.perJob?.mode === "application",
    },
    {
      rule: "!has(self.flinkConfigurationFrom) || size(self.flinkConfigurationFrom) == 0 || !has(self.cluster.perJob) || self.cluster.perJob.mode == 'session'",
      message:
        "spec.flinkConfigurationFrom would put values of Secrets into a ConfigMap: set spec.cluster.perJob.mode: session, or bring them into the pods by spec.cluster.perJob.jobManager.podTemplate",
      holds: ({ flinkConfigurationFrom = [], cluster }) =>
        flinkConfigurationFrom.length === 0 || cluster.perJob?.mode !== "application",
    },
    {
      rule: "!has(self.claimMode) || self.claimMode == 'NO_CLAIM' || !has(self.cluster.perJob) || self.cluster.perJob.mode == 'session'",
      message:
        "spec.claimMode can only be NO_CLAIM with spec.cluster.perJob in mode application: Flink's entry point for one job drops every other (FLINK-40559)",
      holds: ({ claimMode = "NO_CLAIM", cluster }) =>
        claimMode === "NO_CLAIM" || cluster.perJob?.mode !== "application",
    },
    {
      rule: "!has(self.cluster.perJob) || !has(self.trigger) || !has(self.trigger.jobId) || has(self.plan)",
      message:
        "spec.trigger.jobId names a job that runs on some cluster already, and those of spec.cluster.perJob are new",
      holds: ({ cluster, trigger, plan }) =>
        cluster.perJob === undefined || trigger?.jobId === undefined || plan !== undefined,
    },
    {
      rule: "!has(self.plan) || (has(self.cluster.perJob) && self.cluster.perJob.mode == 'session' && has(self.trigger) && has(self.trigger.jobId) && self.plan.file.contains(self.trigger.jobId))",
      message:
        "spec.plan needs spec.cluster.perJob in mode session, and spec.trigger.jobId with the JobID of the plan's name",
      holds: ({ plan, cluster, trigger }) =>
        plan === undefined ||
        (cluster.perJob?.mode === "session" &&
          trigger?.jobId !== undefined &&
          plan.file.includes(trigger.jobId)),
    },
    {
      rule: `!has(self.plan) || !(${IN_THE_PLAN.map((field) => `has(self.${field})`).join(" || ")})`,
      message: `spec.plan has it all in it: take away ${IN_THE_PLAN.join(", ")}`,
      holds: (spec) => spec.plan === undefined || IN_THE_PLAN.every((field) => spec[field] === undefined),
    },
    {
      rule: "!has(self.plan) || (self.restartPolicy == 'Never' && self.lostPolicy == 'Fail' && !has(self.rollback))",
      message:
        "spec.plan is run once, its JobID is its client's: no restartPolicy, lostPolicy or rollback can run it again",
      holds: ({ plan, restartPolicy, lostPolicy, rollback }) =>
        plan === undefined || (restartPolicy === "Never" && lostPolicy === "Fail" && rollback === undefined),
    },
    {
      rule:
        "has(self.plan) == has(oldSelf.plan) && (!has(self.plan) || " +
        "(self.plan == oldSelf.plan && self.trigger == oldSelf.trigger && (self.state == oldSelf.state || self.state == 'suspended')))",
      message:
        "spec.plan is run once: it and spec.trigger cannot be changed, and what was suspended does not run again",
      // There is no older version to compare a spec with here.
      holds: () => true,
    },
  ],
);

export type FlinkJobSpec = z.output<typeof flinkJobSpec>;
export type Jar = z.output<typeof jar>;
export type FlinkJobSpecInput = z.input<typeof flinkJobSpec>;
