// `npm run generate`: the files that are made from the code. `--check` writes nothing and fails when one is out of date.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { customResourceDefinitions } from "../src/api/crd.ts";
import { REASONS } from "../src/api/reasons.ts";
import { OptionCatalogue } from "../src/core/configuration/catalogue.ts";
import { optionTable } from "../src/flink/options/option-table.ts";
import { openApiDocument } from "../src/gateway/openapi/document.ts";
import { gatewayIntroduction, gatewayOptionTable } from "../src/runtime/gateway-option-table.ts";
import { helpText } from "../src/runtime/option-help.ts";
import { generatedManifests } from "./manifests.ts";
import { admissionPolicy } from "./options/admission-policy.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const HEADER = "# Made from src/api by `npm run generate`. Do not edit.\n";

/** Every generated file by its path below the root. */
export async function generatedFiles(): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const [name, crd] of Object.entries(customResourceDefinitions())) {
    files.set(`crds/${name}`, HEADER + stringify(crd, { lineWidth: 120, indentSeq: false }));
  }
  files.set("docs/errors.md", reasonsPage());
  files.set("docs/options.md", optionsPage());
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { version: string };
  files.set("docs/openapi.json", `${JSON.stringify(openApiDocument(version), undefined, 2)}\n`);
  files.set(
    "manifests/admission/flink-configuration.yaml",
    admissionPolicy(new OptionCatalogue(optionTable())),
  );
  return files;
}

function reasonsPage(): string {
  const rows = Object.entries(REASONS).map(([reason, meaning]) => `| \`${reason}\` | ${meaning} |`);
  return `# Reasons

Made from \`src/api/reasons.ts\` by \`npm run generate\`. Do not edit.

A reason stands in \`status.trigger.reason\`, \`status.trigger.failure.reason\`, a FlinkSavepoint's \`status.reason\`, in the conditions and in events. Reasons are
API: programs may match them.

| reason | meaning, and what to do |
| --- | --- |
${rows.join("\n")}
`;
}

function optionsPage(): string {
  return `# Options

Made from \`src/runtime/option-table.ts\` and \`src/runtime/gateway-option-table.ts\` by \`npm run generate\`. Do not edit.

This is what \`operator.mjs --help\` prints. "In a cluster" means: in a pod, without a kubeconfig.

## The operator

\`\`\`text
${helpText().trimEnd()}
\`\`\`

## Options of the gateway

Made from \`src/runtime/gateway-option-table.ts\`. This is what \`flinkjob-gateway --help\` prints; the [gateway](gateway.md).

\`\`\`text
${helpText(gatewayOptionTable, gatewayIntroduction, "gateway").trimEnd()}
\`\`\`
`;
}

async function write(files: ReadonlyMap<string, string>): Promise<void> {
  for (const [path, text] of files) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
}

async function outdated(files: ReadonlyMap<string, string>): Promise<string[]> {
  const stale: string[] = [];
  for (const [path, text] of files) {
    const present = await readFile(join(root, path), "utf8").catch(() => undefined);
    if (present !== text) stale.push(path);
  }
  return stale;
}

const check = process.argv.includes("--check");
const files = await generatedFiles();
const staleFirst = check ? await outdated(files) : [];
if (!check) await write(files);
// The installation is made from the files above.
const manifests = await generatedManifests();
const stale = check ? [...staleFirst, ...(await outdated(manifests))] : [];
if (!check) await write(manifests);
for (const path of stale) process.stderr.write(`${path} is out of date: npm run generate\n`);
if (stale.length > 0) process.exit(1);
const written = [...files.keys(), ...manifests.keys()].join(", ");
process.stdout.write(check ? "Generated files are up to date\n" : `Wrote ${written}\n`);
