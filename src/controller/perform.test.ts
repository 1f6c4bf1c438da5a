import { describe, expect, test } from "vitest";
import { aRunningJob, aSavepoint } from "../../test/support/savepoint-builders.ts";
import { KubeError, type KubeErrorCode } from "../kube/errors.ts";
import { flinkJobs } from "../kube/resources.ts";
import { Perform, type PerformOptions } from "./perform.ts";
import { Versions } from "./versions.ts";

/** A FlinkJob is let go and leaves a record; the API server refuses to make that with this code, or makes it. */
async function letGo(code?: KubeErrorCode, insists = true): Promise<string[]> {
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
  } as unknown as PerformOptions);
  const effect = { kind: "removeFinalizer", record: aSavepoint().build(), insists } as const;
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
