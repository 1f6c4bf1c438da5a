import type { ClusterDesign } from "./design.ts";
import { literal } from "./literal.ts";
import { resourcesOf } from "./memory.ts";
import { type ClusterObject, deploymentOf } from "./objects.ts";

/** Where a JAR that was fetched is, in the JobManager's pod. The image's own /opt/flink/usrlib stays as it is. */
export const JAR_MOUNT = "/flink/jar";
export const JAR_VOLUME = "jar";
export const FETCHED_JAR = `${JAR_MOUNT}/job.jar`;
export const FETCH_CONTAINER = "fetch-jar";
const COMMAND = ["/usr/bin/node", "/operator/fetch-jar.mjs"];
const URI = "--uri=";

/** What fetches the JARs of uris, before a JobManager starts. */
export interface JarFetcher {
  /** With the operator's own files. */
  image: string;
  /** Its rules: bounds and allowed destinations, as Kubernetes takes them. */
  args: readonly string[];
}

/** Whether the JobManager's pods fetch a JAR. */
export function fetchesJar({ spec }: ClusterDesign): boolean {
  return spec.application?.jar.uri !== undefined;
}

/** The init container that puts the JAR where `jobManagerArgs` has it; undefined where none is fetched, or none can be. */
export function fetchStep({ spec, jarFetcher }: ClusterDesign): object | undefined {
  const { uri, sha256 } = spec.application?.jar ?? {};
  if (uri === undefined || !jarFetcher) return undefined;
  const own = [
    `${URI}${uri}`,
    ...(sha256 === undefined ? [] : [`--sha256=${sha256}`]),
    `--to=${FETCHED_JAR}`,
  ];
  return {
    name: FETCH_CONTAINER,
    image: jarFetcher.image,
    command: COMMAND,
    args: [...jarFetcher.args, ...own.map(literal)],
    // What the JobManager gets anyway: a pod needs the most of its steps, and a quota may want all of them to say something.
    resources: resourcesOf(spec.jobManager.resources, "jobmanager"),
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
    volumeMounts: [{ name: JAR_VOLUME, mountPath: JAR_MOUNT }],
  };
}

/** The step with which a JobManager that is ready was made: an operator's upgrade is no reason to replace it. */
export function keptFetcher(live: readonly ClusterObject[]): JarFetcher | undefined {
  const { spec, status } = (deploymentOf(live, "jobmanager") ?? {}) as Deployment;
  if (!status?.readyReplicas) return undefined;
  const step = spec?.template?.spec?.initContainers?.find(({ name }) => name === FETCH_CONTAINER);
  const { image, args = [] } = step ?? {};
  const own = args.findIndex((arg) => arg.startsWith(URI));
  if (image === undefined || own < 0) return undefined;
  return { image, args: args.slice(0, own) };
}

interface Deployment {
  spec?: { template?: { spec?: { initContainers?: { name?: string; image?: string; args?: string[] }[] } } };
  status?: { readyReplicas?: number };
}
