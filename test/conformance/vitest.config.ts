import { defineConfig } from "vitest/config";

// For run.ts: what a Flink is like, and the operator on it, asked of the one that $FLINKJOB_TEST_FLINK names.
export default defineConfig({
  test: {
    include: ["test/conformance/flink-*.test.ts", "test/conformance/operator.facts.ts"],
    // What our own clients make of it is tried on the newest two by npm test.
    exclude: ["test/conformance/flink-*client.test.ts"],
    // A fact that holds when it is asked again holds: eight versions in a row meet every hiccup of a busy machine.
    retry: 1,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});
