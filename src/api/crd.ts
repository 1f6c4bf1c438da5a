import { flinkClusterSpec, flinkClusterStatus } from "./flinkcluster.ts";
import { flinkJobSpec } from "./flinkjob.ts";
import { flinkSavepointSpec, flinkSavepointStatus } from "./flinksavepoint.ts";
import { GROUP, VERSION } from "./group.ts";
import { flinkJobStatus } from "./status.ts";
import { type StructuralSchema, structuralSchema } from "./structural-schema.ts";

interface Column {
  name: string;
  type: string;
  jsonPath: string;
  description: string;
  /** 1: only with `-o wide`. */
  priority?: number;
}

interface Definition {
  kind: string;
  plural: string;
  singular: string;
  shortNames: string[];
  description: string;
  spec: StructuralSchema;
  status: StructuralSchema;
  columns: Column[];
  selectableFields?: { jsonPath: string }[];
  /** For `kubectl scale` and autoscalers. */
  scale?: { specReplicasPath: string; statusReplicasPath: string };
}

const ready = '.status.conditions[?(@.type=="Ready")]';
const age: Column = {
  name: "Age",
  type: "date",
  jsonPath: ".metadata.creationTimestamp",
  description: "Time since the object was created.",
};

const definitions: Definition[] = [
  {
    kind: "FlinkJob",
    plural: "flinkjobs",
    singular: "flinkjob",
    shortNames: ["fj"],
    description:
      "FlinkJob is a job that should run on a Flink cluster: one FlinkJob, one trigger, at most one Flink job, and the truth about it in the status.",
    spec: structuralSchema(flinkJobSpec),
    status: structuralSchema(flinkJobStatus),
    columns: [
      { name: "Cluster", type: "string", jsonPath: ".status.cluster", description: "The Flink cluster." },
      {
        name: "Trigger",
        type: "string",
        jsonPath: ".status.trigger.state",
        description: "State of the trigger.",
      },
      {
        name: "Job",
        type: "string",
        jsonPath: ".status.job.state",
        description: "Flink's own state of the job.",
      },
      {
        name: "Ready",
        type: "string",
        jsonPath: `${ready}.status`,
        description: "Whether the job's tasks run.",
      },
      age,
      {
        name: "Job-ID",
        type: "string",
        jsonPath: ".status.trigger.jobId",
        description: "The JobID.",
        priority: 1,
      },
      {
        name: "Reason",
        type: "string",
        jsonPath: `${ready}.reason`,
        description: "Why it is so.",
        priority: 1,
      },
      {
        name: "Message",
        type: "string",
        jsonPath: `${ready}.message`,
        description: "The same in words.",
        priority: 1,
      },
      {
        name: "Restore-Point",
        type: "date",
        jsonPath: ".status.restorePoint.takenAt",
        description: "Age of the newest savepoint or checkpoint that is known.",
        priority: 1,
      },
    ],
    selectableFields: [{ jsonPath: ".spec.cluster.name" }],
    scale: { specReplicasPath: ".spec.parallelism", statusReplicasPath: ".status.trigger.parallelism" },
  },
  {
    kind: "FlinkCluster",
    plural: "flinkclusters",
    singular: "flinkcluster",
    shortNames: ["fc"],
    description: "FlinkCluster is a Flink session cluster that FlinkJobs in its namespace may name.",
    spec: structuralSchema(flinkClusterSpec),
    status: structuralSchema(flinkClusterStatus),
    columns: [
      { name: "URL", type: "string", jsonPath: ".status.url", description: "REST address." },
      { name: "Version", type: "string", jsonPath: ".status.flinkVersion", description: "Flink's version." },
      {
        name: "Protection",
        type: "string",
        jsonPath: ".status.protection",
        description: "What guards against a second run.",
      },
      {
        name: "Ready",
        type: "string",
        jsonPath: `${ready}.status`,
        description: "Whether the JobManager answers.",
      },
      age,
      {
        name: "Message",
        type: "string",
        jsonPath: `${ready}.message`,
        description: "In words.",
        priority: 1,
      },
    ],
  },
  {
    kind: "FlinkSavepoint",
    plural: "flinksavepoints",
    singular: "flinksavepoint",
    shortNames: ["fsp"],
    description:
      "FlinkSavepoint is a savepoint of the job of a FlinkJob: one that is to be taken, once, or one that is there already.",
    spec: structuralSchema(flinkSavepointSpec),
    status: structuralSchema(flinkSavepointStatus),
    columns: [
      { name: "Job", type: "string", jsonPath: ".spec.job.name", description: "The FlinkJob." },
      { name: "State", type: "string", jsonPath: ".status.state", description: "Where it stands." },
      { name: "Path", type: "string", jsonPath: ".status.path", description: "Where the savepoint is." },
      age,
      {
        name: "Reason",
        type: "string",
        jsonPath: ".status.reason",
        description: "Why it is so.",
        priority: 1,
      },
      {
        name: "Message",
        type: "string",
        jsonPath: ".status.message",
        description: "The same in words.",
        priority: 1,
      },
    ],
    selectableFields: [{ jsonPath: ".spec.job.name" }],
  },
];

function render(definition: Definition): Record<string, unknown> {
  const { kind, plural, singular, shortNames, spec, status, columns, selectableFields, scale } = definition;
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${GROUP}`, labels: { "app.kubernetes.io/name": "flinkjob-operator" } },
    spec: {
      group: GROUP,
      scope: "Namespaced",
      names: { kind, listKind: `${kind}List`, plural, singular, shortNames, categories: ["all", "flink"] },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          subresources: { status: {}, ...(scale ? { scale } : {}) },
          additionalPrinterColumns: columns,
          ...(selectableFields ? { selectableFields } : {}),
          schema: {
            openAPIV3Schema: {
              description: definition.description,
              type: "object",
              required: ["spec"],
              properties: {
                apiVersion: { type: "string" },
                kind: { type: "string" },
                metadata: { type: "object" },
                spec,
                // Without it kstatus would call an object that nobody has looked at yet "Current".
                status: { ...status, default: { observedGeneration: -1 } },
              },
            },
          },
        },
      ],
    },
  };
}

/** The CRDs by file name, as objects. */
export function customResourceDefinitions(): Record<string, Record<string, unknown>> {
  return Object.fromEntries(
    definitions.map((definition) => [`${definition.plural}.yaml`, render(definition)]),
  );
}
