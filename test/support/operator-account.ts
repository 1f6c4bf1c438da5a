import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import type { World } from "./world.ts";

const roleFile = fileURLToPath(new URL("../../manifests/namespaced/role.yaml", import.meta.url));
const account = "flinkjob-operator";

/**
 * A kubeconfig of a ServiceAccount that may do in this world's first namespace what the manifests let the operator do, and
 * nothing else.
 */
export async function operatorKubeconfig(world: World): Promise<string> {
  const { namespace } = world;
  const metadata = { name: account, namespace };
  const shipped = parseAllDocuments(await readFile(roleFile, "utf8")).map(
    (document) => document.toJS() as { kind: string; rules?: unknown; roleRef?: unknown },
  );
  const role = shipped.find(({ kind }) => kind === "Role");
  const binding = shipped.find(({ kind }) => kind === "RoleBinding");
  await run(world, ["apply", "-f", "-"], {
    apiVersion: "v1",
    kind: "List",
    items: [
      { apiVersion: "v1", kind: "ServiceAccount", metadata },
      { ...role, metadata },
      { ...binding, metadata, subjects: [{ kind: "ServiceAccount", name: account, namespace }] },
    ],
  });
  const token = (await run(world, ["create", "token", account, "--duration", "1h"])).trim();
  const config = JSON.parse(await run(world, ["config", "view", "--raw", "-o", "json"])) as {
    users: { name: string; user: object }[];
  };
  const users = config.users.map(({ name }) => ({ name, user: { token } }));
  const path = join(world.dir, "operator.yaml");
  await writeFile(path, JSON.stringify({ ...config, users }), { mode: 0o600 });
  return path;
}

async function run(world: World, args: string[], input?: object): Promise<string> {
  const printed = await world.kubectl(args, input && JSON.stringify(input));
  if (printed.code !== 0) throw new Error(`kubectl ${args.join(" ")}: ${printed.stderr}`);
  return printed.stdout;
}
