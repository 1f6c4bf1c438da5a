import * as z from "zod";
import { application } from "./application.ts";
import { configurationValue } from "./run-request.ts";
import { exactlyOne, pattern, text, withRules } from "./text.ts";

/** Minor versions of Flink that are deployed. */
export const DEPLOYED_VERSIONS = ["1.20", "2.0", "2.1", "2.2", "2.3"] as const;

const NAME = "^[a-z0-9]([a-z0-9.\\-]*[a-z0-9])?$";
const QUANTITY = "^[0-9]+([.][0-9]+)?(m|[kMGTPE]i?)?$";

const quantity = z
  .union([pattern(32, QUANTITY, ""), z.int().min(0)])
  .meta({ structural: { "x-kubernetes-int-or-string": true, maxLength: 32, minimum: 0, pattern: QUANTITY } });

const quantities = (description: string) =>
  z
    .record(z.string(), quantity)
    .refine((map) => Object.keys(map).length <= 8, { message: "must have at most 8 entries" })
    .meta({ description, maxProperties: 8 });

const resources = z
  .object({
    requests: quantities("What is reserved, such as cpu: 500m.").optional(),
    limits: quantities("What is the most, such as memory: 2Gi.").optional(),
  })
  .meta({
    description:
      "Of the main container, as everywhere in Kubernetes. Flink's process size is the memory limit, else the memory request.",
  });

const podTemplate = z.record(z.string(), z.unknown()).meta({
  structural: {
    type: "object",
    description:
      "A pod's metadata and spec, merged into what the operator makes: containers, volumes, env and the like by their names. The main container is flink-main-container.",
    "x-kubernetes-preserve-unknown-fields": true,
  },
});

const jobManager = z
  .object({
    replicas: z
      .int()
      .min(1)
      .max(3)
      .default(1)
      .meta({ description: "JobManagers; all but one are standbys that take over within seconds." }),
    resources: resources.optional(),
    podTemplate: podTemplate.optional(),
  })
  .meta({ description: "The JobManager's pods." });

const taskManager = z
  .object({
    replicas: z
      .int()
      .min(0)
      .max(1000)
      .default(1)
      .meta({ description: "TaskManagers. A change restarts no JobManager." }),
    slots: z.int().min(1).max(256).default(1).meta({ description: "Task slots of each TaskManager." }),
    resources: resources.optional(),
    podTemplate: podTemplate.optional(),
  })
  .meta({ description: "The TaskManagers' pods." });

/** What stays of a cluster's storage when it is deleted; undefined is Snapshots. */
export const KEPT = ["Everything", "Snapshots", "Savepoints"] as const;

const storage = z.object({
  claimName: pattern(
    253,
    NAME,
    "A PersistentVolumeClaim in the same namespace that all pods can mount together (ReadWriteMany).",
  ).optional(),
  hostPath: pattern(
    1024,
    "^/[A-Za-z0-9._/\\-]+$",
    "A directory of the node that user 9999 may write to: for clusters of one node.",
  ).optional(),
  uri: pattern(
    1024,
    "^[a-z][a-z0-9+.\\-]*://[A-Za-z0-9._~/%+\\-=@:,]+$",
    "A directory of a file system that the image knows, such as s3://bucket/flink.",
  ).optional(),
  keep: z
    .enum(KEPT)
    .meta({
      description:
        "What stays of it, if it is a volume, after the deletion. Snapshots, or unset: savepoints, and checkpoints that Flink kept. Savepoints: these alone.",
    })
    .optional(),
});

const storageRules = (where: string) => [
  {
    rule: "[has(self.claimName), has(self.hostPath), has(self.uri)].exists_one(given, given)",
    message: `${where} needs exactly one of claimName, hostPath and uri`,
    holds: ({ claimName, hostPath, uri }: z.output<typeof storage>) => exactlyOne(claimName, hostPath, uri),
  },
];

/** `where`: the field that holds it. */
export const storageOf = (where: string) =>
  withRules(
    storage,
    "Where high availability, job results, checkpoints and savepoints are kept, below NAMESPACE/NAME: exactly one of claimName, hostPath and uri.",
    storageRules(where),
  );

