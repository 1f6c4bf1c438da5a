import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  aFlinkJob,
  DescriptorStage,
  external,
  givenUpWith,
  onItsWay,
} from "../../test/support/descriptor-stage.ts";
import { eventually } from "../../test/support/eventually.ts";
import type { Seen } from "../../test/support/fake-apiserver/server.ts";
import { CLUSTER_FINALIZER, FINALIZER } from "../api/group.ts";

let stage: DescriptorStage;
beforeEach(async () => {
  stage = await DescriptorStage.open();
});
afterEach(() => stage.close());

const CLUSTERS = "/apis/flinkjob.dev/v1alpha1/flinkclusters";
const lists = () =>
  stage.api.requests.filter(({ method, path }) => method === "GET" && path.endsWith("/flinkjobs")).length;

/** Orders the end of a cluster that its finalizer holds; resolves when that is watched. */
async function killed(name: string): Promise<{ killing: Promise<void> }> {
  await stage.put(external(name, [CLUSTER_FINALIZER]));
  const killing = stage.descriptor.kill({ cluster: name });
  await stage.watched();
  return { killing };
}

describe("a FlinkCluster", () => {
  test("is killed when it is gone", async () => {
    const { killing } = await killed("orders");
    let gone = false;
    void killing.then(() => {
      gone = true;
    });
    const cluster = await stage.cluster("orders");
    expect(cluster.metadata.deletionTimestamp).toEqual(expect.any(String));
    await stage.tell(cluster, "TearingDown", onItsWay);
    expect(gone).toBe(false);
    await stage.remove(cluster);
    await killing;
  });

  test("that is not there is killed at once", async () => {
    await stage.descriptor.kill({ cluster: "orders" });
    expect(stage.api.requests.map(({ method }) => method)).toEqual(["GET"]);
  });

  test("is not another one of that name, which is all that is seen of its end", async () => {
    const { killing } = await killed("orders");
    const watches = ({ watch }: Seen) => watch;
    stage.faulty(watches, "reset", Number.POSITIVE_INFINITY);
    stage.api.breakWatches("reset");
    await stage.remove(await stage.cluster("orders"));
    await stage.put(external("orders", [CLUSTER_FINALIZER]));
    stage.api.storage.compact();
    stage.faulty(watches, "reset", 0);
    await killing;
    expect((await stage.cluster("orders")).metadata.deletionTimestamp).toBeUndefined();
  });

  test("is not another one that took its place before the order arrived", async () => {
    await stage.put(external("main"));
    const { storage } = stage.api;
    const [present] = storage.list(CLUSTERS);
    stage.api.fault = ({ method }) => {
      if (method === "DELETE" && storage.list(CLUSTERS)[0] === present) {
        storage.delete(CLUSTERS, "team-a/main");
        storage.create(CLUSTERS, "team-a/main", external("main"));
      }
      return undefined;
    };
    await stage.descriptor.kill({ cluster: "main" });
    expect((await stage.cluster("main")).metadata.deletionTimestamp).toBeUndefined();
  });

  test("is held by FlinkJobs that name it, and says which", async () => {
    await stage.put(aFlinkJob("counts", "orders"));
    const { killing } = await killed("orders");
    const message = "FlinkJobs still name it: counts.";
    const refused = expect(killing).rejects.toMatchObject({
      code: "InUse",
      reason: "InUse",
      retry: "backoff",
      message: `FlinkCluster team-a/orders: ${message}`,
    });
    await stage.tell(await stage.cluster("orders"), "InUse", onItsWay, { message });
    await refused;
  });

  test("waits for FlinkJobs that go, and for an operator that has not heard of it", async () => {
    await stage.put(aFlinkJob("other", "elsewhere"));
    const going = aFlinkJob("counts", "orders", [FINALIZER]);
    await stage.put(going);
    await stage.order(going);
    const { killing } = await killed("orders");
    const cluster = await stage.cluster("orders");
    await stage.tell(cluster, "InUse", onItsWay);
    await eventually(() => lists() > 0);
    await stage.remove(going);
    await stage.tell(cluster, "TearingDown", onItsWay);
    await stage.remove(cluster);
    await killing;
    // Once for each time that the operator says something else.
    expect(lists()).toBe(1);
  });

  test("is killed by an order whose answer is lost, and by a second one", async () => {
    await stage.put(external("main"));
    stage.faulty(({ method }) => method === "DELETE", "lose-answer");
    await stage.descriptor.kill({ cluster: "main" });
    await stage.descriptor.kill({ cluster: "main" });
    expect(stage.api.storage.list(CLUSTERS)).toEqual([]);
  });
});

test("a FlinkJob says why it is still there, and is killed when it is gone", async () => {
  await stage.put(aFlinkJob("counts", "orders", [FINALIZER]));
  const kill = (timeoutMs: number) => stage.descriptor.kill({ job: "counts" }, { timeoutMs });
  const late = "not in the time given: FlinkJob team-a/counts:";
  await givenUpWith(`${late} no operator has looked at it yet (does one run, for this namespace?)`, kill);
  const message = "Flink is asked to cancel it.";
  await stage.tell(await stage.job("counts"), "Deleting", onItsWay, { message });
  await givenUpWith(`${late} Deleting: ${message}`, kill);
  const last = stage.descriptor.kill({ job: "counts" });
  await stage.watched();
  await stage.remove(await stage.job("counts"));
  await last;
});
