import { describe, expect, test } from "vitest";
import { ago, aTrigger, type TriggerBuilder } from "../../test/support/builders.ts";
import type { FlinkClusterStatus } from "../api/flinkcluster.ts";
import { clusterEvents, eventsBetween } from "./events.ts";

const told = (before: TriggerBuilder | undefined, after: TriggerBuilder | undefined) =>
  eventsBetween(before?.build(), after?.build()).map(({ type, reason }) => `${type} ${reason}`);
const waiting = (reason: string) => aTrigger().with({ reason, message: "because" });

describe("the story of a trigger", () => {
  test.each<[string, TriggerBuilder | undefined, TriggerBuilder | undefined, string[]]>([
    ["nothing new", aTrigger().running(), undefined, []],
    ["the same again", aTrigger().running(), aTrigger().running(), []],
    ["sending passes by", aTrigger(), aTrigger().sent(), []],
    [
      "waiting for tasks passes by",
      aTrigger().running(),
      aTrigger().running().with({ reason: "WaitingForTasks" }),
      [],
    ],
    ["no cluster", undefined, waiting("ClusterNotFound"), ["Warning ClusterNotFound"]],
    ["unknown", aTrigger().sent(), waiting("OutcomeUnknown"), ["Warning OutcomeUnknown"]],
    ["main() runs", aTrigger().sent(), waiting("MainRunning"), ["Normal MainRunning"]],
    ["another message only", waiting("MainRunning"), waiting("MainRunning").with({ message: "still" }), []],
    ["accepted", aTrigger().sent(), aTrigger().running(), ["Normal Submitted", "Normal TasksRunning"]],
    ["the end", aTrigger().running(), aTrigger().finished(), ["Normal Finished"]],
    ["a bad end", aTrigger().running(), aTrigger().failed(), ["Warning JobFailed"]],
    [
      "failed before it began",
      aTrigger(),
      aTrigger().failed("JarNotFound").with({ acceptedAt: undefined }),
      ["Warning JarNotFound"],
    ],
    [
      "accepted is told once",
      aTrigger().running(),
      aTrigger().running().with({ reason: "Recovering" }),
      ["Normal Recovering"],
    ],
    [
      "the next attempt has a story of its own",
      aTrigger().running(),
      aTrigger({ attempt: 2 }).running(),
      ["Normal Submitted", "Normal TasksRunning"],
    ],
  ])("%s", (_, before, after, want) => {
    expect(told(before, after)).toEqual(want);
  });
});

test("events name the trigger, the job and the version", () => {
  const [submitted] = eventsBetween(
    undefined,
    aTrigger()
      .running()
      .with({ acceptedAt: ago(0) })
      .build(),
  );
  expect(submitted?.message).toBe(
    "Flink 1.20.5 accepted trigger g1 as job 01d806707bf89cf32347712e701c9f9a.",
  );
});

describe("the story of a FlinkCluster", () => {
  const condition = (type: string, status: "True" | "False", reason: string, message: string) => ({
    ...{ type, status, reason, message },
    ...{ observedGeneration: 1, lastTransitionTime: "" },
  });
  const says = (reason: string, stalled = false, message = "because"): FlinkClusterStatus => ({
    observedGeneration: 1,
    conditions: [
      condition("Ready", reason === "Reachable" ? "True" : "False", reason, message),
      condition("Stalled", stalled ? "True" : "False", reason, message),
    ],
  });

  test.each<[string, FlinkClusterStatus | undefined, FlinkClusterStatus, string[]]>([
    ["the first word", undefined, says("Deploying"), ["Normal Deploying: because"]],
    ["the default status", { observedGeneration: -1 }, says("Reachable"), ["Normal Reachable: because"]],
    ["the same in other words", says("Deploying"), says("Deploying", false, "1 of 2"), []],
    [
      "somebody has to do something",
      says("Deploying"),
      says("ImagePullFailed", true),
      ["Warning ImagePullFailed: because"],
    ],
    [
      "it does not answer",
      says("Reachable"),
      says("ClusterUnreachable"),
      ["Warning ClusterUnreachable: because"],
    ],
    ["no room", says("Deploying"), says("Unschedulable"), ["Warning Unschedulable: because"]],
    ["it is back", says("ClusterUnreachable"), says("Reachable"), ["Normal Reachable: because"]],
    ["nothing known yet", undefined, { observedGeneration: 1 }, []],
  ])("%s", (_what, before, after, want) => {
    const events = clusterEvents(before, after);
    expect(events.map(({ type, reason, message }) => `${type} ${reason}: ${message}`)).toEqual(want);
  });
});
