import { describe, expect, test } from "vitest";
import {
  aCluster,
  aJob,
  aTrigger,
  connecting,
  type JobBuilder,
  URL_A,
  URL_B,
  unreachable,
} from "../../../test/support/builders.ts";
import {
  aRunningJob,
  aSavepoint,
  JOB_ID,
  PATH,
  type SavepointBuilder,
} from "../../../test/support/savepoint-builders.ts";
import type { ClusterObservation } from "../../core/observed.ts";
import type { OwnJobs } from "../cluster-monitor.ts";
import type { Cluster } from "../clusters.ts";
import { SavepointGather } from "./savepoint-gather.ts";

/** What is seen of which cluster; those that nobody uses are not there. */
function observe(
  savepoint: SavepointBuilder,
  job: JobBuilder | undefined,
  seen: Record<string, ClusterObservation> = {},
  others: SavepointBuilder[] = [],
) {
  const used: string[] = [];
  const asked: OwnJobs[] = [];
  const gather = new SavepointGather({
    clusters: {
      use: (user, urls) => {
        expect(user).toBe("savepoint:shop/before-release");
        used.push(...urls);
      },
      get: (url) => {
        const monitor = {
          observation: (own: OwnJobs) => {
            asked.push(own);
            return seen[url] ?? { kind: "connecting", url };
          },
        };
        return used.includes(url) ? ({ monitor } as unknown as Cluster) : undefined;
      },
    },
    news: { get: () => undefined },
    flinkJob: (namespace, name) => (namespace === "shop" && name === "orders" ? job?.build() : undefined),
    flinkCluster: () => undefined,
    savepointsOf: (key) => (key === "shop/orders" ? [savepoint, ...others].map((one) => one.build()) : []),
    deletionTimeoutMs: 1,
  });
  return { used, asked, observed: gather.observe(savepoint.build()) };
}

const movedTo = (url: string, id = "g1") => {
  const trigger = aTrigger({ id }).running().build();
  return aJob().status({
    observedGeneration: 1,
    trigger: { ...trigger, sentTo: { ...trigger.sentTo!, url } },
  });
};

describe("a cluster is in use only while something of it is asked", () => {
  test.each<[string, SavepointBuilder, JobBuilder | undefined, string[]]>([
    ["no FlinkJob", aSavepoint(), undefined, []],
    ["its job does not run", aSavepoint(), aJob().trigger(aTrigger().finished()), []],
    ["its job runs", aSavepoint(), aRunningJob(), [URL_A]],
    ["between two requests", aSavepoint().failedBefore(), aRunningJob(), [URL_A]],
    ["asked for", aSavepoint().asked(), aRunningJob(), [URL_A]],
    ["asked for, and the FlinkJob is gone", aSavepoint().asked(), undefined, [URL_A]],
    [
      "asked for, and the cluster has another address by now",
      aSavepoint().asked(),
      movedTo(URL_B),
      [URL_A, URL_B],
    ],
    ["asked for, and another job runs elsewhere by now", aSavepoint().asked(), movedTo(URL_B, "g2"), [URL_A]],
    ["complete", aSavepoint().completed(), aRunningJob(), []],
    ["an import", aSavepoint({ alreadyExists: { path: PATH } }), aRunningJob(), []],
    ["deleted, and its files stay", aSavepoint().completed().deleted(), aRunningJob(), []],
    [
      "deleted, and its files stay, which was decided late",
      aSavepoint().disposable().completed().spec({ disposeOnDelete: false }).deleted(),
      aRunningJob(),
      [],
    ],
    ["deleted with its files", aSavepoint().disposable().completed().deleted(), aRunningJob(), [URL_A]],
    [
      "the same on another cluster than the FlinkJob's",
      aSavepoint().disposable().completed().deleted(),
      movedTo(URL_B),
      [URL_B, URL_A],
    ],
    ["the same without the FlinkJob", aSavepoint().disposable().completed().deleted(), undefined, [URL_A]],
    [
      "the same of an import, whose job never ran",
      aSavepoint({ alreadyExists: { path: PATH } })
        .disposable()
        .deleted(),
      aJob(),
      [URL_A],
    ],
  ])("%s", (_, savepoint, job, want) => {
    const { used, observed } = observe(savepoint, job);
    expect([...new Set(used)].sort()).toEqual([...want].sort());
    expect(observed.cluster).toEqual(
      want.length > 0
        ? { ...connecting, url: observed.cluster && "url" in observed.cluster ? observed.cluster.url : "" }
        : undefined,
    );
  });

  test("of two, the one that answers counts", () => {
    const { observed } = observe(aSavepoint().asked(), movedTo(URL_B), {
      [URL_A]: unreachable,
      [URL_B]: aCluster().with({ url: URL_B }).build(),
    });
    expect(observed.cluster).toMatchObject({ kind: "reachable", url: URL_B });
  });
});

test("the rows of the job that was asked of are looked at, not those of its successor", () => {
  const own = { prefix: JOB_ID.slice(0, 16), adopted: JOB_ID };
  expect(observe(aSavepoint().asked(), movedTo(URL_A, "g2")).asked).toEqual([own]);
});

test("a status that is another object's says nothing about where to look", () => {
  const savepoint = aSavepoint().asked().meta({ uid: "restored-from-a-backup" });
  const { used, asked } = observe(savepoint, movedTo(URL_B, "g2"));
  expect(used).toEqual([URL_B]);
  expect(asked[0]?.adopted).not.toBe(JOB_ID);
});

test("what other FlinkSavepoints of the FlinkJob name is known, those that go aside", () => {
  const other = (uid: string, savepoint: SavepointBuilder) => savepoint.meta({ uid, name: uid });
  const { observed } = observe(aSavepoint().completed("s3://b/mine"), aRunningJob(), {}, [
    other("complete", aSavepoint().completed("s3://b/1")),
    other("import", aSavepoint({ alreadyExists: { path: "s3://b/2" } })),
    other("going", aSavepoint().completed("s3://b/3").deleted()),
    other("pending", aSavepoint()),
  ]);
  expect([...observed.otherPaths]).toEqual(["s3://b/1", "s3://b/2"]);
});
