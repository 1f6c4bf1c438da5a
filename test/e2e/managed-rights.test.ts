import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { eventually } from "../support/eventually.ts";
import { ManagedSubject } from "../support/managed-cluster.ts";
import { World } from "../support/world.ts";

const manifests = fileURLToPath(new URL("../../manifests", import.meta.url));

let world: World;
let subject: ManagedSubject;

// The operator with the rights of the manifests, and not one more.
beforeAll(async () => {
  world = await World.open("rights");
  await world.kubectl(["create", "serviceaccount", "operator"]);
  await grant("namespaced/role.yaml", "base");
  await world.operatorWith({ kubeconfig: await kubeconfigOf("operator") });
  // In this mode it grants Flink most.
  await world.createCluster("orders", {
    managed: { mode: "native", flinkVersion: "2.3", image: "flink:2.3", storage: { uri: "s3://b/flink" } },
  });
  subject = new ManagedSubject(world, "orders");
});
afterAll(() => world.close());

/** Binds the Role of a manifest to the operator's account here. */
async function grant(path: string, name: string): Promise<void> {
  const documents = parseAllDocuments(await readFile(join(manifests, path), "utf8"));
  const role = documents.map((document) => document.toJS() as { kind: string; rules: object[] })[0]!;
  const { namespace } = world;
  const applied = await world.apply([
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "Role",
      metadata: { name, namespace },
      rules: role.rules,
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata: { name, namespace },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name },
      subjects: [{ kind: "ServiceAccount", name: "operator", namespace }],
    },
  ]);
  expect(applied).toMatchObject({ code: 0 });
}

async function kubeconfigOf(account: string): Promise<string> {
  const { stdout: token } = await world.kubectl(["create", "token", account, "--duration=1h"]);
  const { stdout } = await world.kubectl([
    "config",
    "view",
    "--raw",
    "--flatten",
    "--minify",
    "--output=json",
  ]);
  const config = JSON.parse(stdout) as { users: { user: object }[] };
  config.users[0]!.user = { token: token.trim() };
  const path = join(world.dir, "operator.kubeconfig");
  await writeFile(path, JSON.stringify(config), { mode: 0o600 });
  return path;
}

test("without the rights of managed clusters, a FlinkCluster says which one is missing", async () => {
  const { status } = await subject.untilReason("RightMissing");
  expect(status?.conditions).toMatchObject([{ status: "False" }, { status: "False" }, { status: "True" }]);
  expect(status?.conditions?.[0]?.message).toMatch(
    /^\w+(\.[\w.]+)? is forbidden: .* cannot (list|watch) resource "\w+"/,
  );
});

test("with them it is deployed, changed and taken away", async () => {
  await grant("managed-clusters/namespaced/role.yaml", "managed-clusters");
  await subject.untilReason("Deploying", 60_000);
  await eventually(async () => (await subject.pods("jobmanager")).length === 1, 20_000);
  await subject.edit({ ingress: { host: "flink.example" }, jobManager: { replicas: 2 } });
  await eventually(async () => (await subject.objects()).includes("Ingress/orders-rest"), 20_000);
  await subject.edit({ ingress: null });
  await eventually(async () => !(await subject.objects()).includes("Ingress/orders-rest"), 20_000);
  await world.kubectl(["delete", "fc/orders", "--wait=false"]);
  await subject.untilGone();
  expect([await subject.objects(), await subject.pods()]).toEqual([[], []]);
});

test("an operator that deploys none says so", async () => {
  const other = await World.open("managed-off");
  try {
    await other.operator("--managed-clusters=false");
    await other.createCluster("orders", {
      managed: { flinkVersion: "2.3", image: "flink:2.3", storage: { uri: "s3://b/flink" } },
    });
    const off = new ManagedSubject(other, "orders");
    await off.untilReason("ManagedClustersOff");
    expect(await off.objects()).toEqual([]);
  } finally {
    await other.close();
  }
});
