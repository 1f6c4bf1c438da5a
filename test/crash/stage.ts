import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fakeJar } from "../support/fake-flink/index.ts";
import { JarServer } from "../support/jar-server.ts";
import { type OperatorStart, type RunningOperator, startInProcess } from "./in-process-operator.ts";
import type { Lane } from "./lanes.ts";
import { buildProgram, startProcess } from "./operator-process.ts";
import { RealSites, realKinds, realKindsWithHa } from "./real-sites.ts";
import type { Scenario } from "./scenarios.ts";
import { type FlinkKind, fakeKinds, openFakeSite, openOwnSite, type Site } from "./site.ts";

/** Where runs are played: on fake Flinks with operators inside this process, or with everything real. */
export interface Stage {
  readonly kinds: readonly FlinkKind[];
  readonly lanes: number;
  readonly start: (options: OperatorStart) => RunningOperator;
  site(kind: FlinkKind, scenario: Scenario, lane: Lane): Promise<Site>;
  close(): Promise<void>;
}

export async function fakeStage(): Promise<Stage> {
  const dir = await mkdtemp(join(tmpdir(), "flinkjob-crash-jar-"));
  const path = join(dir, "jobs.jar");
  await writeFile(path, fakeJar());
  const jars = await JarServer.start(path);
  return {
    kinds: fakeKinds,
    lanes: 16,
    start: startInProcess,
    site: (kind, scenario, lane) =>
      scenario.ownCluster ? openOwnSite(kind, jars, scenario, lane) : openFakeSite(kind, jars, scenario),
    async close() {
      await jars.close();
      await rm(dir, { recursive: true });
    },
  };
}

/** `ha`: also with ZooKeeper. */
export async function realStage(ha: boolean, progress: (line: string) => void): Promise<Stage> {
  const dir = await mkdtemp(join(tmpdir(), "flinkjob-crash-flink-"));
  const kinds = ha ? realKindsWithHa : realKinds;
  await buildProgram();
  const sites = new RealSites(dir, progress);
  return {
    kinds,
    lanes: 4,
    start: startProcess,
    site: (kind, scenario) => sites.site(kind, scenario),
    async close() {
      await sites.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
