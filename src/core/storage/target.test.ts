import { describe, expect, test } from "vitest";
import { aJob, aTrigger, UID } from "../../../test/support/builders.ts";
import { aManagedCluster } from "../../../test/support/cluster-builders.ts";
import { ownJob, ownSpec, ownTrigger } from "../../../test/support/per-job-builders.ts";
import { aSavepoint } from "../../../test/support/savepoint-builders.ts";
import { JOB_UID_LABEL } from "../../api/group.ts";
import type { ManagedClusterInput } from "../../api/managed-cluster.ts";
import type { FlinkCluster, FlinkJob } from "../../api/objects.ts";
import { urlOf } from "../cluster/names.ts";
import { perJobStorageEndOf, type StorageEnd, type StorageUsers, storageEndOf } from "./target.ts";

const nobody: StorageUsers = { jobs: [], clusters: [], savepoints: [] };
const DIRECTORY = "team-a/orders";
const checkpoint = `file:/flink/storage/${DIRECTORY}/checkpoints/0123/chk-7`;

const inTeamA = (job: FlinkJob): FlinkJob => ({ ...job, metadata: { ...job.metadata, namespace: "team-a" } });

/** The FlinkCluster "orders" of "team-a". */
function aCluster(patch: Partial<ManagedClusterInput> = {}, meta: Partial<FlinkCluster["metadata"]> = {}) {
  const cluster = aManagedCluster(patch);
  return { ...cluster, metadata: { ...cluster.metadata, uid: "c-1", ...meta } };
}
const storage = (more: object) => ({ storage: { claimName: "flink", ...more } });
const target = (end: StorageEnd) => (end.kind === "clean" ? end.target : end);

describe("a FlinkCluster", () => {
  test("has its directory cleaned, but for savepoints and checkpoints that Flink kept", () => {
    expect(target(storageEndOf(aCluster(), nobody))).toMatchObject({
      namespace: "team-a",
      label: "orders",
      podName: "orders-storage-cleaner",
      directory: DIRECTORY,
      keep: "Snapshots",
      needed: [],
      keepResults: false,
      wasUsed: false,
    });
  });

  test("was used when its JobManager has answered once", () => {
    const used = { ...aCluster(), status: { observedGeneration: 1, incarnation: "p" } };
    expect(target(storageEndOf(used, nobody))).toMatchObject({ wasUsed: true });
  });

  test.each<[string, FlinkCluster, Partial<StorageUsers>, object]>([
    ["of which all is to stay", aCluster(storage({ keep: "Everything" })), {}, { kind: "stays" }],
    [
      "with an object store",
      aCluster({ storage: { uri: "s3://bucket/flink/" } }),
      {},
      {
        kind: "left",
        place: "s3://bucket/flink/team-a/orders",
        why: expect.stringContaining("volumes only"),
      },
    ],
    [
      "of an attempt, while its FlinkJob is there",
      aCluster({}, { labels: { [JOB_UID_LABEL]: UID } }),
      { jobs: [aJob().build()] },
      { kind: "stays" },
    ],
    [
      "that names the directory of a FlinkJob that is there, without being of it",
      aCluster(storage({ directory: `${aJob().build().metadata.name}.${UID}` })),
      { jobs: [inTeamA(aJob().build())] },
      { kind: "stays" },
    ],
    [
      "that shares a directory, while another is there that does",
      aCluster(storage({ directory: "orders.u-1" })),
      { clusters: [aCluster(storage({ directory: "orders.u-1" }), { name: "other", uid: "c-2" })] },
      { kind: "stays" },
    ],
    [
      "by whose address a FlinkJob was sent that is still there",
      aCluster(),
      {
        jobs: [
          aJob()
            .trigger(
              aTrigger()
                .finished()
                .with({ sentTo: sentTo(urlOf(aCluster())) }),
            )
            .build(),
        ],
      },
      {
        kind: "left",
        place: "team-a/orders of the claim flink",
        why: expect.stringMatching(/again: orders$/),
      },
    ],
    [
      "that a FlinkJob names by its address",
      aCluster(),
      { jobs: [aJob({ cluster: { url: urlOf(aCluster()) } }).build()] },
      { kind: "left" },
    ],
  ])("%s is left alone", (_what, cluster, users, want) => {
    expect(storageEndOf(cluster, { ...nobody, ...users })).toMatchObject(want);
  });

  test("its neighbours are no reason to leave it alone", () => {
    const clusters = [
      aCluster(),
      aCluster({}, { name: "other", uid: "c-2" }),
      aCluster({}, { namespace: "team-b", uid: "c-3" }),
    ];
    const jobs = [aJob().trigger(aTrigger().running()).build()];
    expect(storageEndOf(aCluster(), { ...nobody, clusters, jobs }).kind).toBe("clean");
  });

  test("of one job that was made by hand keeps what Flink remembers of it: the JobID may come again", () => {
    const application = { jobId: "0".repeat(32), jar: { local: "/opt/flink/usrlib/a.jar" } };
    expect(target(storageEndOf(aCluster({ application }), nobody))).toMatchObject({ keepResults: true });
    const labels = { [JOB_UID_LABEL]: "of a FlinkJob that is gone" };
    const orphan = aCluster({ application, ...storage({ directory: "orders.u-1" }) }, { labels });
    expect(target(storageEndOf(orphan, nobody))).toMatchObject({
      keepResults: false,
      directory: "team-a/orders.u-1",
    });
  });
});

