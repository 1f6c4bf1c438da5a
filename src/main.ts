// The only place that wires concrete classes: reads the options, builds the parts, runs them, ends them in order.
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { CONTROLLER_NAME } from "./api/group.ts";
import type { Condition } from "./api/meta.ts";
import type { FlinkCluster, FlinkJob, FlinkSavepoint } from "./api/objects.ts";
import { Controller, SAVEPOINT_WORKERS } from "./controller/controller.ts";
import { ServiceAddresses } from "./controller/managed/service-addresses.ts";
import type { JarFetcher } from "./core/cluster/jar-fetcher.ts";
import { JarSource } from "./flink/jars/jar-source.ts";
import { lazyOptions } from "./flink/options/option-catalogue.ts";
import { RemoteJobManager } from "./flink/remote-job-manager.ts";
import { Destinations } from "./flink/rest/destinations.ts";
import type { SeenExchange } from "./flink/rest/seen-exchange.ts";
import { KubeClient } from "./kube/client.ts";
import { systemClock } from "./kube/clock.ts";
import { loadClusterAccess } from "./kube/config.ts";
import { isKubeError } from "./kube/errors.ts";
import { EventRecorder } from "./kube/event-recorder.ts";
import { LeaderElection } from "./kube/leader-election.ts";
import { flinkClusters, flinkJobs, flinkSavepoints } from "./kube/resources.ts";
import { Transport } from "./kube/transport.ts";
import { serveEndpoints } from "./runtime/endpoints.ts";
import { compileHttpParserOnce } from "./runtime/http-parser.ts";
import { createLogger, forObject, type Logger } from "./runtime/logging.ts";
import { createMetrics } from "./runtime/metrics.ts";
import type { AddressRange } from "./runtime/network-address.ts";
import { helpText } from "./runtime/option-help.ts";
import { type Options, OptionsError, parseCommandLine } from "./runtime/options.ts";
import { exitCodes, Shutdown } from "./runtime/shutdown.ts";

const VERSION = process.env.FLINKJOB_VERSION ?? "development";
const EVENT_QUEUE = 10_000;

async function run(options: Options): Promise<void> {
  compileHttpParserOnce();
  const clock = systemClock;
  const logger = createLogger({ level: options.logLevel, format: options.logFormat });
  const metrics = createMetrics({ clock, version: VERSION });
  const shutdown = new Shutdown({
    timeoutMs: options.shutdownTimeout,
    clock,
    logger,
    exit: (code) => process.exit(code),
  });
  shutdown.listen();
  const access = await loadClusterAccess({ kubeconfig: options.kubeconfig, context: options.context });
  const transport = new Transport(access, {
    userAgent: `flinkjob-operator/${VERSION}`,
    metrics: metrics.kube,
  });
  const kube = new KubeClient(transport, { fieldManager: "flinkjob-operator" });
  const identity = `${hostname()}_${randomUUID()}`;
  const events = new EventRecorder({
    client: kube,
    controller: CONTROLLER_NAME,
    instance: hostname(),
    metrics: metrics.kube,
    queueLimit: EVENT_QUEUE,
  });

  const election = options.leaderElect
    ? new LeaderElection({
        client: kube,
        lease: { namespace: options.leaseNamespace ?? access.namespace, name: options.leaseName },
        identity,
        leaseDurationMs: options.leaseDuration,
        renewDeadlineMs: (options.leaseDuration * 2) / 3,
        retryPeriodMs: (options.leaseDuration * 2) / 15,
        metrics: metrics.kube,
        onStartedLeading: () => lead(),
        onStoppedLeading: (why) => {
          // A lost lease ends the process: what it was about to do is not its to do any more.
          if (why === "lost") process.exit(exitCodes.failed);
        },
        onProblem: (error) => logger.warn({ error }, "Could not renew the lease"),
      })
    : undefined;

  const addresses = new ServiceAddresses();
  const controller = new Controller({
    kube,
    clock,
    connect: connector(options, addresses, (seen) => metrics.flink.request(seen)),
    managedClusters: options.managedClusters,
    image: options.operatorImage,
    jarFetcher: jarFetcherOf(options),
    addresses,
    namespaces: options.namespace,
    workers: options.workers,
    pollIntervalMs: options.pollInterval,
    submissionConcurrency: options.submissionConcurrency,
    mainConcurrency: options.mainConcurrency,
    deletionTimeoutMs: options.deletionTimeout,
    submissionBackoffMs: options.submissionBackoff,
    orphanedJarMs: options.orphanedJarAge,
    findOptions: lazyOptions(),
    maySend: () => !shutdown.signal.aborted && (election?.isLeading() ?? true),
    tell: (job, { type, reason, message }) => {
      forObject(logger, nameOf(job)).info({ reason, trigger: job.status?.trigger?.id }, message);
      events.record(flinkJobs, job, { type, reason, note: message });
    },
    tellCluster: (cluster, { type, reason, message }) => {
      forObject(logger, nameOf(cluster)).info({ reason }, message);
      events.record(flinkClusters, cluster, { type, reason, note: message });
    },
    tellSavepoint: (savepoint, { type, reason, message }) => {
      forObject(logger, nameOf(savepoint)).info({ reason, job: savepoint.status?.jobId }, message);
      events.record(flinkSavepoints, savepoint, { type, reason, note: message });
    },
    metrics: metrics.kube,
    onOutcome: (outcome, seconds) => metrics.flink.submission(outcome.kind, seconds),
    onStatusWritten: (kind) => metrics.flink.statusWritten(kind),
    onReachable: (cluster, reachable) => metrics.flink.reachable(cluster, reachable),
    onDecision: (job, rule, changed) => {
      if (changed) forObject(logger, nameOf(job)).debug({ rule }, "Decided");
    },
    onProblem: (what, problem, details) => reportProblem(logger, what, problem, details),
  });
  metrics.setWorkers("flinkjob", options.workers);
  metrics.setWorkers("flinkcluster", 1);
  metrics.setWorkers("flinksavepoint", SAVEPOINT_WORKERS);
  metrics.setWorkers("savepointschedule", 1);
  metrics.addCensus({
    states: () =>
      controller.jobs.list().flatMap(({ status }) => (status?.trigger ? [status.trigger.state] : [])),
    savepoints: () => controller.savepoints.list().map(({ status }) => status?.state ?? "pending"),
    stalled: () => controller.jobs.list().filter(({ status }) => isStalled(status?.conditions)).length,
  });

  const watching = new AbortController();
  const watched = controller.watch(watching.signal);
  const { jobs, clusters, savepoints } = controller;
  const caches = { flinkjobs: jobs, flinkclusters: clusters, flinksavepoints: savepoints };
  await serveEndpoints({ ...options, metrics, caches, logger, shutdown });
  shutdown.add("close", "watches", () => watching.abort());

  const electing = new AbortController();
  await synced(controller, shutdown.signal);
  if (shutdown.signal.aborted) return;
  logger.info(
    { server: access.server, namespaces: options.namespace, version: VERSION },
    "Filled the caches",
  );
  if (election) {
    const elected = election.run(electing.signal);
    shutdown.add("release", "lease", async () => {
      electing.abort();
      await elected;
    });
  } else {
    lead();
  }
  void watched;

  function lead(): void {
    controller.work();
    shutdown.add("drain", "workers", () => controller.stop(options.shutdownTimeout / 2));
    shutdown.add("flush", "events", () => events.flush(options.shutdownTimeout / 4));
    logger.info({ workers: options.workers, identity }, "Started to work");
  }
}

