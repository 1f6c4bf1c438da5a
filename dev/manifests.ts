import { readFile, stat } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parse, parseAllDocuments, stringify } from "yaml";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Every generated file below manifests/, by its path from the project's root: write them, or compare them. */
export async function generatedManifests(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ["manifests/install.yaml", await renderInstall()],
    ["manifests/argocd/argocd-cm.yaml", await renderArgocd()],
  ]);
}

/** A kustomization that needs more than this renderer knows. Render it with kustomize, or teach the renderer. */
export class UnknownKustomizationError extends Error {
  override readonly name = "UnknownKustomizationError";
}

/**
 * `manifests/install.yaml`: what `kustomize build manifests/base` makes, in one file that keeps the comments. The base only
 * lists resources, so it is rendered here, and nobody needs a kustomize binary; anything more is refused, not ignored.
 */
export async function renderInstall(): Promise<string> {
  const documents = await resources(join(root, "manifests/base"));
  const header =
    "# The operator for all namespaces: kubectl apply -f install.yaml. Made from manifests/base by `npm run generate`; do not edit.\n";
  return header + documents.map((text) => `---\n${text.trimEnd()}\n`).join("");
}

/** A patch of ArgoCD's own ConfigMap with the scripts of manifests/argocd/resource_customizations. */
export async function renderArgocd(): Promise<string> {
  const customizations = join(root, "manifests/argocd/resource_customizations/flinkjob.dev");
  const script = (path: string) => readFile(join(customizations, path), "utf8");
  const actions = {
    "discovery.lua": await script("FlinkJob/actions/discovery.lua"),
    definitions: [{ name: "restart", "action.lua": await script("FlinkJob/actions/restart/action.lua") }],
  };
  const patch = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "argocd-cm" },
    data: {
      "resource.customizations.health.flinkjob.dev_FlinkCluster": await script("FlinkCluster/health.lua"),
      "resource.customizations.health.flinkjob.dev_FlinkJob": await script("FlinkJob/health.lua"),
      "resource.customizations.health.flinkjob.dev_FlinkSavepoint": await script("FlinkSavepoint/health.lua"),
      "resource.customizations.actions.flinkjob.dev_FlinkJob": stringify(actions, { lineWidth: 0 }),
    },
  };
  const header =
    "# For `kubectl patch` (see README.md). Made from resource_customizations/ by `npm run generate`; do not edit.\n";
  return header + stringify(patch, { lineWidth: 0 });
}

/** The texts of all objects that a kustomization folder names, in its order. */
async function resources(folder: string): Promise<string[]> {
  const path = join(folder, "kustomization.yaml");
  const kustomization = parse(await readFile(path, "utf8")) as Record<string, unknown>;
  const { apiVersion, kind, resources: entries, ...more } = kustomization;
  const unknown = Object.keys(more);
  const shown = relative(root, path);
  if (
    kind !== "Kustomization" ||
    typeof apiVersion !== "string" ||
    unknown.length > 0 ||
    !Array.isArray(entries)
  ) {
    throw new UnknownKustomizationError(
      `${shown}: only \`resources\` is rendered here, not ${unknown.join(", ")}`,
    );
  }
  const texts: string[] = [];
  for (const entry of entries as string[]) {
    const target = join(folder, entry);
    if ((await stat(target)).isDirectory()) texts.push(...(await resources(target)));
    else texts.push(...documentsOf(await readFile(target, "utf8"), basename(target)));
  }
  return texts;
}

/** A file's YAML documents, each as its own text with its comments. Throws on a file that is not valid YAML. */
function documentsOf(text: string, name: string): string[] {
  const documents = parseAllDocuments(text);
  for (const document of documents) {
    const problem = document.errors[0];
    if (problem) throw new Error(`${name}: ${problem.message}`);
  }
  return text.split(/^---\n/m).filter((part) => part.trim() !== "");
}
