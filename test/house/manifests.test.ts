import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { generatedManifests } from "../../dev/manifests.ts";
import { flinkClusterSpec } from "../../src/api/flinkcluster.ts";
import { flinkJobSpec } from "../../src/api/flinkjob.ts";
import { flinkSavepointSpec } from "../../src/api/flinksavepoint.ts";
import { CONFIGURATION_LABEL } from "../../src/api/group.ts";
import { managedCluster } from "../../src/api/managed-cluster.ts";
import { designOf } from "../../src/core/cluster/design.ts";
import { desiredCluster } from "../../src/core/cluster/desired.ts";
import { parseCommandLine } from "../../src/runtime/options.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

interface Rule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
  resourceNames?: string[];
}
interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
  rules?: Rule[];
  spec?: unknown;
}
interface Container {
  args: string[];
  ports: { name: string; containerPort: number }[];
  securityContext: Record<string, unknown>;
  resources: unknown;
}
interface PodSpec {
  containers: Container[];
  initContainers?: Container[];
  serviceAccountName: string;
  terminationGracePeriodSeconds: number;
  securityContext: Record<string, unknown>;
  volumes?: Record<string, unknown>[];
}

const paths = ["manifests", "crds"].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".yaml"))
    .map((entry) => relative(root, join(entry.parentPath, entry.name))),
);

const load = (path: string): Manifest[] =>
  parseAllDocuments(readFileSync(join(root, path), "utf8")).map((document) => {
    expect(document.errors, path).toEqual([]);
    return document.toJS() as Manifest;
  });

const one = (path: string, kind: string): Manifest => {
  const found = load(path).filter((manifest) => manifest.kind === kind);
  expect(found, `${kind} in ${path}`).toHaveLength(1);
  return found[0] as Manifest;
};

const pod = (one("manifests/workload/deployment.yaml", "Deployment").spec as { template: { spec: PodSpec } })
  .template.spec;

test.each(paths)("%s is a list of Kubernetes objects", (path) => {
  const manifests = load(path);
  expect(manifests.length).toBeGreaterThan(0);
  // ArgoCD's own test tables are the exception.
  if (/_test\.yaml$/.test(path)) return;
  for (const { apiVersion, kind, metadata } of manifests) {
    expect({ apiVersion, kind }).toEqual({ apiVersion: expect.any(String), kind: expect.any(String) });
    if (kind !== "Kustomization" && kind !== "Component")
      expect(metadata.name).toMatch(/^[a-z0-9][a-z0-9.-]*$/);
  }
});

test("generated manifests are what `npm run generate` makes", async () => {
  for (const [path, text] of await generatedManifests()) {
    expect(readFileSync(join(root, path), "utf8"), `${path} is out of date: npm run generate`).toBe(text);
  }
});

