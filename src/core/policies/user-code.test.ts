import { describe, expect, test } from "vitest";
import {
  aCluster,
  aJob,
  aRow,
  aTrigger,
  HOUR,
  type JobBuilder,
  MINUTE,
  NOW,
  observed,
  P1,
  type Scene,
  SECOND,
  URL_A,
} from "../../../test/support/builders.ts";
import { wholeCatalogue } from "../../../test/support/option-catalogue.ts";
import type { FlinkJobSpec } from "../../api/flinkjob.ts";
import { Confidential } from "../configuration/confidential.ts";
import type { ShownConfiguration } from "../configuration/shown-configuration.ts";
import { decide } from "../decide.ts";
import type { ConfigurationSeen } from "../observed.ts";

const findOptions = wholeCatalogue();
const flinkConfiguration = { "pipeline.object-reuse": true };
/** With the status as it stands while its tasks run, for so long. */
const aRunningJob = (since = 5 * SECOND, patch: Partial<FlinkJobSpec> = { flinkConfiguration }) => {
  const job = aJob(patch);
  const running = job.trigger(aTrigger({ spec: job.build().spec }).running(since));
  const { status } = decide(observed({ job: running, cluster: aCluster().listing(aRow()) }), NOW);
  return job.status(status!).settled(since);
};
const seen = (shown: ShownConfiguration | undefined, age = 0): ConfigurationSeen => ({
  jobId: aRow().id,
  at: NOW - age,
  shown,
});
const step = (job: JobBuilder, scene: Omit<Scene, "job"> = {}) =>
  decide({ ...observed({ job, cluster: aCluster().listing(aRow()), ...scene }), findOptions }, NOW);
const byCode = [{ key: "pipeline.object-reuse", by: "user code" }];

describe("what Flink shows of a job's configuration", () => {
  test("is read once, when it is settled", () => {
    expect(step(aRunningJob(SECOND))).toMatchObject({ effect: undefined, requeueAfterMs: 3 * SECOND });
    expect(step(aRunningJob(4 * SECOND)).effect).toEqual({
      kind: "readConfiguration",
      jobId: aRow().id,
      url: URL_A,
    });
    const known = seen({ objectReuse: true }, MINUTE);
    expect(step(aRunningJob(2 * MINUTE), { configuration: known })).toMatchObject({
      effect: undefined,
      status: undefined,
    });
  });

  test("is looked for after the write that says that the tasks run", () => {
    const job = aJob({ flinkConfiguration });
    const starting = job.trigger(aTrigger({ spec: job.build().spec }).sent({ ago: SECOND }));
    expect(step(starting).status?.trigger?.reason).toBe("TasksRunning");
    const running = job.trigger(
      aTrigger({ spec: job.build().spec }).running().with({ reason: "WaitingForTasks" }),
    );
    expect(step(running)).toMatchObject({ effect: undefined, requeueAfterMs: 4 * SECOND });
  });

  test.each<[string, JobBuilder, Omit<Scene, "job">]>([
    [
      "nothing was sent that Flink shows",
      aRunningJob(5 * SECOND, { flinkConfiguration: { "shop.a": "b" } }),
      {},
    ],
    ["nothing was sent at all", aRunningJob(5 * SECOND, {}), {}],
    ["an earlier process has done it", aRunningJob(HOUR), {}],
    [
      "the job was adopted",
      aJob({ flinkConfiguration })
        .trigger(
          aTrigger({ spec: aJob({ flinkConfiguration }).build().spec })
            .running()
            .with({ adoptedBy: aRow().id.slice(0, 16) }),
        )
        .settled(5 * SECOND),
      {},
    ],
    [
      "it was scaled: Flink shows the parallelism that it began with",
      aJob({ flinkConfiguration })
        .trigger(
          aTrigger({ spec: aJob({ flinkConfiguration }).build().spec })
            .running()
            .with({
              scaling: {
                parallelism: 2,
                runHash: "",
                generation: 1,
                tasks: 1,
                requestedAt: "",
                takenBy: P1,
                reachedAt: "",
              },
            }),
        )
        .settled(5 * SECOND),
      {},
    ],
    [
      "the tasks wait",
      aRunningJob(),
      { cluster: aCluster().listing(aRow("RUNNING", { tasks: { total: 2, running: 1, finished: 0 } })) },
    ],
    [
      "the job restarts",
      aRunningJob(),
      { cluster: aCluster().listing(aRow("RESTARTING", { tasks: { total: 1, running: 0, finished: 0 } })) },
    ],
  ])("is not asked for where %s", (_why, job, scene) => {
    expect(step(job, scene).effect?.kind).not.toBe("readConfiguration");
  });

  test("is not waited for where the FlinkJob is not ready for another reason", () => {
    const job = aRunningJob(2 * SECOND);
    const reused = job.edited({ trigger: { id: "used" } }).history(aTrigger({ id: "used" }).failed());
    const held = step(reused.status(step(reused).status!));
    expect(held).toMatchObject({ status: undefined, effect: undefined, requeueAfterMs: undefined });
  });

  test("without a catalogue nobody asks", () => {
    const blind = decide(observed({ job: aRunningJob(), cluster: aCluster().listing(aRow()) }), NOW);
    expect(blind.effect).toBeUndefined();
  });
});

