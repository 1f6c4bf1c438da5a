import { FakeFlink } from "./fake-flink.ts";
import { type FakeFlinkOptions, settingsOf } from "./options.ts";

export { type Clock, systemClock, type Timer } from "./clock.ts";
export type { RecordedRequest } from "./endpoint.ts";
export { FakeFlink } from "./fake-flink.ts";
export type { Fault, FaultMode } from "./faults.ts";
export type { JobState, TerminalState } from "./job.ts";
export type { JobRun } from "./ledger.ts";
export { counterClass, scenarioClass } from "./mains.ts";
export type { FakeFlinkOptions, OwnMain, Times } from "./options.ts";
export type { RunningMain } from "./running-mains.ts";
export { Snapshots } from "./storage.ts";

/**
 * A Flink session cluster inside this process, on 127.0.0.1: behaves as the real one was measured to
 * (test/conformance holds both to the same facts), needs no Java, and can be told to misbehave.
 */
export async function startFakeFlink(options: FakeFlinkOptions = {}): Promise<FakeFlink> {
  const flink = new FakeFlink(settingsOf(options));
  await flink.start();
  return flink;
}

/** Bytes that the fake takes for a JAR, with this entry class in its manifest, or none. */
export function fakeJar(mainClass?: string): Buffer {
  return Buffer.from(
    `PK\u0003\u0004${mainClass === undefined ? "" : `Main-Class: ${mainClass}\n`}`,
    "latin1",
  );
}
