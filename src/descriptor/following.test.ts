import { afterEach, beforeEach, expect, test } from "vitest";
import { DescriptorStage, onItsWay, ready, sessionSpec } from "../../test/support/descriptor-stage.ts";
import { eventually } from "../../test/support/eventually.ts";

let stage: DescriptorStage;
beforeEach(async () => {
  stage = await DescriptorStage.open();
});
afterEach(() => stage.close());

const deploy = (options = {}) => stage.descriptor.deploySession("orders", sessionSpec, options);
const watches = ({ watch }: { watch: boolean }) => watch;
const forbidden = { status: 403, reason: "Forbidden", message: "may not watch" };

test("one name is watched, and no longer than is needed", async () => {
  const deploying = deploy();
  await stage.watched();
  const watch = stage.api.requests.find(watches);
  expect(watch?.path).toBe("/apis/flinkjob.dev/v1alpha1/namespaces/team-a/flinkclusters");
  expect(watch?.query.get("fieldSelector")).toBe("metadata.name=orders");
  await stage.tell(await stage.cluster("orders"), "Reachable", ready);
  await deploying;
  await eventually(() => stage.api.watches === 0);
});

test("what happened while the server was away is seen", async () => {
  const deploying = deploy();
  await stage.watched();
  const cluster = await stage.cluster("orders");
  stage.faulty(watches, "reset", Number.POSITIVE_INFINITY);
  stage.api.breakWatches("reset");
  await stage.tell(cluster, "Reachable", ready);
  stage.api.storage.compact();
  stage.faulty(watches, "reset", 0);
  await deploying;
});

test("deleted meanwhile", async () => {
  const deploying = deploy();
  const refused = expect(deploying).rejects.toMatchObject({
    code: "NotFound",
    message: expect.stringContaining("was deleted meanwhile"),
  });
  await stage.watched();
  await stage.remove(await stage.cluster("orders"));
  await refused;
});

test("a right to watch that is missing is told at once", async () => {
  stage.faulty(watches, forbidden, Number.POSITIVE_INFINITY);
  await expect(deploy()).rejects.toMatchObject({
    code: "RequestRefused",
    reason: "Forbidden",
    message: expect.stringContaining("may not watch"),
  });
});

test("what a server refuses that was seen to allow it is borne, and asked for otherwise", async () => {
  const deploying = deploy({ patienceMs: 50 });
  await stage.watched();
  const cluster = await stage.cluster("orders");
  stage.faulty(watches, forbidden, Number.POSITIVE_INFINITY);
  stage.api.breakWatches("end");
  await stage.tell(cluster, "Reachable", ready);
  await deploying;
});

test("a server that stays away is borne for the given patience", async () => {
  const deploying = deploy({ patienceMs: 50 });
  const refused = expect(deploying).rejects.toMatchObject({
    code: "RequestFailed",
    reason: "Unreachable",
    retry: "backoff",
  });
  await stage.watched();
  await stage.api.stop();
  await refused;
});

test("a watch that is whole again and has nothing to tell is no server that is away", async () => {
  const deploying = deploy({ patienceMs: 50 });
  await stage.watched();
  stage.api.breakWatches("reset");
  // It is asked when the patience is over, and answers.
  await eventually(() =>
    stage.api.requests.some(({ method, path }) => method === "GET" && path.endsWith("/orders")),
  );
  const cluster = await stage.cluster("orders");
  await stage.tell(cluster, "Deploying", onItsWay);
  await stage.tell(cluster, "Reachable", ready);
  await deploying;
});
