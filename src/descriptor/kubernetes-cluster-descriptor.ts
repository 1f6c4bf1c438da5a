import type { FlinkCluster, FlinkJob } from "../api/objects.ts";
import { urlOf } from "../core/cluster/names.ts";
import {
  ClusterClient,
  type ClusterClientOptions,
  ClusterDescriptor,
  Destinations,
  type JobClient,
} from "../flink/library.ts";
import { KubeClient } from "../kube/client.ts";
import { loadClusterAccess } from "../kube/config.ts";
import { KubeError } from "../kube/errors.ts";
import { flinkClusters, flinkJobs } from "../kube/resources.ts";
import { Transport } from "../kube/transport.ts";
import { accepted } from "./accepting.ts";
import { Call, type DeployOptions } from "./call.ts";
import { CustomResources } from "./custom-resources.ts";
import { DeploymentError } from "./deployment-error.ts";
import type { DeployedJobResult, Deployment } from "./deployment-facts.ts";
import { resultOf } from "./job-end.ts";
import { killCluster, killJob } from "./killing.ts";
import { isReachable, progressOf } from "./progress.ts";
import { requestError } from "./request-error.ts";
import type { PerJobSpec, SessionSpec } from "./specs.ts";

export interface KubernetesOptions {
  /** Path of a kubeconfig. Default: $KUBECONFIG, the pod's service account, ~/.kube/config. */
  readonly kubeconfig?: string | undefined;
  /** A context of it, instead of its current one. */
  readonly context?: string | undefined;
  /** Default: that of the context, or the pod's own. */
  readonly namespace?: string | undefined;
  /**
   * Turns the address of a JobManager inside of Kubernetes (`http://orders-rest.team-a.svc:8081`) into one that can be reached from here.
   * Default: as it is, which is right in pods.
   */
  readonly reach?: ((url: string) => string | Promise<string>) | undefined;
  /** Of the clients for Flink that are made: a certificate, headers for a proxy, time-outs. */
  readonly flink?: Omit<ClusterClientOptions, "url" | "destinations"> | undefined;
}

/**
 * FLIP-74's outermost tier for clusters that the operator deploys: session clusters, and clusters of one job. It creates, reads and
 * deletes FlinkClusters and FlinkJobs of one namespace, and nothing else; the operator does the rest, whether or not anybody waits.
 * Every method rejects with a DeploymentError (what was asked of Kubernetes) or a FlinkError (what was asked of Flink, `Timeout`, `Aborted`).
 */
export class KubernetesClusterDescriptor implements AsyncDisposable {
  readonly #transport: Transport;
  readonly #clusters: CustomResources<FlinkCluster>;
  readonly #jobs: CustomResources<FlinkJob>;
  readonly #namespace: string;
  readonly #options: KubernetesOptions;
  /** Anywhere but where clouds keep their secrets. */
  readonly #destinations = new Destinations({ loopback: true });

  /** Reads the configuration of Kubernetes; makes no connection. Rejects with the DeploymentError `RequestRefused`: there is none. */
  static async open(options: KubernetesOptions = {}): Promise<KubernetesClusterDescriptor> {
    const { kubeconfig, context } = options;
    const access = await loadClusterAccess({ kubeconfig, context }).catch((error: unknown) => {
      throw error instanceof KubeError ? requestError(error) : error;
    });
    const transport = new Transport(access, { userAgent: "flinkjob-library", maxConnections: 8 });
    return new KubernetesClusterDescriptor(transport, options);
  }

  private constructor(transport: Transport, options: KubernetesOptions) {
    const { namespace = transport.access.namespace } = options;
    const kube = new KubeClient(transport, { fieldManager: "flinkjob-library" });
    this.#transport = transport;
    this.#namespace = namespace;
    this.#options = options;
    this.#clusters = new CustomResources(kube, flinkClusters, namespace);
    this.#jobs = new CustomResources(kube, flinkJobs, namespace);
  }

  getClusterDescription(): string {
    return `Flink clusters in the namespace ${this.#namespace} of ${this.#transport.access.server}`;
  }

