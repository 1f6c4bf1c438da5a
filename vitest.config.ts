import { defineConfig } from "vitest/config";
import { compiledPrograms } from "./test/support/compiled-programs.ts";

/** Two files at a time, each on a control plane and Flinks of its own: they wait more than they work. */
function realParts(name: string, include: string) {
  return {
    test: {
      name,
      include: [include],
      env: compiledPrograms,
      globalSetup: ["test/support/global.ts"],
      testTimeout: 120_000,
      hookTimeout: 120_000,
      maxWorkers: 2,
    },
  };
}

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
      realParts("conformance", "test/{conformance,property,crash}/**/*.test.ts"),
      realParts("e2e", "test/e2e/**/*.test.ts"),
      {
        // Pods: one control plane with a node for the whole run (test/support/node-ground.ts). Needs root on Linux.
        test: {
          name: "node",
          include: ["test/node/**/*.test.ts"],
          env: compiledPrograms,
          globalSetup: ["test/support/node-ground.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
