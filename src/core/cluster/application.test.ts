import { describe, expect, test } from "vitest";
import { aDesign, jarFetcher, objectOf, objectsOf } from "../../../test/support/cluster-builders.ts";
import type { ManagedClusterInput } from "../../api/managed-cluster.ts";
import { jobManagerArgs } from "./application.ts";
import { clusterConfiguration } from "./configuration.ts";
import { desiredCluster } from "./desired.ts";
import { fetchStep, keptFetcher } from "./jar-fetcher.ts";
import type { ClusterObject } from "./objects.ts";

const jobId = "0123456789abcdef0123456789abcdef";
const local = { jobId, jar: { local: "/opt/flink/usrlib/orders.jar" } };
const fetched = { jobId, jar: { uri: "https://jars.example/orders.jar?sig=$(a)", sha256: "0".repeat(64) } };
type Application = NonNullable<ManagedClusterInput["application"]>;
const design = (application: Application, patch: Partial<ManagedClusterInput> = {}) =>
  aDesign({ ...patch, application });

test.each<[string, Application, string[]]>([
  ["a JAR of the image", local, ["--jars", "local:///opt/flink/usrlib/orders.jar", "--job-id", jobId]],
  ["a JAR that is fetched", fetched, ["--jars", "local:///flink/jar/job.jar", "--job-id", jobId]],
  [
    "all of it, arguments last and as they are",
    {
      ...local,
      entryClass: "com.example.Main$Inner",
      args: ["-D", "$(POD_IP)", "--job-id", ""],
      savepointPath: "s3://b/sp",
      allowNonRestoredState: true,
      claimMode: "NO_CLAIM",
    },
    [
      ...["--jars", "local:///opt/flink/usrlib/orders.jar", "--job-id", jobId],
      ...["--job-classname", "com.example.Main$$Inner", "--fromSavepoint", "s3://b/sp"],
      ...["--allowNonRestoredState", "--", "-D", "$$(POD_IP)", "--job-id", ""],
    ],
  ],
])("the JobManager of %s", (_, application, want) => {
  const address = ["-D", "jobmanager.rpc.address=$(POD_IP)"];
  expect(jobManagerArgs(design(application))).toEqual(["standalone-job", ...address, ...want]);
});

describe("its configuration", () => {
  test.each(["1.20", "2.3"] as const)("of Flink %s", (flinkVersion) => {
    const { entries, report } = clusterConfiguration(
      design(
        { ...local, parallelism: 7 },
        { flinkVersion, flinkConfiguration: { "parallelism.default": 2 } },
      ),
    );
    expect(entries).toMatchObject({
      "execution.shutdown-on-application-finish": "false",
      "execution.submit-failed-job-on-application-error": "true",
      "web.submit.enable": "false",
      "parallelism.default": "7",
      "jobstore.expiration-time": "2592000",
      "high-availability.storageDir": `file:///flink/storage/team-a/orders/ha/${jobId}`,
      "job-result-store.delete-on-commit": "false",
    });
    expect("completed-application-store.expiration-time" in entries).toBe(flinkVersion === "2.3");
    expect(report.overridden).toEqual([
      { key: "parallelism.default", by: "spec.managed.application.parallelism" },
    ]);
  });

  test("is a session cluster's where there is no application", () => {
    const { entries } = clusterConfiguration(aDesign());
    expect(entries).not.toHaveProperty(["web.submit.enable"]);
    expect(entries["high-availability.storageDir"]).toBe("file:///flink/storage/team-a/orders/ha");
  });

  test("leaves a parallelism to the user that the application does not say", () => {
    const { entries, report } = clusterConfiguration(
      design(local, { flinkConfiguration: { "parallelism.default": 2, "jobstore.expiration-time": 60 } }),
    );
    expect(entries).toMatchObject({ "parallelism.default": "2", "jobstore.expiration-time": "60" });
    expect(report.overridden).toEqual([]);
  });

  test.each([
    ["execution.savepoint.path", "savepointPath"],
    ["execution.state-recovery.path", "savepointPath"],
    ["execution.state-recovery.claim-mode", "claimMode"],
    ["execution.savepoint.ignore-unclaimed-state", "allowNonRestoredState"],
  ])("loses %s to the field %s, which Flink's entry point would overwrite", (key, field) => {
    const { report, entries } = clusterConfiguration(
      design(local, { flinkVersion: "1.20", flinkConfiguration: { [key]: "x" } }),
    );
    expect(report.overridden).toEqual([{ key, by: `spec.managed.application.${field}` }]);
    expect(entries).not.toHaveProperty([key]);
  });
});

describe("the step that fetches its JAR", () => {
  const pod = (application: Application) => {
    const { spec } = objectOf(objectsOf({ application }), "Deployment", "orders-jobmanager");
    return (spec as { template: { spec: { initContainers?: object[]; volumes: { name: string }[] } } })
      .template.spec;
  };

  test("holds the restricted Pod Security level, and takes the address as it is", () => {
    const { initContainers, volumes } = pod(fetched);
    expect(initContainers).toEqual([
      {
        name: "fetch-jar",
        image: "operator:1",
        command: ["/usr/bin/node", "/operator/fetch-jar.mjs"],
        args: [
          "--max-jar-size=1024",
          "--uri=https://jars.example/orders.jar?sig=$$(a)",
          `--sha256=${"0".repeat(64)}`,
          "--to=/flink/jar/job.jar",
        ],
        resources: { requests: { memory: "1600Mi" }, limits: { memory: "1600Mi" } },
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        },
        volumeMounts: [{ name: "jar", mountPath: "/flink/jar" }],
      },
    ]);
    expect(volumes).toContainEqual({ name: "jar", emptyDir: {} });
  });

  test("is not there for a JAR of the image", () => {
    const { initContainers, volumes } = pod(local);
    expect(initContainers).toBeUndefined();
    expect(volumes.map(({ name }) => name)).not.toContain("jar");
  });

  test("cannot be without an image for it", () => {
    expect(desiredCluster({ ...design(fetched), jarFetcher: undefined }).refusal).toEqual({
      reason: "JarFetcherMissing",
      message:
        "spec.managed.application.jar.uri: the operator was given no image to fetch JARs with (--operator-image). The pods stay as they are.",
    });
    expect(desiredCluster({ ...design(local), jarFetcher: undefined }).refusal).toBeUndefined();
  });

  test("leaves its volume to it", () => {
    const podTemplate = { spec: { volumes: [{ name: "jar" }] } };
    expect(desiredCluster(design(fetched, { jobManager: { podTemplate } })).refusal?.message).toContain(
      "the volume jar is the operator's",
    );
    expect(desiredCluster(design(local, { jobManager: { podTemplate } })).refusal).toBeUndefined();
  });

  test("stays as it is while the JobManager is ready, whatever image a newer operator has", () => {
    const made = desiredCluster(design(fetched)).objects;
    const live = (readyReplicas?: number): ClusterObject[] =>
      made.map((object) =>
        object.kind === "Deployment" ? { ...object, status: { readyReplicas } } : object,
      );
    expect(keptFetcher(live(1))).toEqual(jarFetcher);
    const newer = { ...design(fetched), jarFetcher: keptFetcher(live(1)) };
    expect(fetchStep(newer)).toEqual(fetchStep(design(fetched)));
    expect(keptFetcher(live())).toBeUndefined();
    expect(keptFetcher([])).toBeUndefined();
    expect(keptFetcher(desiredCluster(design(local)).objects)).toBeUndefined();
  });
});
