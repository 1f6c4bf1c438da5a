import { describe, expect, test } from "vitest";
import {
  aCluster,
  aJob,
  aLook,
  aRow,
  aTrigger,
  type JobBuilder,
  MINUTE,
  NOW,
  observed,
  type Scene,
  SECOND,
} from "../../../test/support/builders.ts";
import { aCatalogue } from "../../../test/support/option-catalogue.ts";
import type { FlinkJobSpec } from "../../api/flinkjob.ts";
import { Confidential } from "../configuration/confidential.ts";
import { decide } from "../decide.ts";
import type { SourcesSeen } from "../observed.ts";

const flinkConfigurationFrom: FlinkJobSpec["flinkConfigurationFrom"] = [
  { option: "s3.secret-key", valueFrom: { secretKeyRef: { name: "s3", key: "secret" } } },
];
const of = JSON.stringify(flinkConfigurationFrom);
const read = (age = 0, key = "s3.secret-key", text = "hunter2"): SourcesSeen => ({
  of,
  at: NOW - age,
  result: { kind: "read", options: [{ key, value: new Confidential(text), entry: 0, isSecret: true }] },
});
const refused = (age = 0, failures = 1): SourcesSeen => ({
  of,
  at: NOW - age,
  result: { kind: "refused", reason: "ConfigurationSourceForbidden", message: "No right.", failures },
});
const step = (job: JobBuilder, sources?: SourcesSeen, scene: Omit<Scene, "job"> = {}) =>
  decide(
    { ...observed({ job, ...scene }), sources, findOptions: (version) => aCatalogue().of(version) },
    NOW,
  );
const aNewJob = () => aJob({ flinkConfigurationFrom });

describe("a run request with values from elsewhere", () => {
  test("reads them before anything is recorded as sent", () => {
    const first = step(aNewJob());
    expect(first).toMatchObject({
      rule: "readSources",
      effect: { kind: "readSources", from: flinkConfigurationFrom },
    });
    expect(first.status).toBeUndefined();
  });

  test("then goes out with them, and the status knows the keys alone", () => {
    const sent = step(aNewJob(), read());
    expect(sent).toMatchObject({
      rule: "send",
      effect: { kind: "submit", request: { flinkConfiguration: { "s3.secret-key": "hunter2" } } },
      status: {
        trigger: { state: "pending", sends: 1 },
        configuration: { ignored: [{ key: "s3.secret-key", reason: "UnknownOption" }] },
      },
    });
    expect(JSON.stringify([sent.status, sent.events])).not.toContain("hunter2");
  });

  test.each([
    ["too old", read(11 * SECOND)],
    ["from a clock that was set back since", read(-SECOND)],
    ["of another list", { ...read(), of: "[]" }],
  ])("reads them anew where what is known is %s", (_what, sources) => {
    expect(step(aNewJob(), sources).rule).toBe("readSources");
  });

  test("does not read for a cluster that is not there", () => {
    expect(step(aNewJob(), undefined, { cluster: aCluster().view({ submitEnabled: false }) }).rule).toBe(
      "cannotBeSent",
    );
    const old = aCluster().view({ supportsFlinkConfiguration: false });
    expect(step(aNewJob(), undefined, { cluster: old }).status?.trigger?.failure?.reason).toBe(
      "ConfigurationNotSupported",
    );
  });

  test("a value that Flink cannot read is named without being told", () => {
    const { status } = step(aNewJob(), read(0, "execution.checkpointing.interval", "hunter2"));
    expect(status?.trigger?.failure).toEqual({
      reason: "InvalidConfiguration",
      message:
        "flinkConfiguration: execution.checkpointing.interval: its value must be a duration such as 10 s, 5 min or 500 ms. Nothing was sent.",
      retryable: false,
    });
  });

  test("each send reads them: the same request again as well", () => {
    const sent = aTrigger({ spec: aNewJob().build().spec }).sent();
    const job = aNewJob().trigger(sent);
    expect(step(job, undefined, { look: aLook() }).rule).toBe("readSources");
    expect(step(job, read(), { look: aLook() }).rule).toBe("sendAgain");
  });
});

