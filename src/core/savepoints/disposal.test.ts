import { describe, expect, test } from "vitest";
import { MINUTE, SECOND, URL_A, unreachable } from "../../../test/support/builders.ts";
import {
  aRunningJob,
  aSavepoint,
  decideOnSavepoint,
  disposalNews,
  newsOf,
  operationId,
  PATH,
  type SavepointScene,
} from "../../../test/support/savepoint-builders.ts";
import type { SavepointNews } from "./observed.ts";

const letGo = { effect: { kind: "removeFinalizer" }, status: undefined };
const complete = aSavepoint().disposable().completed();
const deleted = complete.deleted();
const dispose = { kind: "dispose", url: URL_A, path: PATH };
const periodic = aSavepoint().periodic().completed().deleted();

describe("the files stay", () => {
  test.each<[string, SavepointScene]>([
    ["unless their deletion was asked for", { savepoint: deleted.spec({ disposeOnDelete: false }) }],
    ["when another FlinkSavepoint names them", { savepoint: deleted, otherPaths: [PATH] }],
    ["where the FlinkJob took its periodic savepoints along", { savepoint: periodic, job: undefined }],
    ["while the FlinkJob is being deleted", { savepoint: periodic, job: aRunningJob().deleted() }],
    [
      "where a namesake of the FlinkJob lives",
      { savepoint: aSavepoint().periodic("other-uid").completed().deleted() },
    ],
    ["where there are none: it was never taken", { savepoint: aSavepoint().disposable().deleted() }],
    [
      "where there are none: it failed",
      { savepoint: aSavepoint().disposable().failedBefore().deleted(), cluster: unreachable },
    ],
  ])("%s", (_, scene) => {
    expect(decideOnSavepoint(scene)).toMatchObject({ ...letGo, events: [] });
  });

  test("an object without our finalizer is none of our business", () => {
    const savepoint = aSavepoint().completed().deleted();
    expect(decideOnSavepoint({ savepoint })).toMatchObject({
      rule: "deleted",
      effect: undefined,
      status: undefined,
    });
  });
});

describe("the files go first", () => {
  test("Flink is asked, also again by whoever comes after a crash", () => {
    expect(decideOnSavepoint({ savepoint: deleted })).toMatchObject({
      effect: dispose,
      status: { state: "completed", reason: "Disposing", path: PATH },
    });
  });

  test("those of a periodic one that is too many", () => {
    expect(decideOnSavepoint({ savepoint: periodic })).toMatchObject({ effect: dispose });
  });

  test("those of an import, also before anybody looked at it", () => {
    const savepoint = aSavepoint({ alreadyExists: { path: PATH } })
      .disposable()
      .deleted();
    expect(decideOnSavepoint({ savepoint })).toMatchObject({ effect: dispose });
  });

  test("what became of it is read", () => {
    const news = (ago: number) => disposalNews({ state: "inProgress", requestId: "r1" }, ago);
    expect(decideOnSavepoint({ savepoint: deleted, news: news(10) })).toMatchObject({
      effect: undefined,
      requeueAfterMs: 290,
    });
    const effect = { kind: "readDisposal", url: URL_A, requestId: "r1" };
    expect(decideOnSavepoint({ savepoint: deleted, news: news(SECOND) })).toMatchObject({ effect });
  });

  test("gone: the object is let go, and that is told", () => {
    const step = decideOnSavepoint({ savepoint: deleted, news: disposalNews({ state: "disposed" }, MINUTE) });
    expect(step).toMatchObject({ ...letGo, events: [{ type: "Normal", reason: "Disposed" }] });
  });

  test("asked again after another JobManager forgot it, and a while after a failure", () => {
    expect(decideOnSavepoint({ savepoint: deleted, news: disposalNews({ state: "unknown" }) })).toMatchObject(
      { effect: dispose },
    );
    const failed = (ago: number) => disposalNews({ state: "failed", message: "no rights" }, ago);
    expect(decideOnSavepoint({ savepoint: deleted, news: failed(SECOND) })).toMatchObject({
      effect: undefined,
      status: { state: "completed", reason: "DisposalFailed" },
      events: [{ type: "Warning", reason: "DisposalFailed" }],
      requeueAfterMs: 9 * SECOND,
    });
    expect(decideOnSavepoint({ savepoint: deleted, news: failed(10 * SECOND) })).toMatchObject({
      effect: dispose,
    });
  });

  test("asked of another cluster, where the first is out of sight by now", () => {
    const news = {
      ...disposalNews({ state: "inProgress", requestId: "r1" }),
      url: "http://other",
    } as SavepointNews;
    expect(decideOnSavepoint({ savepoint: deleted, news })).toMatchObject({ effect: dispose });
  });

  test("a failure is told once, however often it is tried", () => {
    const facts = {
      ...complete.build().status,
      reason: "DisposalFailed",
      message: `${PATH} could not be disposed of: no rights`,
    };
    const { observedGeneration: _, conditions: __, ...told } = facts;
    const savepoint = deleted.facts({ ...told });
    const step = decideOnSavepoint({
      savepoint,
      news: disposalNews({ state: "failed", message: "no rights" }, 10 * SECOND),
    });
    expect(step).toMatchObject({ effect: dispose, status: undefined, events: [] });
  });

  test.each<[string, SavepointScene["cluster"]]>([
    ["the JobManager does not answer", unreachable],
    ["no cluster is known", undefined],
  ])("it waits where %s", (_, cluster) => {
    expect(decideOnSavepoint({ savepoint: deleted, cluster })).toMatchObject({
      effect: undefined,
      status: { reason: "Disposing" },
      requeueAfterMs: 2 * SECOND,
    });
  });

  test("but not for ever: a namespace must be able to go", () => {
    const late = complete.deleted(5 * MINUTE);
    expect(decideOnSavepoint({ savepoint: late, cluster: unreachable })).toMatchObject({
      ...letGo,
      events: [{ type: "Warning", reason: "DisposalTimedOut" }],
    });
    const soon = complete.deleted(5 * MINUTE - SECOND);
    expect(decideOnSavepoint({ savepoint: soon, cluster: unreachable }).requeueAfterMs).toBe(SECOND);
  });
});

describe("deleted while it is being taken", () => {
  const taking = aSavepoint().disposable().asked().deleted();

  test("its end is awaited, for only then its files are known", () => {
    expect(decideOnSavepoint({ savepoint: taking })).toMatchObject({
      effect: { kind: "readOperation", operationId: operationId() },
    });
    const news = newsOf({ state: "completed", path: PATH });
    expect(decideOnSavepoint({ savepoint: taking, news }).status).toMatchObject({
      state: "completed",
      path: PATH,
    });
  });

  test("it is not tried again", () => {
    const news = newsOf({ state: "failed", message: "disk full" });
    expect(decideOnSavepoint({ savepoint: taking, news }).status).toMatchObject({ state: "failed" });
  });
});
