import { bytes, count, flag, listen, parsed, positiveDuration, text } from "./option-readers.ts";
import { type OptionDefinition, type OptionsOf, optionTable } from "./option-table.ts";

const cluster = parsed((value) => {
  const [namespace = "", name = "", ...rest] = value.split("/");
  const isName = (text: string) => /^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/.test(text);
  return isName(namespace) && isName(name) && rest.length === 0 ? { namespace, name } : undefined;
}, "a FlinkCluster; write NAMESPACE/NAME");

/** Every setting of the gateway. The order is the order of the help text. */
export const gatewayOptionTable = {
  kubeconfig: optionTable.kubeconfig,
  context: optionTable.context,
  namespace: {
    ...optionTable.namespace,
    description:
      "Namespace to serve; repeat it or separate several by commas. All namespaces without this flag.",
  },
  address: {
    group: "Gateway",
    placeholder: "HOST:PORT",
    schema: listen,
    default: "127.0.0.1:8090",
    defaultInCluster: ":8090",
    description: "Where the gateway is served.",
  },
  defaultCluster: {
    group: "Gateway",
    placeholder: "NAMESPACE/NAME",
    schema: cluster,
    description:
      "The FlinkCluster of /run-async without a prefix. Without this flag, only /clusters/{namespace}/{name}/run-async is served.",
  },
  tlsCert: {
    group: "Gateway",
    placeholder: "FILE",
    schema: text,
    description:
      "Certificate with its chain, PEM, such as tls.crt of a mounted Secret; a new one is taken up while the gateway runs. Plain HTTP without this flag.",
  },
  tlsKey: {
    group: "Gateway",
    placeholder: "FILE",
    schema: text,
    description: "Key of --tls-cert, PEM.",
  },
  insecureLoopback: {
    group: "Access",
    schema: flag,
    default: "false",
    description:
      "Ask nobody for a token: whoever reaches the address may do all that the gateway itself may. Only with a loopback --address.",
  },
  tokenAudience: {
    group: "Access",
    placeholder: "AUDIENCE",
    schema: text,
    list: true,
    description:
      "Tokens must be made for one of these, as by kubectl create token --audience. Without this flag: for the API server. Repeatable.",
  },
  accessCache: {
    group: "Access",
    placeholder: "DURATION",
    schema: positiveDuration,
    default: "30s",
    description:
      "How long the API server's answers about a token or a right hold; a refusal holds 5s at most.",
  },
  clientRate: {
    group: "Limits",
    placeholder: "N",
    schema: count(1, 100_000),
    default: "100",
    description: "Requests that one user may make each second in the long run; further ones get 429.",
  },
  clientBurst: {
    group: "Limits",
    placeholder: "N",
    schema: count(1, 100_000),
    default: "200",
    description: "Requests that one user may make at once after a pause.",
  },
  clientConcurrency: {
    group: "Limits",
    placeholder: "N",
    schema: count(1, 100_000),
    default: "100",
    description: "Requests of one user that are served at the same time.",
  },
  maxConnections: {
    group: "Limits",
    placeholder: "N",
    schema: count(1, 100_000),
    default: "1000",
    description: "Connections at once; further ones are closed.",
  },
  stallTimeout: {
    group: "Limits",
    placeholder: "DURATION",
    schema: positiveDuration,
    default: "1m",
    description:
      "How long a client of a Flink cluster may take for each 64 KiB of its request, or take nothing of its answer.",
  },
  maxUploads: {
    group: "Gateway",
    placeholder: "N",
    schema: count(1, 1_000),
    default: "8",
    description:
      "JARs that may be on their way in at once, and jobs for /per-job as many; further requests that bring one get 503.",
  },
  maxJarSize: {
    group: "Gateway",
    placeholder: "SIZE",
    schema: bytes,
    default: "512Mi",
    description: "Largest JAR that a request may bring.",
  },
  jarTimeout: {
    group: "Gateway",
    placeholder: "DURATION",
    schema: positiveDuration,
    default: "10m",
    description: "Longest time for one JAR's way through the gateway, or for one job's way into it.",
  },
  planDirectory: {
    group: "Plans",
    placeholder: "DIRECTORY",
    schema: text,
    description:
      "Directory on a volume for the jobs that Flink's own clients send to /per-job, until they are handed over. Several gateways may share it. Without this flag /per-job takes none.",
  },
  maxPlanSize: {
    group: "Plans",
    placeholder: "SIZE",
    schema: bytes,
    default: "512Mi",
    description: "Largest of these jobs, with its JARs.",
  },
  planSpace: {
    group: "Plans",
    placeholder: "SIZE",
    schema: bytes,
    default: "8Gi",
    description: "All of them together; further ones get 503.",
  },
  planTimeout: {
    group: "Plans",
    placeholder: "DURATION",
    schema: positiveDuration,
    default: "10m",
    description: "How long one may wait for its cluster; then its client is told why there is none.",
  },
  planRetention: {
    group: "Plans",
    placeholder: "DURATION",
    schema: positiveDuration,
    default: "24h",
    description: "How long its FlinkJob stays after the job's end, for clients that still ask.",
  },
  denyCidr: {
    ...optionTable.denyCidr,
    group: "Flink",
    description:
      "Addresses that spec.url of a FlinkCluster may not lead to, besides link-local and the like, which are always denied. Repeatable.",
  },
  allowCidr: { ...optionTable.allowCidr, group: "Flink" },
  denyLoopback: {
    ...optionTable.denyLoopback,
    group: "Flink",
    description: "Refuse loopback addresses, which are the gateway's own pod.",
  },
  shutdownTimeout: {
    ...optionTable.shutdownTimeout,
    group: "Gateway",
    description: "How long requests under way may take to end after SIGTERM; a second signal ends at once.",
  },
  metricsAddress: optionTable.metricsAddress,
  healthAddress: optionTable.healthAddress,
  logLevel: optionTable.logLevel,
  logFormat: optionTable.logFormat,
} as const satisfies Record<string, OptionDefinition<unknown>>;

/** All settings, checked. Durations are in milliseconds, sizes in bytes. */
export type GatewayOptions = OptionsOf<typeof gatewayOptionTable>;

export const gatewayIntroduction = `Usage: flinkjob-gateway [flags]

Serves the asynchronous job submission API over HTTP: each submission is a FlinkJob, which the operator processes.

Every flag can be given as an environment variable too (in brackets); the flag wins.
Durations are written like 500ms, 5s, 1m30s or 2h.`;
