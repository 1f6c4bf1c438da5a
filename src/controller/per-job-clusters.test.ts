import { describe, expect, test } from "vitest";
import { UID } from "../../test/support/builders.ts";
import { ownJob, ownName, ownSpec, ownTrigger } from "../../test/support/per-job-builders.ts";
import { CLUSTER_FINALIZER, JOB_ID_LABEL } from "../api/group.ts";
import type { FlinkCluster, FlinkJob } from "../api/objects.ts";
import { jobIdOf } from "../core/identity.ts";
import { perJobClusterOf } from "../core/per-job/made.ts";
import { KubeError, type KubeErrorCode } from "../kube/errors.ts";
import { FakeClock } from "../kube/fake-clock.ts";
import { PerJobClusters, type PerJobClustersOptions } from "./per-job-clusters.ts";

const jobId = jobIdOf(UID, "g1", 1);
const unseen = { seen: false };
const job = ownJob().trigger(ownTrigger("application", unseen)).build();
/** The same after the cluster was seen. */
const after = ownJob().trigger(ownTrigger()).build();
const perJob = ownSpec().cluster.perJob!;
const cluster = perJobClusterOf(job, job.spec, perJob, { jobId, runHash: "0".repeat(16) }, ownName());
const signal = AbortSignal.any([]);

function subject(patch: Partial<PerJobClustersOptions> = {}) {
  return new PerJobClusters({
    kube: { get: async () => job } as unknown as PerJobClustersOptions["kube"],
    clock: new FakeClock(),
    madeFor: () => [cluster],
    flinkCluster: () => cluster,
    owned: { want: () => undefined, hasSynced: () => true, of: () => [], podsOf: () => [] },
    ...patch,
  });
}

/** Makes it at an API server that answers so; what reached it, and what is known then. */
async function made(code: KubeErrorCode | undefined, now: FlinkJob | null = job) {
  const created: string[] = [];
  const kube = {
    get: async () => {
      if (!now) throw new KubeError("NotFound", "no FlinkJob");
      return now;
    },
    create: async (_: unknown, { metadata }: FlinkCluster) => {
      created.push(metadata.name);
      if (code) throw new KubeError(code, `POST /x: ${code}: cannot create resource`);
    },
  };
  const clusters = subject({ kube: kube as unknown as PerJobClustersOptions["kube"] });
  const thrown = await clusters.make(job, cluster, signal).catch((error: unknown) => error as KubeError);
  return {
    created,
    refusal: clusters.seen(job)?.refusal?.reason,
    thrown: thrown instanceof KubeError ? thrown.code : undefined,
  };
}

describe("making one", () => {
  test.each([
    [undefined, { refusal: undefined, thrown: undefined }],
    // Another operator was faster, or the answer to our own request was lost.
    ["AlreadyExists", { refusal: undefined, thrown: undefined }],
    ["Forbidden", { refusal: "RightMissing", thrown: undefined }],
    ["Invalid", { refusal: "ObjectRefused", thrown: undefined }],
    ["Timeout", { refusal: undefined, thrown: "Timeout" }],
  ] as const)("answered by %s", async (code, want) => {
    expect(await made(code)).toEqual({ created: [ownName()], ...want });
  });

  test.each([
    ["is being deleted", ownJob().deleted().build()],
    ["was made anew", ownJob().meta({ uid: "another" }).build()],
    ["is gone", null],
    ["has seen it before", after],
    ["has come to its end", ownJob().trigger(ownTrigger("application", unseen).finished()).build()],
    [
      "has another attempt",
      ownJob()
        .trigger(ownTrigger("application", unseen).with({ jobId: "1" }))
        .build(),
    ],
  ])("not for a FlinkJob that %s, by the API server's own word", async (_, now) => {
    expect((await made(undefined, now)).created).toEqual([]);
  });
});