describe("what the code overrides", () => {
  test("is told in the status and by one event, then by nothing more", () => {
    const told = step(aRunningJob(), { configuration: seen({ objectReuse: false }) });
    expect(told.status?.configuration).toEqual({ overridden: byCode });
    expect(told.events).toEqual([
      {
        type: "Normal",
        reason: "ConfigurationIgnored",
        message: "flinkConfiguration: the job's own code overrides pipeline.object-reuse.",
      },
    ]);
    const again = step(aRunningJob().status(told.status!), { configuration: seen({ objectReuse: false }) });
    expect(again).toMatchObject({ status: undefined, events: [], effect: undefined });
  });

  test("stands beside what was told of the request", () => {
    const configuration = {
      ignored: [{ key: "x", reason: "UnknownOption" as const }],
      overridden: [{ key: "y", by: "spec.flinkConfiguration" }],
    };
    const job = aRunningJob();
    const before = job.status({ ...job.build().status!, configuration });
    const told = step(before, { configuration: seen({ objectReuse: false }) });
    expect(told.status?.configuration).toEqual({
      ...configuration,
      overridden: [...byCode, ...configuration.overridden],
    });
  });

  test("and no longer does, goes from the status", () => {
    const job = aRunningJob();
    const before = job.status({ ...job.build().status!, configuration: { overridden: byCode } });
    const told = step(before, { configuration: seen({ objectReuse: true }) });
    expect(told.status).not.toHaveProperty("configuration");
    expect(told.events).toEqual([]);
  });

  test("is left as it was told where Flink does not tell", () => {
    const job = aRunningJob();
    const before = job.status({ ...job.build().status!, configuration: { overridden: byCode } });
    const silent = step(before, { configuration: seen(undefined) });
    expect(silent).toMatchObject({ status: undefined, events: [], effect: undefined });
  });

  test("stands while the next run is on its way, as far as it is sent once more", () => {
    const sendOf = (patch: Partial<FlinkJobSpec>) =>
      step(aJob(patch).status({ observedGeneration: 1, configuration: { overridden: byCode } }), {
        cluster: aCluster(),
      });
    const same = sendOf({ flinkConfiguration });
    expect(same.status?.configuration).toEqual({ overridden: byCode });
    expect(same.events.filter(({ reason }) => reason === "ConfigurationIgnored")).toEqual([]);
    expect(sendOf({}).status).not.toHaveProperty("configuration");
  });

  test("of values from elsewhere: they are read again for it", () => {
    const flinkConfigurationFrom = [{ secretRef: { name: "s3" } }];
    const job = aRunningJob(5 * SECOND, { flinkConfigurationFrom });
    const configuration = seen({ objectReuse: false });
    expect(step(job).effect?.kind).toBe("readConfiguration");
    expect(step(job, { configuration }).effect?.kind).toBe("readSources");
    const of = JSON.stringify(flinkConfigurationFrom);
    const value = new Confidential("true");
    const options = [{ key: "pipeline.object-reuse", value, entry: 0, isSecret: true }];
    const sources = { of, at: NOW, result: { kind: "read" as const, options } };
    expect(step(job, { configuration, sources }).status?.configuration).toEqual({ overridden: byCode });
    // Where they cannot be read, nothing is said of them.
    const refusal = {
      kind: "refused" as const,
      reason: "ConfigurationSourceNotFound" as const,
      message: "",
      failures: 1,
    };
    expect(step(job, { configuration, sources: { of, at: NOW, result: refusal } })).toMatchObject({
      effect: undefined,
      status: undefined,
    });
  });
});
