import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { eventually } from "../../test/support/eventually.ts";
import { FakeApiServer } from "../../test/support/fake-apiserver/server.ts";
import { KubeClient } from "./client.ts";
import { EventRecorder, type Occurrence } from "./event-recorder.ts";
import type { KubeEvent } from "./event-writer.ts";
import { FakeClock } from "./fake-clock.ts";
import { noMetrics } from "./metrics.ts";
import { Transport } from "./transport.ts";
import type { KubeObject, Resource } from "./types.ts";

const flinkJobs: Resource<KubeObject> = {
  group: "flinkjob.dev",
  version: "v1alpha1",
  kind: "FlinkJob",
  plural: "flinkjobs",
  namespaced: true,
};

let server: FakeApiServer;
let transport: Transport;

beforeEach(async () => {
  server = await new FakeApiServer().start();
  transport = new Transport(server.access);
});

afterEach(async () => {
  await transport.close();
  await server.stop();
});

function make(queueLimit?: number) {
  const clock = new FakeClock();
  const dropped: string[] = [];
  const metrics = { ...noMetrics, dropped: (reason: string) => dropped.push(reason) };
  const recorder = new EventRecorder({
    client: new KubeClient(transport),
    controller: "flinkjob.dev/operator",
    instance: "pod-1",
    clock,
    metrics,
    queueLimit,
  });
  return { clock, dropped, recorder };
}

function job(name = "job", uid = `uid-of-${name}`): KubeObject {
  return { metadata: { name, namespace: "default", uid, resourceVersion: "7" } };
}

function said(note: string): Occurrence {
  return { type: "Normal", reason: "Submitted", action: "Submit", note };
}

function stored(): KubeEvent[] {
  return server.storage.list("/apis/events.k8s.io/v1/events") as KubeEvent[];
}

function writes(): number {
  return server.requests.filter(({ method }) => method !== "GET").length;
}

describe("EventRecorder", () => {
  test("an event says what, why, about whom and by whom", async () => {
    const { recorder } = make();
    recorder.record(flinkJobs, job(), said("Submitted job 1234"));
    await recorder.flush(1000);
    expect(stored()).toMatchObject([
      {
        metadata: { namespace: "default", name: expect.stringMatching(/^job\.[0-9a-f]+$/) },
        eventTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
        regarding: {
          apiVersion: "flinkjob.dev/v1alpha1",
          kind: "FlinkJob",
          namespace: "default",
          uid: "uid-of-job",
        },
        reportingController: "flinkjob.dev/operator",
        reportingInstance: "pod-1",
        action: "Submit",
        reason: "Submitted",
        type: "Normal",
        note: "Submitted job 1234",
      },
    ]);
    expect(stored()[0]).not.toHaveProperty("series");
  });

  test("the same event again is a count, written at most every 10 s", async () => {
    const { recorder, clock } = make();
    recorder.record(flinkJobs, job(), said("again"));
    await eventually(() => stored().length === 1);
    for (let i = 0; i < 6; i++) recorder.record(flinkJobs, job(), said("again"));
    await clock.advance(9_999);
    expect(writes()).toBe(1);
    await clock.advance(1);
    await eventually(() => stored()[0]?.series?.count === 7);
    expect(writes()).toBe(2);
    expect(stored()).toHaveLength(1);
  });

  test("a count that waits is written by flush", async () => {
    const { recorder } = make();
    recorder.record(flinkJobs, job(), said("again"));
    await eventually(() => stored().length === 1);
    recorder.record(flinkJobs, job(), said("again"));
    await recorder.flush(1000);
    expect(stored()[0]?.series?.count).toBe(2);
  });

  test("the same event after a long gap is told anew", async () => {
    const { recorder, clock } = make();
    recorder.record(flinkJobs, job(), said("again"));
    await eventually(() => stored().length === 1);
    await clock.advance(10 * 60_000 + 1);
    recorder.record(flinkJobs, job(), said("again"));
    await recorder.flush(1000);
    expect(stored()).toHaveLength(2);
  });

  test("more than ten similar events become one", async () => {
    const { recorder } = make();
    for (let i = 0; i < 20; i++) recorder.record(flinkJobs, job(), said(`attempt ${i}`));
    await recorder.flush(2000);
    const notes = stored().map(({ note }) => note);
    expect(notes).toHaveLength(11);
    expect(
      notes.filter((note) => note.startsWith("(combined from similar events): attempt 10")),
    ).toHaveLength(1);
    expect(stored().find(({ series }) => series)?.series?.count).toBe(10);
  });

  test("one object has 25 events and then one each 5 minutes; others are not concerned", async () => {
    const { recorder, clock, dropped } = make();
    for (let i = 0; i < 40; i++) recorder.record(flinkJobs, job(), said("loop"));
    expect(dropped).toEqual(Array(15).fill("spam"));
    recorder.record(flinkJobs, job("other"), said("loop"));
    expect(dropped).toHaveLength(15);
    await clock.advance(5 * 60_000);
    recorder.record(flinkJobs, job(), said("loop"));
    recorder.record(flinkJobs, job(), said("loop"));
    expect(dropped).toHaveLength(16);
    await recorder.flush(1000);
  });

  test("a long note is cut at 1024 bytes, between characters", async () => {
    const { recorder } = make();
    recorder.record(flinkJobs, job(), said("ä".repeat(2000)));
    await recorder.flush(1000);
    const note = stored()[0]?.note ?? "";
    expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1024);
    expect(note).toMatch(/^ä+\.\.\.$/);
  });

  test("a namespace that is going away takes no events: dropped, without retries", async () => {
    server.fault = () => ({ status: 403, reason: "Forbidden", causes: [{ reason: "NamespaceTerminating" }] });
    const { recorder, dropped } = make();
    recorder.record(flinkJobs, job(), said("x"));
    await eventually(() => dropped.length === 1);
    expect(dropped).toEqual(["terminating"]);
    expect(writes()).toBe(1);
  });

  test("trouble is tried again, with one event in the end", async () => {
    let requests = 0;
    server.fault = () => (requests++ === 0 ? "lose-answer" : requests === 2 ? { status: 500 } : undefined);
    const { recorder, clock, dropped } = make();
    recorder.record(flinkJobs, job(), said("x"));
    await eventually(() => clock.advance(1000).then(() => requests === 3));
    await recorder.flush(1000);
    expect(stored()).toHaveLength(1);
    expect(dropped).toEqual([]);
  });

  test("an event that expired meanwhile is created again with its count", async () => {
    const { recorder, clock } = make();
    recorder.record(flinkJobs, job(), said("x"));
    await eventually(() => stored().length === 1);
    server.storage.delete("/apis/events.k8s.io/v1/events", `default/${stored()[0]?.metadata.name}`);
    await clock.advance(10_000);
    recorder.record(flinkJobs, job(), said("x"));
    await recorder.flush(1000);
    expect(stored()[0]?.series?.count).toBe(2);
  });

  test("a full queue drops what comes, and an API server that is gone holds nobody up", async () => {
    server.fault = () => "hang";
    const { recorder, dropped, clock } = make(2);
    for (let i = 0; i < 5; i++) recorder.record(flinkJobs, job(`job${i}`), said("x"));
    expect(dropped).toEqual(["queue-full", "queue-full"]);
    const flush = recorder.flush(1000);
    await clock.advance(1000);
    await flush;
    expect(dropped.slice(2)).toEqual(["shutdown", "shutdown", "shutdown"]);
    recorder.record(flinkJobs, job(), said("late"));
    expect(dropped).toHaveLength(6);
  });
});