describe("RBAC", () => {
  // Each right of the operator, what it is for, and (for a right to change something) the call that needs it.
  const reasons: Readonly<Record<string, readonly [why: string, room?: string, call?: RegExp]>> = {
    "get flinkjob.dev/flinkjobs": ["look past the cache; list gives it anyway"],
    "list flinkjob.dev/flinkjobs": ["reflector"],
    "watch flinkjob.dev/flinkjobs": ["reflector"],
    "patch flinkjob.dev/flinkjobs": ["add and remove the finalizer", "controller", /\bkube\.patch\(/],
    "delete flinkjob.dev/flinkjobs": ["spec.ttlSecondsAfterFinished", "controller", /\bkube\.delete\(/],
    "get flinkjob.dev/flinkclusters": ["look past the cache; list gives it anyway"],
    "list flinkjob.dev/flinkclusters": ["reflector"],
    "watch flinkjob.dev/flinkclusters": ["reflector"],
    "update flinkjob.dev/flinkjobs/status": ["the trigger's record", "controller", /\bkube\.replaceStatus\(/],
    "update flinkjob.dev/flinkclusters/status": [
      "what the cluster says of itself",
      "controller",
      /\bkube\.replaceStatus\(/,
    ],
    "get flinkjob.dev/flinksavepoints": ["look past the cache; list gives it anyway"],
    "list flinkjob.dev/flinksavepoints": ["reflector"],
    "watch flinkjob.dev/flinksavepoints": ["reflector"],
    "create flinkjob.dev/flinksavepoints": [
      "spec.savepoints.interval, recordOnDeletion",
      "controller",
      /\bkube\.create\(flinkSavepoints,/,
    ],
    "patch flinkjob.dev/flinksavepoints": [
      "add and remove the finalizer",
      "controller",
      /\bkube\.patch\(flinkSavepoints,/,
    ],
    "delete flinkjob.dev/flinksavepoints": [
      "spec.savepoints.historyLimit",
      "controller",
      /\bkube\.delete\(\s*flinkSavepoints,/,
    ],
    "update flinkjob.dev/flinksavepoints/status": [
      "what became of the savepoint",
      "controller",
      /\bkube\.replaceStatus\(flinkSavepoints,/,
    ],
    "create events.k8s.io/events": ["event recorder", "kube", /\.create\(events,/],
    "patch events.k8s.io/events": ["event series", "kube", /\.patch\(events,/],
    "create coordination.k8s.io/leases": ["leader election", "kube", /\.create\(leases,/],
    "get coordination.k8s.io/leases": ["leader election", "kube", /\.get\(leases,/],
    "update coordination.k8s.io/leases": ["leader election", "kube", /\.replace\(leases,/],
  };
  const sourceOf = (name: string) => readFileSync(join(root, "src", name), "utf8");
  const following = "OwnedObjects";
  const kept = "ObjectWriter: as the FlinkCluster says, and away with it";
  const granted = "the JobManager's Role grants it, and nobody can grant what he does not have";
  const own = (resource: string) =>
    Object.fromEntries(
      [
        [
          "get",
          "one that the cache does not hold: is there a stranger of that name?",
          /#kube\.get\(clusterKinds\[/,
        ],
        ["list", following],
        ["watch", following],
        ["create", `${kept}: an apply that makes it`, /#kube\.apply\(clusterKinds\[/],
        ["patch", kept, /#kube\.apply\(clusterKinds\[/],
        ["delete", kept, /#kube\.delete\(clusterKinds\[/],
      ].map(([verb, why, call]) => [
        `${verb} ${resource}`,
        [why, "controller", call ?? /\bnew OwnedObjects\(/],
      ]),
    ) as typeof reasons;
  const managedReasons: typeof reasons = {
    "patch flinkjob.dev/flinkclusters": ["the finalizer", "controller", /\bkube\.patch\(flinkClusters,/],
    "create flinkjob.dev/flinkclusters": [
      "spec.cluster.perJob",
      "controller",
      /\bkube\.create\(flinkClusters,/,
    ],
    "delete flinkjob.dev/flinkclusters": [
      "spec.cluster.perJob",
      "controller",
      /\bkube\.delete\(flinkClusters,/,
    ],
    ...own("apps/deployments"),
    "update apps/deployments/finalizers": [granted],
    "list apps/replicasets": ["what Deployments left", "controller", /#kube\.list\(replicaSets,/],
    "delete apps/replicasets": ["the same", "controller", /#kube\.delete\(replicaSets,/],
    ...own("/services"),
    ...own("/serviceaccounts"),
    ...own("/configmaps"),
    "update /configmaps": [granted],
    "list /pods": [following, "controller", /#kube\.list\(pods,/],
    "watch /pods": [following],
    "create /pods": ["the pod that cleans the storage", "controller", /\bkube\.create\(pods,/],
    "delete /pods": ["the same", "controller", /\bkube\.delete\(pods,/],
    ...own("rbac.authorization.k8s.io/roles"),
    ...own("rbac.authorization.k8s.io/rolebindings"),
    ...own("policy/poddisruptionbudgets"),
    ...own("networking.k8s.io/ingresses"),
  };
  const codeOf = (room: string) =>
    readdirSync(join(root, "src", room), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
      .map((name) => readFileSync(join(root, "src", room, name), "utf8"))
      .join("\n");
  const rightsOf = (rules: Rule[] = []) =>
    rules.flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) => verbs.map((verb) => `${verb} ${group}/${resource}`)),
      ),
    );

  test("the operator has exactly the rights that it has a reason for", () => {
    const rules = [
      ...rightsOf(one("manifests/base/cluster-role.yaml", "ClusterRole").rules),
      ...rightsOf(one("manifests/workload/lease-role.yaml", "Role").rules),
    ];
    expect(rules.sort()).toEqual(Object.keys(reasons).sort());
  });

  test("managed clusters take exactly the rights that they have a reason for", () => {
    const role = one("manifests/managed-clusters/cluster-role.yaml", "ClusterRole");
    expect(rightsOf(role.rules).sort()).toEqual(Object.keys(managedReasons).sort());
  });

  test.each(["standalone", "native"])(
    "what they may do includes all that the operator grants Flink in mode %s",
    (mode) => {
      const design = designOf(
        "ns",
        "c",
        managedCluster.parse({ mode, flinkVersion: "2.3", image: "i", storage: { uri: "s3://b/f" } }),
      );
      const granted = desiredCluster(design).objects.filter(({ kind }) => kind === "Role");
      expect(granted).toHaveLength(2);
      for (const { rules } of granted) {
        for (const right of rightsOf(rules as Rule[])) expect(Object.keys(managedReasons)).toContain(right);
      }
    },
  );

  test.each([...Object.entries(reasons), ...Object.entries(managedReasons)].filter(([, [, room]]) => room))(
    "the code needs: %s",
    (_right, [, room, call]) => {
      expect(codeOf(room ?? "")).toMatch(call ?? /never/);
    },
  );

  test("the Role of one namespace says the same as the ClusterRole", () => {
    const role = one("manifests/namespaced/role.yaml", "Role");
    expect(role.rules).toEqual(one("manifests/base/cluster-role.yaml", "ClusterRole").rules);
    const more = one("manifests/managed-clusters/namespaced/role.yaml", "Role");
    expect(more.rules).toEqual(one("manifests/managed-clusters/cluster-role.yaml", "ClusterRole").rules);
  });

  const secretSample = "manifests/samples/configuration-from-secret.yaml";

  test("no wildcard, no secrets, no escalation anywhere", () => {
    const others = paths.filter((path) => path !== secretSample);
    const everyRule = others.flatMap((path) => load(path).flatMap(({ rules = [] }) => rules));
    expect(everyRule.length).toBeGreaterThan(5);
    for (const { apiGroups, resources, verbs } of everyRule) {
      expect([...apiGroups, ...resources, ...verbs].join(" ")).not.toMatch(
        /\*|secret|escalate|impersonate|\bbind\b/,
      );
    }
  });

  test("the sample that grants a Secret grants this one, in its namespace, to the operator, for reading", () => {
    const secret = one(secretSample, "Secret");
    expect(secret.metadata.labels).toEqual({ [CONFIGURATION_LABEL]: "true" });
    expect(one(secretSample, "Role").rules).toEqual([
      { apiGroups: [""], resources: ["secrets"], resourceNames: [secret.metadata.name], verbs: ["get"] },
    ]);
    const { name, namespace } = one("manifests/workload/service-account.yaml", "ServiceAccount").metadata;
    expect(one(secretSample, "RoleBinding")).toMatchObject({
      roleRef: { kind: "Role", name: one(secretSample, "Role").metadata.name },
      subjects: [{ kind: "ServiceAccount", name, namespace }],
    });
    expect(flinkJobSpec.strict().parse(one(secretSample, "FlinkJob").spec)).toMatchObject({
      flinkConfigurationFrom: [
        { valueFrom: { secretKeyRef: { name: secret.metadata.name, key: "password" } } },
      ],
    });
    // Whoever applies the folder gets no Secret of ours.
    const kustomization = readFileSync(join(root, "manifests/samples/kustomization.yaml"), "utf8");
    expect(parse(kustomization)).toMatchObject({
      resources: expect.not.arrayContaining(["configuration-from-secret.yaml"]),
    });
  });

  test("the operator reads Secrets and ConfigMaps one by one, in one place, and neither lists nor watches them", () => {
    const readers = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
      .filter((name) => /\b(secrets|configMaps)\b.*\bfrom "\S*kube\/resources\.ts"/.test(sourceOf(name)));
    expect(readers).toEqual(["controller/source-reading.ts"]);
    const calls = [...sourceOf(readers[0] ?? "").matchAll(/\bkube\.(\w+)/g)].map(([, verb]) => verb);
    expect(new Set(calls)).toEqual(new Set(["get"]));
  });

  test("only its own lease can be read and written", () => {
    const rules = one("manifests/workload/lease-role.yaml", "Role").rules ?? [];
    const command = parseCommandLine({ argv: [], env: {} });
    for (const rule of rules.filter(({ verbs }) => verbs.join() !== "create")) {
      expect(rule.resourceNames).toEqual([command.kind === "run" && command.options.leaseName]);
    }
  });

  test("people get their rights by aggregation", () => {
    for (const role of load("manifests/base/user-roles.yaml")) {
      const word = role.metadata.name.replace("flinkjob-", "");
      expect(role.metadata.labels).toMatchObject({
        [`rbac.authorization.k8s.io/aggregate-to-${word}`]: "true",
      });
    }
  });
});

describe("the pod", () => {
  test("holds the restricted Pod Security level, and more", () => {
    expect(pod.securityContext).toEqual({ runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } });
    expect(pod.initContainers).toBeUndefined();
    expect(pod.volumes).toBeUndefined();
    for (const field of ["hostNetwork", "hostPID", "hostIPC", "hostUsers"])
      expect(pod).not.toHaveProperty(field);
    for (const { securityContext, ports } of pod.containers) {
      expect(securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      });
      for (const port of ports) expect(port).not.toHaveProperty("hostPort");
    }
    const namespace = one("manifests/base/namespace.yaml", "Namespace");
    expect(namespace.metadata.labels).toMatchObject({ "pod-security.kubernetes.io/enforce": "restricted" });
  });

  test("its image runs as a numeric user that is not root, without a shell", () => {
    const dockerfile = readFileSync(join(root, "Dockerfile"), "utf8");
    const last = dockerfile.slice(dockerfile.lastIndexOf("\nFROM "));
    expect(last).toMatch(/^\nFROM scratch\n/);
    expect(last).toMatch(/^USER [1-9][0-9]*:[1-9][0-9]*$/m);
    expect(last).not.toMatch(/^RUN /m);
  });

  test("bounds its resources", () => {
    expect(pod.containers.map(({ resources }) => resources)).toEqual([
      { requests: { cpu: "10m", memory: "64Mi" }, limits: { cpu: "500m", memory: "256Mi" } },
    ]);
  });

  test.each([
    ["the base", []],
    ["one namespace", namespacedArguments()],
  ])("its flags are flags of the operator: %s", (_name, more) => {
    const container = pod.containers[0] as Container;
    const argv = [...container.args, ...more].map((word) => word.replace("$(POD_NAMESPACE)", "team-a"));
    const command = parseCommandLine({ argv, env: { KUBERNETES_SERVICE_HOST: "10.96.0.1" } });
    if (command.kind !== "run") throw new Error(`the pod would only print its ${command.kind}`);
    const { options } = command;
    expect(options).toMatchObject({
      leaderElect: true,
      leaseNamespace: "team-a",
      namespace: more.length > 0 ? ["team-a"] : [],
    });
    expect(container.ports).toEqual([
      { name: "metrics", containerPort: "off" in options.metricsAddress ? 0 : options.metricsAddress.port },
      { name: "health", containerPort: "off" in options.healthAddress ? 0 : options.healthAddress.port },
    ]);
    expect(pod.terminationGracePeriodSeconds * 1_000).toBeGreaterThan(options.shutdownTimeout);
  });
});

/** What the overlay's patch adds to the container's arguments. */
function namespacedArguments(): string[] {
  const overlay = parse(readFileSync(join(root, "manifests/namespaced/kustomization.yaml"), "utf8")) as {
    patches: { patch: string }[];
  };
  const operations = overlay.patches.flatMap(
    ({ patch }) => parse(patch) as { op: string; path: string; value: string }[],
  );
  return operations
    .filter(({ op, path }) => op === "add" && path === "/spec/template/spec/containers/0/args/-")
    .map(({ value }) => value);
}

test("the samples are what the API accepts", () => {
  expect(flinkJobSpec.strict().parse(one("manifests/samples/flinkjob.yaml", "FlinkJob").spec)).toMatchObject({
    entryClass: "dev.flinkjob.examples.Counter",
  });
  for (const name of ["flinkcluster", "managed-flinkcluster", "per-job-template"]) {
    const { spec } = one(`manifests/samples/${name}.yaml`, "FlinkCluster");
    expect(flinkClusterSpec.strict().parse(spec)).toMatchObject(spec as object);
  }
  expect(
    flinkSavepointSpec.strict().parse(one("manifests/samples/flinksavepoint.yaml", "FlinkSavepoint").spec),
  ).toMatchObject({ job: { name: "counter" } });
});