describe("values that cannot be had", () => {
  test("leave the trigger pending, with nothing sent and no try counted", () => {
    const waiting = step(aNewJob(), refused());
    expect(waiting).toMatchObject({
      rule: "sourcesRefused",
      status: {
        trigger: {
          state: "pending",
          reason: "ConfigurationSourceForbidden",
          message: "No right.",
          sends: 0,
          tries: 0,
        },
      },
      requeueAfterMs: 2 * SECOND,
    });
    expect(waiting.effect).toBeUndefined();
    expect(waiting.events).toEqual([
      { type: "Warning", reason: "ConfigurationSourceForbidden", message: "No right." },
    ]);
  });

  test("are written once and tried for again, less and less often, for ever", () => {
    const { status } = step(aNewJob(), refused());
    const job = aNewJob().status(status!);
    const again = step(job, refused(SECOND));
    expect(again).toMatchObject({ status: undefined, events: [], requeueAfterMs: SECOND });
    expect(step(job, refused(2 * SECOND)).rule).toBe("readSources");
    const waits = [1, 2, 3, 6, 50].map((failures) => step(job, refused(0, failures)).requeueAfterMs);
    expect(waits).toEqual([2, 4, 8, 60, 60].map((seconds) => seconds * SECOND));
  });

  test("and granted, the run request goes out as the first", () => {
    const { status } = step(aNewJob(), refused());
    expect(step(aNewJob().status(status!), read()).status?.trigger).toMatchObject({ sends: 1, tries: 1 });
  });
});

describe("an edit that brings them in", () => {
  const running = () => aJob().trigger(aTrigger().running()).edited({ flinkConfigurationFrom });
  const scene = { cluster: aCluster().listing(aRow()) };

  test("stops the job that runs only when they are there", () => {
    expect(step(running(), undefined, scene)).toMatchObject({ rule: "readSources", status: undefined });
    expect(step(running(), read(), scene).effect).toMatchObject({ kind: "cancelJob" });
  });

  test("is refused beside it, and looked at again", () => {
    const held = step(running(), refused(), scene);
    expect(held.effect).toBeUndefined();
    expect(held.status?.trigger).toMatchObject({ id: "g1", state: "running" });
    expect(held.status?.conditions?.find(({ type }) => type === "Stalled")).toMatchObject({
      status: "True",
      reason: "ConfigurationSourceForbidden",
      message: "No right.",
    });
    expect(held.requeueAfterMs).toBe(2 * SECOND);
    expect(step(running(), refused(2 * SECOND), scene).rule).toBe("readSources");
  });

  test("of a job that comes to its end: that stands alone", () => {
    const end = step(running(), refused(), { cluster: aCluster().listing(aRow("FINISHED")) });
    expect(end.status?.trigger?.state).toBe("finished");
    expect(end.status?.conditions?.find(({ type }) => type === "Stalled")?.status).toBe("False");
  });

  test("of a job that is over: the old trigger stands until they were read", () => {
    const over = aJob().trigger(aTrigger().finished()).edited({ flinkConfigurationFrom });
    expect(step(over)).toMatchObject({ rule: "readSources", status: undefined });
    expect(step(over, read())).toMatchObject({
      rule: "replace",
      status: { trigger: { id: "g2", sends: 1 }, history: [{ id: "g1" }] },
    });
    expect(step(over, refused())).toMatchObject({
      rule: "replace",
      status: { trigger: { id: "g2", sends: 0, reason: "ConfigurationSourceForbidden" } },
    });
  });
});

test("a job that runs as the spec asks never looks", () => {
  const spec = aNewJob().build().spec;
  const job = aNewJob()
    .trigger(aTrigger({ spec }).running(20 * MINUTE))
    .settled(20 * MINUTE);
  const steady = step(job, undefined, { cluster: aCluster().listing(aRow()) });
  expect(steady.effect).toBeUndefined();
  expect(steady.rule).toBe("tasksRun");
});
