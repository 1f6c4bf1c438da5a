import { flagOf, type OptionDefinition, optionTable, variableOf } from "./option-table.ts";

const width = 100;
const column = 34;

const introduction = `Usage: flinkjob-operator [flags]

Submits the Flink jobs that FlinkJob resources describe, each of them exactly once, and keeps their status true.

Every flag can be given as an environment variable too (in brackets); the flag wins.
Durations are written like 500ms, 5s, 1m30s or 2h.`;

/** The text of `--help`, made from the same table that the flags are read by. */
export function helpText(
  table: Readonly<Record<string, OptionDefinition<unknown>>> = optionTable,
  first = introduction,
  program = "operator",
): string {
  const entries = Object.entries(table);
  const groups = new Map<string, string[]>();
  for (const [name, definition] of entries) {
    const lines = groups.get(definition.group) ?? [];
    groups.set(definition.group, lines);
    lines.push(describe(name, definition));
  }
  groups.set("Other", [
    row("    --help", "Print this text."),
    row("    --version", `Print the version of the ${program} and of Node.`),
  ]);
  const sections = [...groups].map(([group, lines]) => `${group}:\n${lines.join("\n")}`);
  return `${[first, ...sections].join("\n\n")}\n`;
}

function describe(name: string, definition: OptionDefinition<unknown>): string {
  const value = definition.placeholder === undefined ? "" : ` ${definition.placeholder}`;
  const facts = [definition.description, defaultOf(definition), `[${variableOf(name)}]`];
  return row(`    ${flagOf(name)}${value}`, facts.filter((fact) => fact !== "").join(" "));
}

function defaultOf(definition: OptionDefinition<unknown>): string {
  if (definition.default === undefined) return "";
  if (definition.defaultInCluster === undefined) return `Default: ${definition.default}.`;
  return `Default: ${definition.defaultInCluster} in a cluster, ${definition.default} elsewhere.`;
}

/** A flag and its description in two columns, the second one wrapped at words. */
function row(flag: string, description: string): string {
  const lines: string[] = [];
  let line = "";
  for (const word of description.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width - column) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  lines.push(line);
  // A flag that is too long for its column has a line of its own.
  const tall = flag.length >= column;
  const text = lines
    .map((part, index) => (index === 0 && !tall ? flag : "").padEnd(column) + part)
    .join("\n");
  return tall ? `${flag}\n${text}` : text;
}
