import { describe, expect, test } from "vitest";
import { aJob, decideOn, NOW } from "../../../test/support/builders.ts";
import { aManagedCluster, findOptions } from "../../../test/support/cluster-builders.ts";
import type { ManagedClusterInput } from "../../api/managed-cluster.ts";
import type { FlinkCluster } from "../../api/objects.ts";
import { isTemplate, templateStatus, urlsOf } from "./template.ts";

function template(patch: Partial<ManagedClusterInput> = {}): FlinkCluster {
  const { spec, ...rest } = aManagedCluster(patch);
  return { ...rest, spec: { ...spec, perJob: {} } };
}

describe("a template of clusters", () => {
  test("is ready, and has no address", () => {
    const status = templateStatus(template(), findOptions, NOW);
    expect(status?.conditions?.map(({ type, status: is, reason }) => [type, is, reason])).toEqual([
      ["Ready", "True", "PerJobTemplate"],
      ["Reconciling", "False", "PerJobTemplate"],
      ["Stalled", "False", "PerJobTemplate"],
    ]);
    expect(status?.url).toBeUndefined();
    expect(isTemplate(template())).toBe(true);
    const made = aManagedCluster();
    expect(urlsOf([template(), made, made])).toEqual(["http://orders-rest.team-a.svc:8081"]);
  });

  test.each<[string, Partial<ManagedClusterInput>, string, string]>([
    [
      "a pod template that cannot be",
      { jobManager: { podTemplate: { spec: { restartPolicy: "Never" } } } },
      "InvalidPodTemplate",
      "spec.managed.jobManager.podTemplate",
    ],
    [
      "a value that is none",
      { flinkConfiguration: { "taskmanager.numberOfTaskSlots": 2, "parallelism.default": "many" } },
      "InvalidConfiguration",
      "parallelism.default",
    ],
  ])("with %s is stalled, before any cluster is made of it", (_, patch, reason, words) => {
    const [ready, , stalled] = templateStatus(template(patch), findOptions, NOW)?.conditions ?? [];
    expect(ready).toMatchObject({ status: "False", reason, message: expect.stringContaining(words) });
    expect(ready?.message).not.toContain("The pods stay");
    expect(stalled?.status).toBe("True");
  });
});

test("a FlinkJob that names a template is told what that is", () => {
  const job = aJob({ cluster: { name: "etl" } });
  const cluster = { kind: "notFound", name: "etl", isTemplate: true } as const;
  expect(decideOn({ job, cluster }).status?.trigger).toMatchObject({
    state: "pending",
    reason: "PerJobTemplate",
    message: expect.stringContaining('"etl"'),
  });
});
