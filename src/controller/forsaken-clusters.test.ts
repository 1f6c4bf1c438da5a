import { describe, expect, test } from "vitest";
import { UID } from "../../test/support/builders.ts";
import { ownJob, ownName, ownSpec } from "../../test/support/per-job-builders.ts";
import { JOB_ID_LABEL, ORPHANED_ANNOTATION } from "../api/group.ts";
import type { FlinkCluster, FlinkJob } from "../api/objects.ts";
import { jobIdOf } from "../core/identity.ts";
import { perJobClusterOf } from "../core/per-job/made.ts";
import { perJobClusterName } from "../core/per-job/naming.ts";
import { KubeError, type KubeErrorCode } from "../kube/errors.ts";
import { ForsakenClusters, type ForsakenClustersOptions } from "./forsaken-clusters.ts";

const job = ownJob().build();
const jobId = jobIdOf(UID, "g1", 1);
const attempt = { jobId, runHash: "0".repeat(16) };
const clusterOf = (of: FlinkJob, name = ownName()): FlinkCluster => {
  const made = perJobClusterOf(of, of.spec, ownSpec().cluster.perJob!, attempt, name);
  return { ...made, metadata: { ...made.metadata, uid: "c-1", resourceVersion: "7" } };
};
const cluster = clusterOf(job);
const withMeta = (patch: Partial<FlinkCluster["metadata"]>): FlinkCluster => ({
  ...cluster,
  metadata: { ...cluster.metadata, ...patch },
});

/** What is deleted when the API server and the cache have these FlinkJobs, and how often they were listed. */
async function swept(
  of: FlinkCluster,
  {
    there = [],
    cached = [],
    answer,
  }: { there?: FlinkJob[]; cached?: FlinkJob[]; answer?: KubeErrorCode } = {},
) {
  const deleted: unknown[] = [];
  let lists = 0;
  const kube = {
    list: async (_: unknown, { namespace }: { namespace: string }) => {
      lists++;
      return { items: there.filter(({ metadata }) => metadata.namespace === namespace) };
    },
    delete: async (_: unknown, { name }: { name: string }, { preconditions }: { preconditions: object }) => {
      deleted.push({ name, ...preconditions });
      if (answer) throw new KubeError(answer, answer);
    },
  } as unknown as ForsakenClustersOptions["kube"];
  const jobsOf = (uid: string) => cached.filter(({ metadata }) => metadata.uid === uid);
  const isGone = await new ForsakenClusters({ kube, jobsOf }).sweep(of, AbortSignal.any([]));
  return { isGone, deleted, lists };
}

const taken = [{ name: ownName(), uid: "c-1", resourceVersion: "7" }];

describe("a FlinkCluster that was made for a FlinkJob", () => {
  test("that is gone is deleted, as it was seen", async () => {
    expect(await swept(cluster)).toEqual({ isGone: true, deleted: taken, lists: 1 });
  });

  test("that is gone, and has a namesake, too", async () => {
    const namesake = ownJob().meta({ uid: "another" }).build();
    expect((await swept(cluster, { there: [namesake], cached: [namesake] })).deleted).toEqual(taken);
  });

  test("whose name no label holds, too", async () => {
    const name = "o".repeat(200);
    const long = clusterOf(ownJob().meta({ name }).build(), perJobClusterName(name, jobId));
    expect((await swept(long)).isGone).toBe(true);
  });

  test("that lives is left alone, whatever its status says, and nobody is asked", async () => {
    expect(await swept(cluster, { there: [job], cached: [job] })).toEqual({
      isGone: false,
      deleted: [],
      lists: 0,
    });
  });

  test("that a cache does not show yet is left alone", async () => {
    expect(await swept(cluster, { there: [job] })).toEqual({ isGone: false, deleted: [], lists: 1 });
  });

  test.each([
    ["went and left its job running", withMeta({ annotations: { [ORPHANED_ANNOTATION]: "true" } })],
    ["is going already", withMeta({ deletionTimestamp: "2026-03-01T12:00:00Z" })],
    ["never was: somebody else wrote the labels", withMeta({ name: "mine" })],
    [
      "never was: the JobID is another",
      withMeta({ labels: { ...cluster.metadata.labels, [JOB_ID_LABEL]: "0".repeat(32) } }),
    ],
    ["never was: nothing says whose it is", withMeta({ labels: {} })],
  ])("that %s is left alone", async (_, of) => {
    expect(await swept(of)).toEqual({ isGone: false, deleted: [], lists: 0 });
  });

  test("and was changed since is looked at again", async () => {
    await expect(swept(cluster, { answer: "Conflict" })).rejects.toThrow("Conflict");
    expect((await swept(cluster, { answer: "NotFound" })).isGone).toBe(true);
  });
});
