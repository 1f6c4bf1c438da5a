import { expect, test } from "vitest";
import { aJob, URL_A } from "../../test/support/builders.ts";
import type { RunOutcome } from "../core/observed.ts";
import type { Effect } from "../core/step.ts";
import { FakeClock } from "../kube/fake-clock.ts";
import type { JobManagerPort } from "../ports.ts";
import { Flights, type FlightsOptions } from "./flights.ts";
import { Turnstiles } from "./turnstile.ts";

type Submit = Extract<Effect, { kind: "submit" }>;
const submit = {
  kind: "submit",
  jobId: "0".repeat(32),
  url: URL_A,
  jar: { id: "a.jar" },
  request: { jobId: "0".repeat(32), parallelism: 1 },
} as Submit;

/** What is known of a run request that had this outcome. */
async function flown(outcome: RunOutcome, patch: Partial<Submit> = {}): Promise<RunOutcome | undefined> {
  const uid = aJob().build().metadata.uid ?? "";
  let landed = () => {};
  const landing = new Promise<void>((resolve) => (landed = resolve));
  const flights: Flights = new Flights({
    clock: new FakeClock(),
    turnstiles: new Turnstiles(1, new FakeClock()),
    places: { take: () => false },
    maySend: () => true,
    onChange: () => {
      if (flights.get(uid)?.phase === "answered") landed();
    },
  } as unknown as FlightsOptions);
  const jobManager = { run: async () => outcome } as unknown as JobManagerPort;
  flights.start(uid, { ...submit, ...patch }, jobManager, (message) =>
    message.replaceAll("hunter2", "[hidden]"),
  );
  await landing;
  const flight = flights.get(uid);
  return flight?.phase === "answered" ? flight.outcome : undefined;
}

test.each<RunOutcome>([
  { kind: "failed", reason: "MainFailed", message: "not hunter2", retryable: false },
  { kind: "duplicate", message: "not hunter2" },
  { kind: "unknown", reason: "Reset", message: "not hunter2" },
])("of what Flink answers to a run request only what may be told is known: $kind", async (outcome) => {
  expect(await flown(outcome)).toEqual({ ...outcome, message: "not [hidden]" });
});

test("an answer without words stays as it is", async () => {
  expect(await flown({ kind: "accepted", applicationId: "a" })).toEqual({
    kind: "accepted",
    applicationId: "a",
  });
});

test("where there is no place for another main() nothing is sent, and that is no failure", async () => {
  expect(await flown({ kind: "accepted" }, { application: true })).toMatchObject({
    ...{ kind: "notSent", reason: "WaitingForMains", retryable: true },
  });
});