describe("seeing them", () => {
  test("one that was made for the FlinkJob", () => {
    expect(subject().seen(job)).toMatchObject({
      taken: false,
      clusters: [
        { name: ownName(), jobId, mode: "application", isDeleting: false, wasReached: false, restarts: 0 },
      ],
    });
    expect(cluster.metadata.finalizers).toEqual([CLUSTER_FINALIZER]);
  });

  test("one that somebody has to mend", () => {
    const told = (type: string) => ({
      type,
      status: "True",
      reason: "ImagePullFailed",
      message: "no such image",
    });
    const status = { observedGeneration: 1, conditions: [told("Stalled")] } as FlinkCluster["status"];
    const [seen] = subject({ madeFor: () => [{ ...cluster, status: status! }] }).seen(job)!.clusters;
    expect(seen).toMatchObject({ isStalled: true });
  });

  test("a label that somebody else wrote makes none of it", () => {
    const labels = { ...cluster.metadata.labels, [JOB_ID_LABEL]: jobIdOf(UID, "g2", 1) };
    const forged = { ...cluster, metadata: { ...cluster.metadata, labels } };
    const seen = subject({ madeFor: () => [forged], flinkCluster: () => forged }).seen(job);
    expect(seen).toMatchObject({ clusters: [], taken: true });
  });

  test("nothing where there is nothing to see", () => {
    const other = {
      ...job,
      spec: { ...job.spec, cluster: { name: "a" } },
      status: { observedGeneration: 1 },
    };
    expect(subject({ madeFor: () => [] }).seen(other)).toBeUndefined();
  });

  test("what is left of one that is gone, once that is known", () => {
    const gone = { madeFor: () => [], flinkCluster: () => undefined };
    const owned = { want: () => undefined, hasSynced: () => true, of: () => [], podsOf: () => [] };
    expect(subject(gone).seen(after)?.remains).toBe(false);
    expect(
      subject({ ...gone, owned: { ...owned, hasSynced: () => false } }).seen(after)?.remains,
    ).toBeUndefined();
    const pod = { metadata: { name: "p" } };
    expect(subject({ ...gone, owned: { ...owned, podsOf: () => [pod] } }).seen(after)?.remains).toBe(true);
  });
});

describe("taking one away", () => {
  async function deleted(now: FlinkJob | null): Promise<string[]> {
    const gone: string[] = [];
    const kube = {
      get: async () => {
        if (!now) throw new KubeError("NotFound", "no FlinkJob");
        return now;
      },
      delete: async (
        _: unknown,
        { name }: { name: string },
        { preconditions }: { preconditions: object },
      ) => {
        gone.push(`${name} ${JSON.stringify(preconditions)}`);
      },
    } as unknown as PerJobClustersOptions["kube"];
    await subject({ kube }).delete(after, ownName(), "c-1", signal);
    return gone;
  }
  const released = ownTrigger("application", { cluster: { releasedAt: "2026-03-01T12:00:00.000Z" } });
  const other = ownTrigger("application", { cluster: { name: ownName(2) } });

  test.each([
    ["has let it go", ownJob().trigger(released).build()],
    ["has another one", ownJob().trigger(other).build()],
    ["is being deleted", ownJob().trigger(ownTrigger()).deleted().build()],
    ["was made anew", ownJob().meta({ uid: "another" }).build()],
    ["is gone", null],
  ])("from a FlinkJob that %s", async (_, now) => {
    expect(await deleted(now)).toEqual([`${ownName()} {"uid":"c-1"}`]);
  });

  test.each([
    ["needs it, although an operator's old view says other", after],
    ["has lost its status, and will take it over", ownJob().build()],
  ])("not from one that %s", async (_, now) => {
    expect(await deleted(now)).toEqual([]);
  });
});

test("scaling one names its uid: a namesake stays as it is, and so does one that is gone", async () => {
  const patched: unknown[] = [];
  const answers: (KubeErrorCode | undefined)[] = [undefined, "Conflict", "NotFound", "Timeout"];
  const kube = {
    patch: async (_: unknown, ref: unknown, { body }: { body: unknown }) => {
      patched.push({ ref, body });
      const code = answers[patched.length - 1];
      if (code) throw new KubeError(code, `PATCH /x: ${code}`);
    },
  };
  const clusters = subject({ kube: kube as unknown as PerJobClustersOptions["kube"] });
  const scale = () => clusters.scale(job, ownName(), "c-1", 3, signal);
  await scale();
  expect(patched).toEqual([
    {
      ref: { namespace: "shop", name: ownName() },
      body: { metadata: { uid: "c-1" }, spec: { managed: { taskManager: { replicas: 3 } } } },
    },
  ]);
  await scale();
  await scale();
  await expect(scale()).rejects.toThrow("Timeout");
});
