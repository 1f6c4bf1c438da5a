import type * as z from "zod";
import {
  bytes,
  choice,
  count,
  dnsLabel,
  duration,
  flag,
  listen,
  positiveDuration,
  range,
  text,
} from "./option-readers.ts";

/** One setting of a program. Its flag and its environment variable are derived from its key in the table. */
export interface OptionDefinition<Value> {
  readonly group: string;
  /** What stands for the value in the help text; absent for a boolean, which needs no value. */
  readonly placeholder?: string;
  /** From the text that a user writes to the value that the code reads. Its messages end the line that the user sees. */
  readonly schema: z.ZodType<Value, string>;
  /** As a user would write it. Absent: the setting is undefined, or an empty list. */
  readonly default?: string;
  /** The default inside a cluster, where it differs. */
  readonly defaultInCluster?: string;
  /** Repeatable, and split at commas. */
  readonly list?: true;
  readonly description: string;
}

/** Every setting. The order is the order of the help text. */
export const optionTable = {
  kubeconfig: {
    group: "Kubernetes",
    placeholder: "FILE",
    schema: text,
    description:
      "Kubeconfig file to connect with. Without it: $KUBECONFIG, the pod's own service account, ~/.kube/config.",
  },
  context: {
    group: "Kubernetes",
    placeholder: "NAME",
    schema: text,
    description: "Context of the kubeconfig file; its current context without this flag.",
  },
  namespace: {
    group: "Kubernetes",
    placeholder: "NS",
    schema: dnsLabel,
    list: true,
    description:
      "Namespace to look after; repeat it or separate several by commas. All namespaces without this flag.",
  },
  leaderElect: {
    group: "Leader election",
    schema: flag,
    default: "false",
    description: "Work only while holding the lease, so that several replicas can run and one of them works.",
  },
  leaseName: {
    group: "Leader election",
    placeholder: "NAME",
    schema: dnsLabel,
    default: "flinkjob-operator",
    description: "Name of the lease. Operators that share a name are replicas of each other.",
  },
  leaseNamespace: {
    group: "Leader election",
    placeholder: "NS",
    schema: dnsLabel,
    description:
      "Namespace of the lease. Without it: the operator's own in a cluster, the context's elsewhere.",
  },
  leaseDuration: {
    group: "Leader election",
    placeholder: "DURATION",
    schema: positiveDuration,
    default: "15s",
    description: "How long a standby waits after the leader's last sign of life before it takes over.",
  },
  workers: {
    group: "Work",
    placeholder: "N",
    schema: count(1, 256),
    default: "32",
    description: "FlinkJobs that are reconciled at the same time; one FlinkJob never by two workers.",
  },
  pollInterval: {
    group: "Work",
    placeholder: "DURATION",
    schema: positiveDuration,
    default: "5s",
    description:
      "How often each Flink cluster is asked for its jobs: one request per cluster, however many jobs.",
  },
  submissionConcurrency: {
    group: "Work",
    placeholder: "N",
    schema: count(1, 1_000),
    default: "4",
    description:
      "Run requests that may begin at once per Flink cluster; a slow main() gives its place up after 2 s.",
  },
  mainConcurrency: {
    group: "Work",
    placeholder: "N",
    schema: count(1, 1_000),
    default: "4",
    description:
      "main()s that may run at once per Flink cluster of 2.3 or newer, where each takes a thread of the JobManager (8 on up to two processors); the others wait.",
  },
  submissionBackoff: {
    group: "Work",
    placeholder: "DURATION",
    schema: positiveDuration,
    default: "5s",
    description:
      "The wait after the first run request of a trigger; it doubles with each further one, up to 5m. However short, a request that may still arrive (5s) is waited for.",
  },
  deletionTimeout: {
    group: "Work",
    placeholder: "DURATION",
    schema: duration,
    default: "5m",
    description:
      "How long a deleted FlinkJob waits for its Flink job to end, or its cluster to answer, before it is let go.",
  },
  managedClusters: {
    group: "Work",
    schema: flag,
    default: "true",
    description:
      "Deploy the FlinkClusters that have spec.managed. Needs the rights of manifests/managed-clusters; without them their status says so.",
  },
  shutdownTimeout: {
    group: "Work",
    placeholder: "DURATION",
    schema: duration,
    default: "30s",
    description: "How long running reconciles may take to end after SIGTERM; a second signal ends at once.",
  },
  maxJarSize: {
    group: "JARs and Flink",
    placeholder: "SIZE",
    schema: bytes,
    default: "512Mi",
    description: "Largest JAR that is fetched from a URI.",
  },
  jarTimeout: {
    group: "JARs and Flink",
    placeholder: "DURATION",
    schema: positiveDuration,
    default: "5m",
    description: "Longest time to fetch or to upload one JAR.",
  },
  operatorImage: {
    group: "JARs and Flink",
    placeholder: "IMAGE",
    schema: text,
    description:
      "Image with the operator's own files, for what it does in other pods: it fetches the JAR of a FlinkCluster for one job (spec.managed.application.jar.uri; without it, JarFetcherMissing), and cleans volumes after clusters that are gone (without it, StorageLeft).",
  },
  orphanedJarAge: {
    group: "JARs and Flink",
    placeholder: "DURATION",
    schema: positiveDuration,
    default: "15m",
    description:
      "A JAR that came to a cluster with a request to the gateway, and that no FlinkJob names for so long, is deleted.",
  },
  denyCidr: {
    group: "JARs and Flink",
    placeholder: "CIDR",
    schema: range,
    list: true,
    description:
      "Addresses that spec.cluster.url and spec.jar.uri may not lead to, besides link-local and the like, which are always denied. 0.0.0.0/0,::/0 denies all but --allow-cidr. Repeatable.",
  },
  allowCidr: {
    group: "JARs and Flink",
    placeholder: "CIDR",
    schema: range,
    list: true,
    description: "Addresses that may be reached although another rule denies them. Repeatable.",
  },
  denyLoopback: {
    group: "JARs and Flink",
    schema: flag,
    default: "false",
    defaultInCluster: "true",
    description: "Refuse loopback addresses, which are the operator's own pod.",
  },
  metricsAddress: {
    group: "Observation",
    placeholder: "HOST:PORT",
    schema: listen,
    default: "off",
    defaultInCluster: ":8080",
    description: "Where /metrics is served for Prometheus.",
  },
  healthAddress: {
    group: "Observation",
    placeholder: "HOST:PORT",
    schema: listen,
    default: "off",
    defaultInCluster: ":8081",
    description: "Where /healthz and /readyz are served for the probes.",
  },
  logLevel: {
    group: "Observation",
    placeholder: "LEVEL",
    schema: choice("debug", "info", "warn", "error"),
    default: "info",
    description: "Least level that is logged: debug, info, warn or error.",
  },
  logFormat: {
    group: "Observation",
    placeholder: "FORMAT",
    schema: choice("auto", "json", "pretty"),
    default: "auto",
    description: "json, pretty, or auto: pretty on a terminal, json elsewhere.",
  },
} as const satisfies Record<string, OptionDefinition<unknown>>;

export type OptionName = keyof typeof optionTable;

type ValueOf<Definition> = Definition extends { schema: z.ZodType<infer Value> }
  ? Definition extends { list: true }
    ? readonly Value[]
    : Definition extends { default: string }
      ? Value
      : Value | undefined
  : never;

/** All settings of a table, checked. Durations are in milliseconds, sizes in bytes. */
export type OptionsOf<Table> = { readonly [Name in keyof Table]: ValueOf<Table[Name]> };
export type Options = OptionsOf<typeof optionTable>;

/** `pollInterval` -> `--poll-interval` */
export const flagOf = (name: string): string => `--${kebab(name)}`;

/** `pollInterval` -> `FLINKJOB_POLL_INTERVAL` */
export const variableOf = (name: string): string =>
  `FLINKJOB_${kebab(name).replaceAll("-", "_").toUpperCase()}`;

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