const clusterStorage = withRules(
  storage.extend({
    directory: pattern(
      253,
      "^[a-z0-9]([a-z0-9.\\-]*[a-z0-9])?[.][a-z0-9\\-]*[a-z0-9]$",
      "Below NAMESPACE, instead of the cluster's own: what the clusters of one FlinkJob share. Set by the operator.",
    ).optional(),
  }),
  "Where high availability, job results, checkpoints and savepoints are kept, below NAMESPACE/NAME: exactly one of claimName, hostPath and uri.",
  storageRules("spec.managed.storage"),
);

// Not OFF: without quotes that is the boolean false in YAML.
const level = z.enum(["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"]);

const logging = z
  .object({
    level: level.default("INFO").meta({ description: "Of everything that loggers does not name." }),
    loggers: z
      .record(z.string(), level.meta({ description: "The least level that is logged." }))
      .refine((map) => Object.keys(map).length <= 64, { message: "must have at most 64 entries" })
      .meta({ description: "Levels by the beginning of the logger's name.", maxProperties: 64 })
      .optional(),
    log4j: text(32_768, "A whole log4j-console.properties, instead of level and loggers.").optional(),
  })
  .meta({ description: "What the pods log to their consoles." });

const ingress = z
  .object({
    host: pattern(253, NAME, "Host name."),
    className: pattern(253, NAME, "Ingress class; unset: the cluster's default.").optional(),
    tlsSecretName: pattern(253, NAME, "Secret with the certificate; unset: plain HTTP.").optional(),
  })
  .meta({
    description:
      "An Ingress to the REST API and web UI. Whoever reaches it may run code on the cluster: protect it.",
  });

/** A Flink cluster that the operator deploys: what `FlinkCluster.spec.managed` holds. */
export const managedCluster = z
  .object({
    flinkVersion: z.enum(DEPLOYED_VERSIONS).meta({ description: "Minor version of the Flink in the image." }),
    image: pattern(512, "^[A-Za-z0-9][A-Za-z0-9._/:@\\-]*$", "Image with the official image's entry point."),
    imagePullPolicy: z
      .enum(["Always", "IfNotPresent", "Never"])
      .meta({ description: "When the image is pulled." })
      .optional(),
    imagePullSecrets: z
      .array(z.object({ name: pattern(253, NAME, "Name of a Secret.") }).meta({ description: "A Secret." }))
      .max(8)
      .meta({ description: "Secrets to pull the image with.", "x-kubernetes-list-type": "atomic" })
      .optional(),
    serviceAccountName: pattern(
      253,
      NAME,
      "A ServiceAccount that all pods use, for access to storage. Unset: two are made, one for each role.",
    ).optional(),
    jobManager: jobManager.prefault({}),
    taskManager: taskManager.prefault({}),
    storage: clusterStorage,
    flinkConfiguration: z
      .record(z.string(), configurationValue)
      .refine((map) => Object.keys(map).length <= 256, { message: "must have at most 256 keys" })
      .meta({
        description:
          "Flink options of the cluster, and defaults of its jobs. What the operator itself sets cannot be changed here.",
        maxProperties: 256,
      })
      .optional(),
    logging: logging.prefault({}),
    application: application.optional(),
    mode: z
      .enum(["standalone", "native"])
      .meta({
        description:
          "Who makes the TaskManagers' pods. standalone, or unset: the operator, taskManager.replicas of them. native: the JobManager, as many as its jobs need, and its account may make pods.",
      })
      .optional(),
    ingress: ingress.optional(),
  })
  .meta({
    description:
      "A Flink cluster that the operator deploys and keeps: a session cluster, or with application the cluster of one job.",
  });
export type ManagedCluster = z.output<typeof managedCluster>;
export type ManagedClusterInput = z.input<typeof managedCluster>;
export type Resources = z.output<typeof resources>;
export type Storage = z.output<typeof clusterStorage>;
export type PodTemplate = z.output<typeof podTemplate>;
