import { CONTROLLER_NAME } from "../../src/api/group.ts";
import { Controller } from "../../src/controller/controller.ts";
import { JarSource } from "../../src/flink/jars/jar-source.ts";
import { RemoteJobManager } from "../../src/flink/remote-job-manager.ts";
import { Destinations } from "../../src/flink/rest/destinations.ts";
import { KubeClient } from "../../src/kube/client.ts";
import { type Clock, systemClock } from "../../src/kube/clock.ts";
import { PlainCredentials } from "../../src/kube/credentials.ts";
import { EventRecorder } from "../../src/kube/event-recorder.ts";
import { noMetrics } from "../../src/kube/metrics.ts";
import { flinkJobs } from "../../src/kube/resources.ts";
import { Transport } from "../../src/kube/transport.ts";

export interface OperatorStart {
  /** The API server's address, as the operator sees it. */
  readonly server: string;
  readonly namespace: string;
  /** Behind which address and `/NAME` the JobManager of a managed cluster NAME answers; absent: there are none. */
  readonly managed?: string | undefined;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/** An operator that works until it is discarded. Starting never fails: what cannot be reached is tried again. */
export interface RunningOperator {
  /** Ends what is left of it after a cut; resolves when nothing is. */
  discard(): Promise<void>;
}

/** Patience of its clients, so that a lost answer costs a test little; less than the proxy's (HANG_MS). Milliseconds. */
const PATIENCE_MS = 4_000;

/** The operator's parts wired as src/main.ts wires them, within this process and with empty memory. */
export function startInProcess({
  server,
  namespace,
  managed,
  clock = systemClock,
}: OperatorStart): RunningOperator {
  const access = { server, namespace, credentials: new PlainCredentials({}) };
  const transport = new Transport(access, { deadlineMs: PATIENCE_MS });
  const kube = new KubeClient(transport, { fieldManager: "flinkjob-operator" });
  const events = new EventRecorder({ client: kube, controller: CONTROLLER_NAME, instance: "crash-test" });
  const destinations = new Destinations({ loopback: true });
  const jarSource = new JarSource({ destinations });
  const gone = new AbortController();
  const controller = new Controller({
    kube,
    clock,
    connect: (url) =>
      new RemoteJobManager({
        url: url.replace(/^http:\/\/([^.]+)-rest\.[^.]+\.svc:\d+$/u, `${managed}/$1`),
        destinations,
        jarSource,
        longestJar: 64 * 1024 * 1024,
        jarTimeoutMs: 5_000,
        requestTimeoutMs: PATIENCE_MS,
      }),
    namespaces: [namespace],
    workers: 2,
    pollIntervalMs: 400,
    submissionConcurrency: 4,
    mainConcurrency: 4,
    deletionTimeoutMs: 60_000,
    submissionBackoffMs: 100,
    longestWayMs: 100,
    maySend: () => !gone.signal.aborted,
    tell: (job, { type, reason, message }) => events.record(flinkJobs, job, { type, reason, note: message }),
    metrics: noMetrics,
  });
  const watched = controller.watch(gone.signal);
  const working = (async () => {
    while (!controller.hasSynced() && !gone.signal.aborted) await new Promise((go) => setTimeout(go, 5));
    if (!gone.signal.aborted) controller.work();
  })();
  return {
    async discard() {
      gone.abort();
      await working;
      await Promise.all([controller.stop(0), transport.close(), events.flush(0), watched]);
    },
  };
}
