import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["src/**/*.test.ts", "dev/**/*.test.ts", "test/house/**/*.test.ts"],
          testTimeout: 10_000,
        },
      },
      {
        // Real parts: one control plane and one Flink of each version for the whole run (test/support/global.ts).
        test: {
          name: "real",
          include: ["test/{conformance,property,crash,e2e}/**/*.test.ts"],
          globalSetup: ["test/support/global.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
