import { expect, test } from "vitest";
import {
  aCluster,
  aJob,
  aLook,
  aRow,
  type aSpec,
  aTrigger,
  decideOn,
  NOW,
  observed,
} from "../../../test/support/builders.ts";
import { aCatalogue } from "../../../test/support/option-catalogue.ts";
import { decide } from "../decide.ts";

const findOptions = (release: string) => aCatalogue().of(release);
const flinkConfiguration = { "jobmanager.rpc.port": 1, "pipeline.name": "orders" };
const sendWith = (patch: Parameters<typeof aSpec>[0], status = {}) =>
  decide(
    {
      ...observed({ job: aJob(patch).status({ observedGeneration: 1, ...status }) }),
      findOptions,
    },
    NOW,
  );

test("what has no effect is told with the write that records the send, and by one event", () => {
  const step = sendWith({ flinkConfiguration });
  const configuration = { ignored: [{ key: "jobmanager.rpc.port", reason: "ClusterOption" }] };
  expect(step.status).toMatchObject({ trigger: { sends: 1 }, configuration });
  expect(step.effect).toMatchObject({ request: { flinkConfiguration: { "pipeline.name": "orders" } } });
  const told = step.events.filter(({ reason }) => reason === "ConfigurationIgnored");
  expect(told).toMatchObject([{ type: "Warning" }]);
  expect(sendWith({ flinkConfiguration }, { configuration }).events).not.toContainEqual(told[0]);
});

test("nothing to tell takes away what was told", () => {
  const configuration = { ignored: [{ key: "x", reason: "UnknownOption" as const }] };
  expect(sendWith({}, { configuration }).status).not.toHaveProperty("configuration");
});

test("configurationPolicy: Reject sends nothing", () => {
  const step = sendWith({ flinkConfiguration, configurationPolicy: "Reject" });
  expect(step.effect).toBeUndefined();
  expect(step.status?.trigger).toMatchObject({
    state: "failed",
    sends: 0,
    failure: { reason: "ConfigurationRejected", retryable: false },
  });
  expect(step.status?.configuration).toEqual({
    ignored: [{ key: "jobmanager.rpc.port", reason: "ClusterOption" }],
  });
});

test("a value that Flink cannot read is named before anything is sent", () => {
  const step = sendWith({ flinkConfiguration: { "execution.checkpointing.interval": "often" } });
  expect(step.effect).toBeUndefined();
  expect(step.status?.trigger?.failure).toMatchObject({
    reason: "InvalidConfiguration",
    message: expect.stringContaining('execution.checkpointing.interval: "often" must be a duration'),
  });
});

test("a path in the map is where the trigger starts from, with each send", () => {
  const spec = { flinkConfiguration: { "execution.savepoint.path": "s3://b/sp" } };
  const step = sendWith({ ...spec, configurationPolicy: "Reject" });
  expect(step.status?.trigger?.savepointPath).toBe("s3://b/sp");
  expect(step.effect).toMatchObject({ request: { savepointPath: "s3://b/sp" } });
  const sent = aTrigger({ spec: aJob(spec).build().spec })
    .sent()
    .with({ savepointPath: "s3://b/sp" });
  const again = decideOn({ job: aJob(spec).trigger(sent), look: aLook() });
  expect(again).toMatchObject({ rule: "sendAgain", effect: { request: { savepointPath: "s3://b/sp" } } });
  expect(again.status).not.toHaveProperty("configuration");
});

test("what an upgrade carries on from wins over the path in the map, and is named", () => {
  const spec = { flinkConfiguration: { "execution.savepoint.path": "s3://b/old" } };
  const carried = aTrigger({ spec: aJob(spec).build().spec }).with({ savepointPath: "s3://b/new" });
  const step = decideOn({ job: aJob(spec).trigger(carried) });
  expect(step.effect).toMatchObject({ request: { savepointPath: "s3://b/new" } });
  expect(step.status?.configuration).toEqual({
    overridden: [{ key: "execution.savepoint.path", by: "status.trigger.savepointPath" }],
  });
});

test("the job that runs is not stopped for a request that would not be sent; the spec is refused beside it", () => {
  const edit = { flinkConfiguration: { "execution.checkpointing.interval": "often" } };
  const job = aJob().trigger(aTrigger().running()).edited(edit);
  const step = decide({ ...observed({ job, cluster: aCluster().listing(aRow()) }), findOptions }, NOW);
  expect(step.effect).toBeUndefined();
  expect(step.status?.trigger).toMatchObject({ id: "g1", state: "running" });
  const stalled = step.status?.conditions?.find(({ type }) => type === "Stalled");
  expect(stalled).toMatchObject({ status: "True", reason: "InvalidConfiguration" });
});