function connector(
  options: Options,
  addresses: ServiceAddresses,
  onExchange: (seen: SeenExchange) => void,
): (url: string) => RemoteJobManager {
  const rules = { deny: options.denyCidr, allow: options.allowCidr, loopback: !options.denyLoopback };
  const destinations = new Destinations(rules, addresses.lookup);
  const jarSource = new JarSource({ destinations });
  const { maxJarSize, jarTimeout } = options;
  return (url) =>
    new RemoteJobManager({
      url,
      onExchange,
      destinations,
      jarSource,
      longestJar: maxJarSize,
      jarTimeoutMs: jarTimeout,
    });
}

/** Fetching in a pod goes by the operator's own rules; the loopback of a pod is not the operator's, so nothing is there to allow. */
function jarFetcherOf(options: Options): JarFetcher | undefined {
  const { operatorImage: image, maxJarSize, jarTimeout, denyCidr, allowCidr } = options;
  if (image === undefined) return undefined;
  const ranges = (flag: string, list: readonly AddressRange[]) =>
    list.map(({ address, prefix }) => `${flag}=${address}/${prefix}`);
  const bounds = [`--max-jar-size=${maxJarSize}`, `--jar-timeout=${jarTimeout}ms`];
  return {
    image,
    args: [...bounds, ...ranges("--deny-cidr", denyCidr), ...ranges("--allow-cidr", allowCidr)],
  };
}

async function synced(controller: Controller, signal: AbortSignal): Promise<void> {
  while (!controller.hasSynced() && !signal.aborted) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function nameOf({ kind, metadata }: FlinkJob | FlinkCluster | FlinkSavepoint) {
  return { kind, namespace: metadata.namespace, name: metadata.name, generation: metadata.generation };
}

function isStalled(conditions: readonly Condition[] | undefined): boolean {
  return conditions?.some(({ type, status }) => type === "Stalled" && status === "True") ?? false;
}

function reportProblem(
  logger: Logger,
  what: string,
  problem: unknown,
  details: Record<string, unknown>,
): void {
  if (what.startsWith("watch") && isKubeError(problem, "NotFound")) {
    logger.error(
      { ...details },
      `Cannot ${what}: the CRDs are not installed (kubectl apply -k crds, or manifests/install.yaml)`,
    );
    return;
  }
  const expected = isKubeError(problem, "Unreachable", "Network", "Unavailable", "Gone", "TooManyRequests");
  logger[expected ? "warn" : "error"]({ ...details, error: problem }, `Failed to ${what}`);
}

try {
  const command = parseCommandLine({ argv: process.argv.slice(2), env: process.env });
  if (command.kind === "help") process.stdout.write(helpText());
  else if (command.kind === "version")
    process.stdout.write(`flinkjob-operator ${VERSION} (Node ${process.version})\n`);
  else await run(command.options);
} catch (error) {
  if (error instanceof OptionsError) {
    process.stderr.write(`flinkjob-operator: ${error.message}\n`);
    process.exit(error.exitCode);
  }
  process.stderr.write(`flinkjob-operator: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(exitCodes.failed);
}
