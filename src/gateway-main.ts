// The gateway's process, wired: the only place beside main.ts that knows concrete classes of every room.

import type { FlinkCluster, FlinkJob } from "./api/objects.ts";
import { ClusterClient } from "./flink/clients/cluster-client.ts";
import { Destinations } from "./flink/rest/destinations.ts";
import { createEdge } from "./gateway/edge.ts";
import { Planning } from "./gateway/plans/planning.ts";
import { RequestJars } from "./gateway/run-async/request-jars.ts";
import type { RunAsyncParts } from "./gateway/run-async/routes.ts";
import { SELECTOR } from "./gateway/run-async/submission-job.ts";
import { createGateway } from "./gateway/server.ts";
import { KnownClusters } from "./gateway/store/known-clusters.ts";
import { Listing, submissionIndexers, trimmed } from "./gateway/store/listing.ts";
import { planIndexers } from "./gateway/store/plan-jobs.ts";
import { Submissions } from "./gateway/store/submissions.ts";
import { templateIndexers } from "./gateway/store/templates.ts";
import { KeyPairFiles } from "./gateway/tls/key-pair-files.ts";
import { KubeClient } from "./kube/client.ts";
import { type Clock, systemClock } from "./kube/clock.ts";
import { loadClusterAccess } from "./kube/config.ts";
import { Followed } from "./kube/followed.ts";
import { Informer } from "./kube/informer.ts";
import { flinkClusters, flinkJobs } from "./kube/resources.ts";
import type { Indexers } from "./kube/store.ts";
import { Transport } from "./kube/transport.ts";
import type { KubeObject, Resource } from "./kube/types.ts";
import { serveEndpoints } from "./runtime/endpoints.ts";
import { createGatewayMetrics, type GatewayMetrics } from "./runtime/gateway-metrics.ts";
import {
  type GatewayOptions,
  gatewayIntroduction,
  gatewayOptionTable,
} from "./runtime/gateway-option-table.ts";
import { compileHttpParserOnce } from "./runtime/http-parser.ts";
import { createLogger, type Logger } from "./runtime/logging.ts";
import { helpText } from "./runtime/option-help.ts";
import { OptionsError, readCommandLine, refuseClashes } from "./runtime/options.ts";
import { exitCodes, Shutdown } from "./runtime/shutdown.ts";

const VERSION = process.env.FLINKJOB_VERSION ?? "development";
const JAR_STALL_MS = 30_000;
/** Of one namespace's caches, at the start. */
const SYNC_POLL_MS = 10;

async function run(options: GatewayOptions): Promise<void> {
  const { address } = options;
  if ("off" in address) throw new OptionsError("--address: a gateway that is served nowhere is of no use");
  compileHttpParserOnce();
  const clock = systemClock;
  const logger = createLogger({ level: options.logLevel, format: options.logFormat });
  const metrics = createGatewayMetrics({ clock, version: VERSION });
  const shutdown = new Shutdown({
    timeoutMs: options.shutdownTimeout,
    clock,
    logger,
    exit: (code) => process.exit(code),
  });
  shutdown.listen();
  const keyPair = await openKeyPair(options, logger);
  const access = await loadClusterAccess({ kubeconfig: options.kubeconfig, context: options.context });
  const transport = new Transport(access, {
    userAgent: `flinkjob-gateway/${VERSION}`,
    metrics: metrics.kube,
  });
  const kube = new KubeClient(transport, { fieldManager: "flinkjob-gateway" });

  const follow = <T extends KubeObject>(
    resource: Resource<T>,
    indexers: Indexers<T>,
    kept: { labelSelector?: string; trim?: (object: T) => T } = {},
  ): Followed<T> => {
    const { labelSelector, trim } = kept;
    const scopes = options.namespace.length === 0 ? [undefined] : options.namespace;
    const onProblem = (error: unknown) => logger.warn({ error }, `Failed to watch ${resource.plural}`);
    return new Followed(
      scopes.map((namespace) => {
        const selection = { namespace, labelSelector };
        return new Informer<T>({
          client: kube,
          resource,
          selection,
          indexers,
          trim,
          clock,
          metrics: metrics.kube,
          onProblem,
        });
      }),
    );
  };
  const jobIndexers = { ...submissionIndexers, ...planIndexers };
  const jobs = follow(flinkJobs, jobIndexers, { labelSelector: SELECTOR, trim: trimmed });
  const clusters = follow(flinkClusters, templateIndexers);
  const caches = { flinkjobs: jobs, flinkclusters: clusters };
  const watching = new AbortController();
  void jobs.run(watching.signal);
  void clusters.run(watching.signal);
  shutdown.add("close", "watches", () => watching.abort());

  const destinations = new Destinations({
    deny: options.denyCidr,
    allow: options.allowCidr,
    loopback: !options.denyLoopback,
  });
  const uploading = new AbortController();
  shutdown.add("close", "uploads", () => uploading.abort());
  const jars = new RequestJars({
    connect: (url) => new ClusterClient({ url, destinations }),
    longest: options.maxJarSize,
    deadlineMs: options.jarTimeout,
    stallMs: JAR_STALL_MS,
    concurrency: options.maxUploads,
    signal: uploading.signal,
  });
  metrics.addUploads(() => jars.underWay);

  const plans = await openPlans({ options, kube, jobs, clusters, destinations, clock, logger, metrics });
  shutdown.add("drain", "plans", () => plans?.stop());

  const onSubmitted: RunAsyncParts["onSubmitted"] = ({ triggerId, created, cluster, user, withJar }) => {
    metrics.submission(created ? "created" : "duplicate");
    const { namespace, name } = cluster;
    const message = created ? "Recorded a submission" : "Met a submission that was recorded before";
    logger.info({ namespace, cluster: name, trigger: triggerId, user, withJar }, message);
  };
  if (options.insecureLoopback) logger.warn("Asks nobody for a token: --insecure-loopback");
  const knownClusters = new KnownClusters(clusters, kube, options.namespace);
  const edge = createEdge({
    kube,
    clock,
    clusters: knownClusters,
    destinations,
    host: address.host,
    insecureLoopback: options.insecureLoopback,
    tokenAudiences: options.tokenAudience,
    accessHoldsMs: options.accessCache,
    share: {
      perSecond: options.clientRate,
      burst: options.clientBurst,
      concurrent: options.clientConcurrency,
    },
    maxConnections: options.maxConnections,
    stallMs: options.stallTimeout,
    keyPair,
    plans: plans?.parts,
    namespaces: options.namespace,
    onPassed: ({ cluster, ...passed }) =>
      logger.info({ namespace: cluster.namespace, cluster: cluster.name, ...passed }, "Passed on a request"),
    onBroken: ({ namespace, name }, error) =>
      logger.warn({ namespace, cluster: name, error }, "Broke off an answer of a JobManager"),
  });
  const gateway = await createGateway({
    version: VERSION,
    ...edge,
    clusters: knownClusters,
    defaultCluster: options.defaultCluster,
    runAsync: { submissions: new Submissions(kube, jobs), listing: new Listing(jobs), jars, onSubmitted },
    onRequest: (seen) => metrics.request(seen),
    onProblem: (what, problem) => logger.error({ error: problem }, `Failed to ${what}`),
  });

  await serveEndpoints({ ...options, metrics, caches, logger, shutdown });

  while (!(jobs.hasSynced() && clusters.hasSynced()) && !shutdown.signal.aborted)
    await new Promise((resolve) => setTimeout(resolve, SYNC_POLL_MS));
  if (shutdown.signal.aborted) return;
  plans?.start();
  logger.info(
    { server: access.server, namespaces: options.namespace, version: VERSION },
    "Filled the caches",
  );
  const url = await gateway.listen({ host: address.host ?? "::", port: address.port });
  shutdown.add("intake", "gateway", () => gateway.close());
  // Fastify does not know what the server that it was given speaks.
  const served = keyPair === undefined ? url : url.replace(/^http:/, "https:");
  logger.info({ address: served }, "Serving the gateway");
}

