import { Agent } from "node:http";
import { type FakeFlink, fakeJar, startFakeFlink } from "../support/fake-flink/index.ts";
import type { JarServer } from "../support/jar-server.ts";
import { SCALED_AT_ONCE } from "../support/scaled-at-once.ts";
import type { Lane } from "./lanes.ts";
import { OwnClusters } from "./own-clusters.ts";
import type { Scenario } from "./scenarios.ts";
import { type Truth, truthOfFake, type Witness } from "./truth.ts";

/** A Flink cluster with what one run needs. */
export interface Site {
  readonly url: string;
  readonly agent: Agent;
  /** Of a JAR that was uploaded before. */
  readonly jarId: string;
  readonly jarUri: (jar: Scenario["jar"]) => string;
  /** Further arguments of main(). */
  readonly args: readonly string[];
  /** About the FlinkJob whose JobIDs begin like this. */
  readonly truth: (prefix: string) => Truth;
  /** Flink >= 2.3: run-application. */
  readonly applications: boolean;
  readonly ha: boolean;
  readonly fake?: FakeFlink;
  /** What fake Flinks tell. */
  readonly witness?: Witness;
  /** Where each FlinkJob brings its own cluster. */
  readonly own?: OwnClusters;
  /** Whether Flink itself keeps an application of this FlinkJob from ever ending (2.3.0 has a race there). */
  readonly isStuck?: (prefix: string) => Promise<boolean>;
  /** Leaves nothing of this FlinkJob behind. */
  close(prefix: string): Promise<void>;
}

export interface FlinkKind {
  readonly version: string;
  readonly ha: boolean;
}

export const fakeKinds: readonly FlinkKind[] = ["1.20.5", "2.3.0"].flatMap((version) => [
  { version, ha: false },
  { version, ha: true },
]);

export const kindName = ({ version, ha }: FlinkKind): string => `${version}${ha ? "-ha" : ""}`;
export const hasApplications = ({ version }: FlinkKind): boolean => version.startsWith("2.3");

/** A fake Flink for one run alone. */
export async function openFakeSite(
  kind: FlinkKind,
  jars: JarServer,
  { keepsResults, adaptive }: Scenario,
): Promise<Site> {
  const configuration = adaptive ? SCALED_AT_ONCE : {};
  const fake = await startFakeFlink({ ...kind, configuration, deleteOnCommit: keepsResults !== true });
  await fake.answering();
  const agent = new Agent({ keepAlive: true });
  return {
    url: fake.url,
    agent,
    jarId: await upload(fake.url, fakeJar()),
    jarUri: jarUriOn(jars),
    args: [],
    truth: () => truthOfFake(fake),
    applications: hasApplications(kind),
    ha: kind.ha,
    fake,
    witness: fake,
    async close() {
      agent.destroy();
      await fake.close();
    },
  };
}

/** No Flink yet: each FlinkCluster that is made becomes one. Throws where the API server is not a fake one. */
export async function openOwnSite(
  kind: FlinkKind,
  jars: JarServer,
  { holdsMain }: Scenario,
  { apiServer }: Lane,
): Promise<Site> {
  if (apiServer === undefined) throw new Error("Pods are played beside fake API servers only");
  const agent = new Agent({ keepAlive: true });
  const own = new OwnClusters(apiServer, kind.version, holdsMain === true);
  return {
    ...{ url: "", agent, jarId: "", jarUri: jarUriOn(jars), args: [] },
    truth: () => truthOfFake(own),
    ...{ applications: hasApplications(kind), ha: true, witness: own, own },
    async close() {
      agent.destroy();
      await own.close();
    },
  };
}

export function jarUriOn(jars: JarServer): Site["jarUri"] {
  return (jar) =>
    jar === "text" ? jars.uri("text", { kind: "bytes", bytes: Buffer.from("no JAR\n") }) : jars.uri();
}

/** The JarId. */
export async function upload(url: string, jar: Buffer): Promise<string> {
  const form = new FormData();
  form.append(
    "jarfile",
    new Blob([new Uint8Array(jar)], { type: "application/x-java-archive" }),
    "users.jar",
  );
  const reply = await fetch(`${url}/jars/upload`, { method: "POST", body: form });
  if (!reply.ok) throw new Error(`The upload of a JAR failed: ${reply.status} ${await reply.text()}`);
  const { filename } = (await reply.json()) as { filename: string };
  return filename.slice(filename.lastIndexOf("/") + 1);
}
