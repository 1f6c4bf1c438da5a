import type { OptionScope } from "../../src/core/configuration/catalogue.ts";
import type { DeclaredOption } from "./declared-option.ts";
import { type Family, families } from "./families.ts";
import { scopeOf } from "./scope.ts";

/** An option as one minor version has it, in the words of the table. */
export interface OptionRow {
  readonly key: string;
  readonly scope: OptionScope;
  readonly type: string;
  readonly default: string;
  readonly aliases: string;
  readonly values: string;
  readonly description: string;
}

/** Declared like options, but of connectors, catalogs, hints and operators: no key of Flink's configuration. */
const foreignOwners =
  /\.StreamConfig$|\.table\.(?!api\.config\.(Execution|Optimizer|Table|MaterializedTable)ConfigOptions$)/;

/** Ends of keys whose beginning a user chooses (`metrics.reporter.<name>.class`): families.ts has the beginnings. */
const keyEnds = /^(class|enabled|factory\.class|interval|filter\.\w+|scope\.(delimiter|variables\.\w+))$/;

const longestDescription = 160;

/** The rows of one minor version, by key. */
export function rowsOf(minor: string, declared: readonly DeclaredOption[]): OptionRow[] {
  const options = merged(declared.filter(isOfConfiguration));
  const renamed = new Set(options.flatMap(({ deprecatedKeys = [] }) => deprecatedKeys));
  const rows = options.filter(({ key }) => !renamed.has(key)).map(rowOf);
  const own = families.filter(({ since = minor, until = minor }) => isBetween(minor, since, until));
  return [...rows, ...own.map(familyRow)].sort((a, b) => (a.key < b.key ? -1 : 1));
}

function isOfConfiguration({ key, owner, prefix }: DeclaredOption): boolean {
  return (
    !foreignOwners.test(owner) &&
    prefix === undefined &&
    !/[<#]/.test(key) &&
    !key.startsWith("hidden.") &&
    !keyEnds.test(key)
  );
}

/** A key that several classes declare is one option: the declaration in use, and the readers of all. */
function merged(declared: readonly DeclaredOption[]): DeclaredOption[] {
  const byKey = new Map<string, DeclaredOption>();
  for (const option of declared) {
    const other = byKey.get(option.key);
    if (!other) {
      byKey.set(option.key, option);
      continue;
    }
    const [first, second] = rank(option) > rank(other) ? [option, other] : [other, option];
    const together = (a: readonly string[] = [], b: readonly string[] = []) => [...new Set([...a, ...b])];
    byKey.set(option.key, {
      ...first,
      readers: together(first.readers, second.readers),
      deprecatedKeys: together(first.deprecatedKeys, second.deprecatedKeys),
    });
  }
  return [...byKey.values()];
}

function rank({ deprecated, readers = [], owner }: DeclaredOption): number {
  return (
    (deprecated ? 0 : 1000) + readers.length + (owner.startsWith("org.apache.flink.configuration.") ? 100 : 0)
  );
}

function rowOf(option: DeclaredOption): OptionRow {
  const { key, type, list, values = [], deprecatedKeys = [], fallbackKeys = [] } = option;
  return {
    key,
    scope: scopeOf(option),
    type: list ? `List<${type}>` : type,
    default: escaped(option.default ?? ""),
    aliases: [...fallbackKeys, ...deprecatedKeys].join(" "),
    values: values.join(" "),
    description: firstSentence(option.description),
  };
}

function familyRow({ prefix, scope, description }: Family): OptionRow {
  return { key: `${prefix}*`, scope, type: "Any", default: "", aliases: "", values: "", description };
}

function escaped(text: string): string {
  return text.replace(/[\t\n\r]/g, " ");
}

/** Plain text of Flink's HTML, its first sentence, of a length that fits into a line. */
export function firstSentence(html: string): string {
  const text = html
    .replace(/<[^>]*>/g, " ")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&")
    .replace(/\s+/g, " ")
    .trim();
  const sentence = /^.{20,}?[.!?](?= [A-Z]|$)/.exec(text)?.[0] ?? text;
  return sentence.length <= longestDescription
    ? sentence
    : `${sentence.slice(0, longestDescription).replace(/\s+\S*$/, "")} ...`;
}

function isBetween(minor: string, since: string, until: string): boolean {
  const order = (version: string) => version.split(".").reduce((sum, part) => sum * 1000 + Number(part), 0);
  return order(minor) >= order(since) && order(minor) <= order(until);
}
