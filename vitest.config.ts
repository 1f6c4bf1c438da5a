import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["src/**/*.test.ts", "dev/**/*.test.ts", "test/house/**/*.test.ts"],
          testTimeout: 10_000,
          // Loading the same modules anew for each file took most of the time. Nothing of ours keeps state in a module
          // (CONTRIBUTING.md, Style), and what a test stubs is put back after it.
          isolate: false,
          unstubEnvs: true,
        },
      },
      {
        // The submission protocol against every interleaving of a modelled world.
        test: {
          name: "model",
          include: ["test/model/**/*.test.ts"],
          testTimeout: 300_000,
          fileParallelism: false,
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