interface PlansParts {
  readonly options: GatewayOptions;
  readonly kube: KubeClient;
  readonly jobs: Followed<FlinkJob>;
  readonly clusters: Followed<FlinkCluster>;
  readonly destinations: Destinations;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: GatewayMetrics;
}

async function openPlans({ options, logger, metrics, ...parts }: PlansParts): Promise<Planning | undefined> {
  const { planDirectory: directory } = options;
  if (directory === undefined) return undefined;
  const plans = await Planning.open({
    ...parts,
    directory,
    space: options.planSpace,
    longest: options.maxPlanSize,
    timeoutMs: options.planTimeout,
    retentionMs: options.planRetention,
    deadlineMs: options.jarTimeout,
    stallMs: options.stallTimeout,
    concurrency: options.maxUploads,
    onReceived: ({ created, namespace, template, flinkJob, jobId, user }) => {
      metrics.plan(created ? "created" : "duplicate");
      const message = created ? "Recorded a plan" : "Met a plan that was recorded before";
      logger.info({ namespace, template, flinkJob, jobId, user }, message);
    },
    onHanded: ({ metadata }, result, why) => {
      metrics.handedOver(result);
      const { namespace, name: flinkJob } = metadata;
      if (result === "taken") logger.info({ namespace, flinkJob }, "Handed over a plan");
      else logger.warn({ namespace, flinkJob, why }, "Refused a plan");
    },
    onProblem: (what, error) => logger.warn({ error }, `Failed to ${what}`),
  }).catch((cause: unknown) => {
    throw new OptionsError(`--plan-directory: ${(cause as Error).message}`);
  });
  metrics.addPlans(() => plans.waiting());
  return plans;
}

async function openKeyPair(
  { tlsCert, tlsKey }: GatewayOptions,
  logger: Logger,
): Promise<KeyPairFiles | undefined> {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined)
    throw new OptionsError("--tls-cert and --tls-key go together; one of them is missing");
  return KeyPairFiles.open({
    certFile: tlsCert,
    keyFile: tlsKey,
    clock: systemClock,
    onLoaded: (facts) => logger.info({ ...facts }, "Took a TLS certificate into use"),
    onProblem: (error) => logger.error({ error }, "Kept the TLS certificate: the new one cannot be used"),
  });
}

try {
  const line = { argv: process.argv.slice(2), env: process.env };
  const command = readCommandLine(gatewayOptionTable, "the gateway", line);
  if (command.kind === "help")
    process.stdout.write(helpText(gatewayOptionTable, gatewayIntroduction, "gateway"));
  else if (command.kind === "version")
    process.stdout.write(`flinkjob-gateway ${VERSION} (Node ${process.version})\n`);
  else {
    refuseClashes(command.options);
    await run(command.options);
  }
} catch (error) {
  process.stderr.write(`flinkjob-gateway: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(error instanceof OptionsError ? error.exitCode : exitCodes.failed);
}
