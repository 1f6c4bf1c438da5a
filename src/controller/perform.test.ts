import { describe, expect, test } from "vitest";
import { aJob, aLook, UID, URL_A } from "../../test/support/builders.ts";
import { aRunningJob, aSavepoint } from "../../test/support/savepoint-builders.ts";
import type { Effect } from "../core/step.ts";
import { KubeError, type KubeErrorCode } from "../kube/errors.ts";
import { FakeClock } from "../kube/fake-clock.ts";
import { flinkJobs } from "../kube/resources.ts";
import { jobMemory } from "./job-memory.ts";
import { Perform, type PerformOptions } from "./perform.ts";
import { Versions } from "./versions.ts";

/** What is found of clusters that were made for it, and whether they are waited for. */
interface Clearing {
  readonly left: readonly string[];
  readonly awaits: boolean;
}

/** A FlinkJob is let go and leaves a record; the API server refuses to make that with this code, or makes it. */
async function letGo(code?: KubeErrorCode, insists = true, clearing?: Clearing): Promise<string[]> {
  const requests: string[] = [];
  const kube = {
    create: async (resource: { kind: string }) => {
      requests.push(`create ${resource.kind}`);
      if (code) throw new KubeError(code, code);
    },
    patch: async (resource: { kind: string }) => {
      requests.push(`patch ${resource.kind}`);
      return aRunningJob().build();
    },
  };
  const perform = new Perform({
    kube,
    resource: flinkJobs,
    versions: new Versions(),
    jars: { release: async () => undefined },
    reclaimed: { release: async () => undefined },
    sweeper: { letGo: async () => undefined },
    perJob: { clear: async () => clearing?.left ?? [] },
  } as unknown as PerformOptions);
  const record = aSavepoint().build();
  const clears = clearing && { clears: true, awaits: clearing.awaits };
  const effect = { kind: "removeFinalizer", record, insists, ...clears } as const;
  try {
    await perform.step(
      aRunningJob().deleted().build(),
      { rule: "letGo", events: [], effect },
      AbortSignal.any([]),
    );
  } catch (error) {
    requests.push((error as Error).message);
  }
  return requests;
}

test.each([
  ["stays until a cluster is gone that no cache showed", ["orders-1"], true, []],
  ["goes when none is left", [], true, ["create FlinkSavepoint", "patch FlinkJob"]],
  ["waits no longer than it may", ["orders-1"], false, ["create FlinkSavepoint", "patch FlinkJob"]],
])("a deleted FlinkJob %s", async (_, left, awaits, requests) => {
  expect(await letGo(undefined, true, { left, awaits })).toEqual(requests);
});

describe("the record of a savepoint", () => {
  test("is made before the FlinkJob goes", async () => {
    expect(await letGo()).toEqual(["create FlinkSavepoint", "patch FlinkJob"]);
  });

  test.each(["AlreadyExists", "Forbidden", "Invalid", "NotFound"] as const)(
    "does not hold the FlinkJob up: %s",
    async (code) => {
      expect(await letGo(code)).toEqual(["create FlinkSavepoint", "patch FlinkJob"]);
    },
  );

  test.each(["Network", "Timeout", "ServerError"] as const)(
    "is tried again while it may still be made: %s",
    async (code) => {
      expect(await letGo(code)).toEqual(["create FlinkSavepoint", code]);
    },
  );

  test("is given up when the FlinkJob has waited for long", async () => {
    expect(await letGo("ServerError", false)).toEqual(["create FlinkSavepoint", "patch FlinkJob"]);
  });
});

describe("what Flink says of a job with values out of a Secret", () => {
  const job = aJob({ flinkConfigurationFrom: [{ secretRef: { name: "s3" } }] }).build();
  const secret = {
    metadata: { labels: { "flinkjob.dev/configuration": "true" } },
    data: { key: Buffer.from("hunter2").toString("base64") },
  };

  /** What this process, which did not submit the job itself, knows after one effect. */
  async function known(effect: Effect) {
    const clock = new FakeClock();
    const memory = jobMemory({ get: async () => secret as never }, clock);
    const jobManager = {
      lookUp: async () => aLook({ failure: { reason: "MainFailed", message: "not hunter2" } }),
      exceptions: async () => [{ at: 1, className: "X", message: "not hunter2" }],
      jobRestarts: async () => 1,
      savepointOperation: async () => ({ state: "failed", className: "X", message: "not hunter2" }),
    };
    const perform = new Perform({
      ...memory,
      clock,
      clusters: { get: () => ({ jobManager }) },
    } as unknown as PerformOptions);
    await perform.step(job, { rule: "looks", events: [], effect }, AbortSignal.any([]));
    return JSON.stringify([memory.looks.get(UID), memory.news.troubles(UID), memory.operations.get(UID)]);
  }

  test.each<Effect>([
    { kind: "lookUp", jobId: "0", url: URL_A },
    { kind: "readTroubles", jobId: "0", url: URL_A },
    { kind: "readOperation", jobId: "0", url: URL_A, operationId: "0" },
  ])("is known without the values: $kind", async (effect) => {
    const seen = await known(effect);
    expect(seen).toContain("not [hidden]");
    expect(seen).not.toContain("hunter2");
  });
});
