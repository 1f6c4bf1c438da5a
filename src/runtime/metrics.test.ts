import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createMetrics } from "./metrics.ts";

/** Time that stands still until told. */
function stillClock() {
  let milliseconds = 0;
  return {
    now: () => milliseconds,
    monotonic: () => milliseconds,
    setTimeout: () => ({ cancel: () => {} }),
    advance: (by: number) => {
      milliseconds += by;
    },
  };
}

function started() {
  const clock = stillClock();
  const metrics = createMetrics({ clock, version: "1.2.3", process: false });
  const line = async (start: string) => {
    const { body } = await metrics.scrape();
    return body.split("\n").find((each) => each.startsWith(start));
  };
  return { clock, metrics, line };
}

test("what is being worked on is measured while it runs, and no longer when it is done", async () => {
  const { clock, metrics, line } = started();
  metrics.kube.waited("flinkjob", 0.5);
  clock.advance(2_000);
  metrics.kube.waited("flinkjob", 0.1);
  clock.advance(1_000);
  const labels = '{name="flinkjob",controller="flinkjob"}';
  expect(await line("workqueue_unfinished_work_seconds{")).toBe(
    `workqueue_unfinished_work_seconds${labels} 4`,
  );
  expect(await line("workqueue_longest_running")).toBe(
    `workqueue_longest_running_processor_seconds${labels} 3`,
  );
  metrics.kube.worked("flinkjob", 3);
  expect(await line("workqueue_unfinished_work_seconds{")).toBe(
    `workqueue_unfinished_work_seconds${labels} 1`,
  );
  metrics.kube.worked("flinkjob", 1);
  expect(await line("workqueue_longest_running_processor_seconds{")).toMatch(/ 0$/);
  expect(await line("workqueue_work_duration_seconds_count")).toMatch(/ 2$/);
});

test("an error counts as a reconcile and as an error, and starts from a visible zero", async () => {
  const { metrics, line } = started();
  metrics.setWorkers("flinkjob", 8);
  expect(await line("controller_runtime_reconcile_errors_total{")).toMatch(/ 0$/);
  metrics.kube.reconciled("flinkjob", "error", 0.2);
  expect(await line("controller_runtime_reconcile_errors_total{")).toMatch(/ 1$/);
  expect(await line('controller_runtime_reconcile_total{controller="flinkjob",result="error"}')).toMatch(
    / 1$/,
  );
  expect(await line("controller_runtime_max_concurrent_reconciles{")).toMatch(/ 8$/);
});

test("a silent reflector shows", async () => {
  const { clock, metrics, line } = started();
  metrics.kube.listed("flinkjobs", 12, 0.1);
  clock.advance(60_000);
  metrics.kube.event("flinkjobs", "BOOKMARK");
  clock.advance(90_000);
  expect(await line("reflector_silence_seconds{")).toBe('reflector_silence_seconds{resource="flinkjobs"} 90');
});

test("requests to the API server and the lease have client-go's labels", async () => {
  const { metrics, line } = started();
  metrics.kube.request({ method: "GET", host: "api:6443", code: "200", seconds: 0.01 });
  metrics.kube.leading("flinkjob-operator", true);
  expect(await line("rest_client_requests_total{")).toBe(
    'rest_client_requests_total{code="200",method="GET",host="api:6443"} 1',
  );
  expect(await line("leader_election_master_status{")).toMatch(/\{name="flinkjob-operator"\} 1$/);
});

test("triggers are counted from the cache at each scrape, states without any show as zero", async () => {
  const { metrics, line } = started();
  const states: ("running" | "pending")[] = ["running", "running", "pending"];
  metrics.addCensus({ states: () => states, savepoints: () => ["completed", "completed"], stalled: () => 1 });
  expect(await line('flinkjob_triggers{state="running"}')).toMatch(/ 2$/);
  expect(await line('flinkjob_triggers{state="failed"}')).toMatch(/ 0$/);
  expect(await line("flinkjob_stalled ")).toMatch(/ 1$/);
  expect(await line('flinkjob_savepoints{state="completed"}')).toMatch(/ 2$/);
  states.pop();
  expect(await line('flinkjob_triggers{state="pending"}')).toMatch(/ 0$/);
});

test("a cluster that is no longer looked after leaves the scrape", async () => {
  const { metrics, line } = started();
  const cluster = { namespace: "team-a", name: "local" };
  metrics.flink.reachable(cluster, false);
  expect(await line("flinkjob_cluster_reachable{")).toBe(
    'flinkjob_cluster_reachable{namespace="team-a",cluster="local"} 0',
  );
  metrics.flink.reachable(cluster, undefined);
  expect(await line("flinkjob_cluster_reachable{")).toBeUndefined();
});

test("two registries do not share a thing", async () => {
  const one = started();
  const two = started();
  one.metrics.flink.submission("accepted", 1);
  expect(await two.line('flinkjob_submissions_total{result="accepted"}')).toMatch(/ 0$/);
});

test("docs/metrics.md lists exactly the metrics that exist", async () => {
  const { metrics } = started();
  metrics.addCensus({ states: () => [], savepoints: () => [], stalled: () => 0 });
  const { body } = await metrics.scrape();
  const registered = [...body.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => `${name} ${type}`);
  const page = readFileSync(new URL("../../docs/metrics.md", import.meta.url), "utf8");
  const documented = [...page.matchAll(/^\| `([a-z_]+)(?:\{[a-z, ]*\})?` \| (\w+) \|/gm)].map(
    ([, name, type]) => `${name} ${type}`,
  );
  expect(documented.sort()).toEqual(registered.sort());
});
