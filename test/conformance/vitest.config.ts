import { defineConfig } from "vitest/config";

// For run.ts: what a Flink is like, and the operator on it, asked of the one that $FLINKJOB_TEST_FLINK names.
export default defineConfig({
  test: {
    include: ["test/conformance/flink-*.test.ts", "test/conformance/operator.facts.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});
