import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { REST_PORT } from "../../src/core/cluster/names.ts";
import { parseByteSize } from "../../src/runtime/byte-size.ts";
import { gatewayOptionTable } from "../../src/runtime/gateway-option-table.ts";
import { readCommandLine } from "../../src/runtime/options.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = join(root, "manifests/gateway");

interface Manifest {
  kind: string;
  metadata: { name: string };
  rules?: { apiGroups: string[]; resources: string[]; verbs: string[] }[];
  spec?: {
    template?: { metadata: { labels: Record<string, string> }; spec: PodSpec };
    ports?: { port: number; targetPort: string }[];
    resources?: { requests: { storage: string } };
    podSelector?: { matchLabels: Record<string, string> };
    ingress?: PolicyRule[];
    egress?: PolicyRule[];
  };
}
interface PolicyRule {
  ports: { port: string | number }[];
}
interface PodSpec {
  volumes?: { name: string }[];
  containers: {
    name: string;
    volumeMounts?: object[];
    command: string[];
    args: string[];
    image: string;
    ports: { name: string; containerPort: number }[];
    securityContext: unknown;
  }[];
  terminationGracePeriodSeconds: number;
  securityContext: { fsGroup?: number };
}

const load = (name: string) =>
  parseAllDocuments(readFileSync(join(folder, name), "utf8")).map((document) => document.toJS() as Manifest);
const pod = load("deployment.yaml")[0]!.spec!.template!.spec;
const [container] = pod.containers;

/** Each right of the gateway, and the call that needs it. */
const reasons: Readonly<Record<string, RegExp>> = {
  "get flinkjob.dev/flinkjobs": /#kube\.get\(flinkJobs,/,
  "list flinkjob.dev/flinkjobs": /\bfollow\(flinkJobs,/,
  "watch flinkjob.dev/flinkjobs": /\bfollow\(flinkJobs,/,
  "create flinkjob.dev/flinkjobs": /#kube\.create\(flinkJobs,/,
  "patch flinkjob.dev/flinkjobs": /#kube\.patch\(flinkJobs,/,
  "delete flinkjob.dev/flinkjobs": /#kube\.delete\(flinkJobs,/,
  "get flinkjob.dev/flinkclusters": /#kube\.get\(flinkClusters,/,
  "list flinkjob.dev/flinkclusters": /\bfollow\(flinkClusters,/,
  "watch flinkjob.dev/flinkclusters": /\bfollow\(flinkClusters,/,
  "create authentication.k8s.io/tokenreviews": /\.create\(\s*tokenReviews,/,
  "create authorization.k8s.io/subjectaccessreviews": /\.create\(\s*subjectAccessReviews,/,
};

test("the gateway has exactly the rights that it has a reason for", () => {
  const role = load("cluster-role.yaml").find(({ kind }) => kind === "ClusterRole");
  const rights = (role?.rules ?? []).flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) => verbs.map((verb) => `${verb} ${group}/${resource}`)),
    ),
  );
  expect(rights.sort()).toEqual(Object.keys(reasons).sort());
});

test.each(Object.entries(reasons))("the code needs: %s", (_right, call) => {
  const names = readdirSync(join(root, "src/gateway"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
    .map((name) => join("gateway", name));
  const code = [...names, "gateway-main.ts"].map((name) => readFileSync(join(root, "src", name), "utf8"));
  expect(code.join("\n")).toMatch(call);
});

test("its pod is the operator's image with another program, and as restricted", () => {
  const operator = parseAllDocuments(
    readFileSync(join(root, "manifests/workload/deployment.yaml"), "utf8"),
  )[0]!.toJS() as Manifest;
  const other = operator.spec!.template!.spec;
  expect(container?.image).toBe(other.containers[0]?.image);
  expect(pod.securityContext).toEqual(other.securityContext);
  expect(container?.securityContext).toEqual(other.containers[0]?.securityContext);
  const dockerfile = readFileSync(join(root, "Dockerfile"), "utf8");
  expect(dockerfile).toContain(`/image${container?.command.at(-1)}`);
});

test("its Node knows the flags that it is given", () => {
  const flags = container?.command.slice(1, -1) ?? [];
  expect(flags).toContain("--no-separate-gc-phases");
  const { status, stderr } = spawnSync(process.execPath, [...flags, "-e", "0"], { encoding: "utf8" });
  expect([status, stderr]).toEqual([0, ""]);
});

test("its flags are flags of the gateway, and its ports those that it listens on", () => {
  const env = { KUBERNETES_SERVICE_HOST: "10.96.0.1" };
  const command = readCommandLine(gatewayOptionTable, "the gateway", { argv: container?.args ?? [], env });
  if (command.kind !== "run") throw new Error(`the pod would only print its ${command.kind}`);
  const { address, metricsAddress, healthAddress, insecureLoopback, shutdownTimeout } = command.options;
  const port = (listen: typeof address) => ("off" in listen ? 0 : listen.port);
  expect(container?.ports).toEqual([
    { name: "http", containerPort: port(address) },
    { name: "metrics", containerPort: port(metricsAddress) },
    { name: "health", containerPort: port(healthAddress) },
  ]);
  expect(insecureLoopback).toBe(false);
  expect(pod.terminationGracePeriodSeconds * 1_000).toBeGreaterThan(shutdownTimeout);
  const targets = load("service.yaml").flatMap(({ spec }) =>
    spec?.ports?.map(({ targetPort }) => targetPort),
  );
  expect(targets).toEqual(["http", "metrics"]);
});

test("with a volume for plans: what it is told of the volume, and who it is there, fits", () => {
  const [patch] = load("plans/deployment.yaml");
  const [claim] = load("plans/volume-claim.yaml");
  const { containers, securityContext, volumes } = patch!.spec!.template!.spec;
  const [gateway] = containers;
  expect(patch?.metadata.name).toBe(load("deployment.yaml")[0]?.metadata.name);
  expect(gateway?.name).toBe(container?.name);
  const command = readCommandLine(gatewayOptionTable, "the gateway", { argv: gateway?.args ?? [], env: {} });
  if (command.kind !== "run") throw new Error(`the pod would only print its ${command.kind}`);
  const [mount] = gateway?.volumeMounts ?? [];
  expect(mount).toEqual({ name: volumes?.[0]?.name, mountPath: command.options.planDirectory });
  expect(volumes).toEqual([{ name: "plans", persistentVolumeClaim: { claimName: claim?.metadata.name } }]);
  const storage = claim?.spec?.resources?.requests.storage ?? "";
  expect(parseByteSize(storage)).toBeGreaterThan(command.options.planSpace);
  // The image's user: Kubernetes gives the volume to its group.
  expect(readFileSync(join(root, "Dockerfile"), "utf8")).toContain(
    `USER ${securityContext.fsGroup}:${securityContext.fsGroup}`,
  );
});

test("its network policy is about its pods, their ports, and the port of JobManagers", () => {
  const { podSelector, ingress = [], egress = [] } = load("network-policy.yaml")[0]!.spec!;
  const { labels } = load("deployment.yaml")[0]!.spec!.template!.metadata;
  expect(labels).toMatchObject(podSelector!.matchLabels);
  const portsOf = (rules: PolicyRule[]) => rules.flatMap(({ ports }) => ports.map(({ port }) => port));
  // The kubelet needs no rule for the third.
  expect([...portsOf(ingress), "health"]).toEqual(container?.ports.map(({ name }) => name));
  expect(portsOf(egress)).toContain(REST_PORT);
});