function sentTo(url: string) {
  return { url, incarnation: "p", flinkVersion: "2.3" };
}

describe("checkpoints that somebody needs, where only savepoints are kept", () => {
  const savepointsAlone = aCluster(storage({ keep: "Savepoints" }));
  const restorePoint = { jobId: "0123", kind: "checkpoint", path: checkpoint } as const;

  test.each<[string, Partial<StorageUsers>, string[]]>([
    ["nobody", {}, []],
    ["who starts from one", { jobs: [aJob({ savepointPath: checkpoint }).build()] }, ["0123"]],
    [
      "whose trigger started from one",
      {
        jobs: [
          aJob()
            .trigger(aTrigger().with({ savepointPath: checkpoint }))
            .build(),
        ],
      },
      ["0123"],
    ],
    [
      "whose job left one",
      { jobs: [aJob().status({ observedGeneration: 1, restorePoint }).build()] },
      ["0123"],
    ],
    [
      "a FlinkSavepoint",
      { savepoints: [aSavepoint({ alreadyExists: { path: checkpoint } }).build()] },
      ["0123"],
    ],
    [
      "where jobs have no directories of their own",
      { jobs: [aJob({ savepointPath: `file:///flink/storage/${DIRECTORY}/checkpoints/chk-7` }).build()] },
      ["chk-7", "shared", "taskowned"],
    ],
    [
      "one of another cluster",
      { jobs: [aJob({ savepointPath: checkpoint.replace("orders", "others") }).build()] },
      [],
    ],
  ])("%s", (_who, users, needed) => {
    expect(target(storageEndOf(savepointsAlone, { ...nobody, ...users }))).toMatchObject({
      keep: "Savepoints",
      needed,
    });
  });

  test("are all kept where they are too many to name", () => {
    const jobs = Array.from({ length: 101 }, (_, n) =>
      aJob({ savepointPath: checkpoint.replace("0123", String(n)) }).build(),
    );
    const end = target(storageEndOf(savepointsAlone, { ...nobody, jobs }));
    expect(end).toMatchObject({ keep: "Snapshots", needed: [] });
  });
});

describe("a FlinkJob with clusters of its own", () => {
  const job = (patch: object = {}) => ownJob("application", patch).trigger(ownTrigger());

  test("has what all of them left cleaned at once", () => {
    expect(target(perJobStorageEndOf(job().build(), nobody))).toMatchObject({
      namespace: "shop",
      label: UID,
      podName: expect.stringMatching(/^orders-[0-9a-f]{8}-storage-cleaner$/),
      directory: `shop/orders.${UID}`,
      keep: "Snapshots",
      keepResults: false,
      wasUsed: false,
    });
  });

  test("needs nothing of it for itself, and others may", () => {
    const { perJob } = ownSpec().cluster;
    const cluster = { perJob: { ...perJob!, storage: { ...perJob!.storage, keep: "Savepoints" as const } } };
    const path = `file:/flink/storage/shop/orders.${UID}/checkpoints/ab/chk-1`;
    const own = job({ cluster, savepointPath: path }).build();
    expect(target(perJobStorageEndOf(own, { ...nobody, jobs: [own] }))).toMatchObject({ needed: [] });
    const other = aJob({ savepointPath: path }).meta({ uid: "u-2" }).build();
    expect(target(perJobStorageEndOf(own, { ...nobody, jobs: [own, other] }))).toMatchObject({
      needed: ["ab"],
    });
  });

  test.each([
    ["an accepted job", ownTrigger().running()],
    ["a JobManager that answered", ownTrigger().with({ sentTo: sentTo("http://a") })],
  ])("%s is a sign of use", (_what, trigger) => {
    const end = perJobStorageEndOf(ownJob().trigger(trigger).build(), nobody);
    expect(target(end)).toMatchObject({ wasUsed: true });
  });

  test("another FlinkJob has nothing to clean", () => {
    expect(perJobStorageEndOf(aJob().build(), nobody)).toEqual({ kind: "stays" });
  });
});
