import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Clock } from "../kube/clock.ts";
import { createGatewayMetrics } from "./gateway-metrics.ts";

test("docs/gateway.md lists the gateway's own metrics, and docs/metrics.md those that it shares", async () => {
  const clock = { monotonic: () => 0 } as Clock;
  const metrics = createGatewayMetrics({ clock, version: "1", process: false });
  metrics.addUploads(() => 2);
  metrics.request({ method: "GET", route: "/run-async", code: "200", seconds: 0.002 });
  metrics.submission("created");
  metrics.addPlans(async () => 3);
  metrics.plan("duplicate");
  metrics.handedOver("refused");
  const { body } = await metrics.scrape();
  expect(body).toContain('flinkjob_gateway_submissions_total{result="created"} 1');
  expect(body).toContain('flinkjob_gateway_submissions_total{result="duplicate"} 0');
  expect(body).toContain('flinkjob_gateway_requests_total{method="GET",route="/run-async",code="200"} 1');
  expect(body).toContain("flinkjob_gateway_uploads 2");
  expect(body).toContain("flinkjob_gateway_plans_waiting 3");
  expect(body).toContain('flinkjob_gateway_plans_total{result="duplicate"} 1');
  expect(body).toContain('flinkjob_gateway_plans_handed_over_total{result="refused"} 1');
  const registered = [...body.matchAll(/^# TYPE (\S+) (\w+)$/gm)].map(([, name, type]) => `${name} ${type}`);
  const listedIn = (page: string) =>
    [
      ...readFileSync(new URL(`../../docs/${page}`, import.meta.url), "utf8").matchAll(
        /^\| `([a-z_]+)(?:\{[a-z, ]*\})?` \| (\w+) \|/gm,
      ),
    ].map(([, name, type]) => `${name} ${type}`);
  const own = listedIn("gateway.md");
  expect(own.filter((metric) => !registered.includes(metric))).toEqual([]);
  const known = new Set([...own, ...listedIn("metrics.md")]);
  expect(registered.filter((metric) => !known.has(metric))).toEqual([]);
});