  /**
   * Creates a FlinkCluster, and resolves with its client once its JobManager answers. The same call again gets the same cluster; where
   * another one has that name it rejects with `SpecDiffers`. Rejects with `DeploymentFailed` as soon as waiting alone will not help. Time-out
   * and signal end the wait and not the cluster.
   */
  async deploySession(name: string, spec: SessionSpec, options: DeployOptions = {}): Promise<ClusterClient> {
    if ("application" in spec) throw new TypeError("a session cluster has no application: see deployPerJob");
    const call = new Call(options);
    const cluster = await this.#clusters.ensure(name, { managed: spec }, call);
    await this.#clusters.whileThere(cluster, isReachable, call);
    return await this.#client(cluster, call);
  }

  /**
   * Creates a FlinkJob with a cluster of its own, and resolves with the job's client once Flink has accepted it; rejects as `deploySession` does. The
   * cluster goes with the job's end, so the outcome is told by `getJobResult` of this class.
   */
  async deployPerJob(name: string, spec: PerJobSpec, options: DeployOptions = {}): Promise<JobClient> {
    if (spec.cluster.perJob === undefined) throw new TypeError("spec.cluster needs perJob");
    const call = new Call(options);
    const job = await this.#jobs.ensure(name, spec, call);
    return await this.#jobClient(await accepted(this.#jobs, this.#clusters, job, call));
  }

  /** A client for a FlinkCluster that answers, deployed or external; it is asked who it is. */
  retrieve(which: { readonly cluster: string }, options?: DeployOptions): Promise<ClusterClient>;
  /** A client for a FlinkJob's job. Makes no request to Flink. */
  retrieve(which: { readonly job: string }, options?: DeployOptions): Promise<JobClient>;
  async retrieve(which: Deployment, options: DeployOptions = {}): Promise<ClusterClient | JobClient> {
    const call = new Call(options);
    if ("cluster" in which) return await this.#client(await there(this.#clusters, which.cluster, call), call);
    return await this.#jobClient(await there(this.#jobs, which.job, call));
  }

  /**
   * Waits for the end of a FlinkJob's job, as the operator recorded it: its cluster may be gone. Rejects with the JobErrors `JobFailed` and
   * `JobCanceled`, and with `DeploymentFailed` where it never came to a job.
   */
  async getJobResult(name: string, options: DeployOptions = {}): Promise<DeployedJobResult> {
    const call = new Call(options);
    return await this.#jobs.whileThere(await there(this.#jobs, name, call), resultOf, call);
  }

  /**
   * Deletes a FlinkCluster or FlinkJob, and resolves when it is gone with all that belonged to it; at once where there is none. A FlinkCluster
   * that FlinkJobs name stays until they are gone: rejects with `InUse`, and the deletion stands.
   */
  async kill(which: Deployment, options: DeployOptions = {}): Promise<void> {
    const call = new Call(options);
    if ("job" in which) await killJob(this.#jobs, which.job, call);
    else await killCluster(this.#clusters, this.#jobs, which.cluster, call);
  }

  /** Ends the connections to Kubernetes. Clients that it gave stay as they are, and so does all that was deployed. */
  close(): Promise<void> {
    return this.#transport.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #client(cluster: FlinkCluster, { signal }: Call): Promise<ClusterClient> {
    const url = await this.#reach(urlOf(cluster));
    const descriptor = new ClusterDescriptor({ destinations: this.#destinations });
    return await descriptor.retrieve({ url }, { ...this.#options.flink, signal });
  }

  async #jobClient(job: FlinkJob): Promise<JobClient> {
    const { jobId, sentTo } = job.status?.trigger ?? {};
    if (jobId === undefined || sentTo === undefined) {
      const message = `${this.#jobs.title(job.metadata.name)} is on no cluster yet: ${progressOf(job)}`;
      throw new DeploymentError("NotDeployed", message, { jobId, retry: "backoff" });
    }
    const url = await this.#reach(sentTo.url);
    const destinations = this.#destinations;
    return new ClusterClient({ ...this.#options.flink, url, destinations }).jobClient(jobId);
  }

  async #reach(url: string): Promise<string> {
    return (await this.#options.reach?.(url)) ?? url;
  }
}

async function there<T extends FlinkCluster | FlinkJob>(
  resources: CustomResources<T>,
  name: string,
  call: Call,
): Promise<T> {
  const found = await resources.get(name, call);
  if (found !== undefined) return found;
  throw new DeploymentError("NotFound", `there is no ${resources.title(name)}`);
}
