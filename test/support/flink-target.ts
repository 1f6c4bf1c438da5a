import { ground } from "./ground.ts";

/** A Flink session cluster that tests may use; shared with others, so tests choose JobIDs of their own. */
export interface FlinkTarget {
  /** "2.3" or "1.20". */
  readonly version: string;
  readonly url: string;
  /** Path of the JAR with dev.flinkjob.testing.Scenario. */
  readonly jobsJar: string;
}

/**
 * The Flinks of this test run: the run's own, or $FLINKJOB_TEST_FLINK for a single file, as JSON:
 * `{"2.3": {"url": "http://127.0.0.1:8081", "jobsJar": "/path"}, "1.20": {...}}`.
 */
export function flinkTargets(): FlinkTarget[] {
  const provided: unknown = ground()?.flink;
  const fromEnvironment = process.env.FLINKJOB_TEST_FLINK;
  const targets = provided ?? (fromEnvironment === undefined ? undefined : JSON.parse(fromEnvironment));
  if (targets === undefined) {
    throw new Error("No Flink: set FLINKJOB_TEST_FLINK, or run the tests through npm test");
  }
  return Object.entries(targets as Record<string, Omit<FlinkTarget, "version">>).map(([version, target]) => ({
    version,
    ...target,
  }));
}
