import type { ConfigurationValue } from "../../api/run-request.ts";
import type { FlinkOption, OptionsOfVersion } from "./catalogue.ts";
import { layered, type SourcedOption } from "./layers.ts";
import { fieldsInMap, type RunFields } from "./run-fields.ts";
import { isSensitive } from "./sensitive.ts";
import { suggestionFor } from "./suggestion.ts";
import { problemWith } from "./values.ts";

/** Each costs a walk over a thousand names; who misspells more has another problem. */
const MOST_SUGGESTIONS = 10;

/** Why a key of flinkConfiguration has no effect on the job. */
export type IgnoredReason =
  /** Settled when the cluster starts. */
  | "ClusterOption"
  /** Of the process that submits, which is Flink itself here. */
  | "ClientOption"
  /** No option of any version of Flink; only the job's own code could read it. */
  | "UnknownOption"
  /** An option of other versions of Flink. */
  | "UnsupportedByVersion"
  /** Would take the job's identity or its submission out of the operator's hands: it is not sent. */
  | "DangerousOption"
  /** Of a Secret, and Flink or the status would tell its value: it is not sent. */
  | "ShownOption";

export interface IgnoredKey {
  key: string;
  reason: IgnoredReason;
  /** The key that was probably meant. */
  suggestion?: string | undefined;
}

export interface OverriddenKey {
  key: string;
  /** A field of the spec, or another key of the map. */
  by: string;
}

export interface InvalidValue {
  key: string;
  /** What the value must be; the value itself only where it can be no secret. */
  message: string;
}

/** What became of the keys of flinkConfiguration, each list in the order of the keys. */
export interface ConfigurationReport {
  ignored: IgnoredKey[];
  overridden: OverriddenKey[];
  /** Keys of flinkConfigurationFrom that a stronger layer sets: what layers are for. */
  layered: OverriddenKey[];
  invalid: InvalidValue[];
}

export interface MergedConfiguration {
  /** The spec's fields, and what the map says of those that are unset. */
  fields: RunFields;
  /** What goes out as flinkConfiguration. */
  configuration: Record<string, string>;
  report: ConfigurationReport;
}

/**
 * One run request of a spec's fields and its map, by the precedence user code > fields > map > `sourced` (what
 * flinkConfigurationFrom brings) > cluster. Without a catalogue (`options`) keys and values go out unexamined. Options that
 * are not a job's are not sent: Flink submits with the same map, and some of them break that
 * (security.ssl.internal.enabled). What Flink does not know is sent: the job's own code may read it.
 */
export function mergeConfiguration(
  own: RunFields,
  map: Readonly<Record<string, ConfigurationValue>>,
  options?: OptionsOfVersion,
  sourced: readonly SourcedOption[] = [],
): MergedConfiguration {
  const layers = layered(map, sourced, options);
  const { texts } = layers;
  const found = fieldsInMap(own, texts);
  const report: ConfigurationReport = {
    ignored: layers.shown.map((key) => ({ key, reason: "ShownOption" })),
    overridden: [...found.overridden],
    layered: [...layers.lost],
    invalid: [...found.invalid],
  };
  const sent: [key: string, text: string][] = [];
  let unknown = 0;
  for (const [key, text] of texts) {
    if (found.taken.has(key)) continue;
    const by = options && winnerOver(key, texts, options);
    if (by !== undefined) report.overridden.push({ key, by });
    const ignored = ignoredKey(key, options);
    if (ignored?.reason === "UnknownOption" && options && ++unknown <= MOST_SUGGESTIONS) {
      const suggestion = suggestionFor(key, options);
      if (suggestion !== undefined) ignored.suggestion = suggestion;
    }
    if (ignored) report.ignored.push(ignored);
    if (isInternal(key) || (ignored && !mayBeRead(key, options))) continue;
    const message = options && invalidValue(key, text, options, !layers.sourced.has(key));
    const isRead = !ignored && by === undefined;
    if (message !== undefined && isRead) report.invalid.push({ key, message });
    // Flink may trip over a value that it does not use in the end.
    if (message === undefined || isRead) sent.push([key, text]);
  }
  for (const list of [report.ignored, report.overridden, report.layered, report.invalid]) {
    list.sort((a, b) => (a.key < b.key ? -1 : 1));
  }
  // Not entry by entry: an assignment to __proto__ makes no key.
  return { fields: { ...defined(own), ...found.fields }, configuration: Object.fromEntries(sent), report };
}

/** The same option may stand in the map under several names: Flink reads its key first, then former names in order. */
export function winnerOver(
  key: string,
  texts: ReadonlyMap<string, string>,
  options: OptionsOfVersion,
): string | undefined {
  const found = options.find(key);
  if (found?.as !== "alias") return undefined;
  const { option } = found;
  const winner = [option.key, ...option.aliases].find((name) => texts.has(name));
  return winner === key ? undefined : winner;
}

export function ignoredKey(key: string, options: OptionsOfVersion | undefined): IgnoredKey | undefined {
  if (isInternal(key)) return { key, reason: "DangerousOption" };
  if (!options) return undefined;
  const found = options.find(key);
  if (found) return outOfScope(key, found.option);
  if (!options.isComplete) return undefined;
  const { catalogue, version } = options;
  if (catalogue.versionsWith(key).length > 0) {
    const successor = catalogue
      .successorsOf(key)
      .find((name) => catalogue.versionsWith(name).includes(version));
    return { key, reason: "UnsupportedByVersion", ...(successor !== undefined && { suggestion: successor }) };
  }
  return { key, reason: "UnknownOption" };
}

function outOfScope(key: string, { scope }: FlinkOption): IgnoredKey | undefined {
  switch (scope) {
    case "job":
      return undefined;
    case "cluster":
      return { key, reason: "ClusterOption" };
    case "client":
      return { key, reason: "ClientOption" };
    case "dangerous":
      return { key, reason: "DangerousOption" };
  }
}

export function invalidValue(
  key: string,
  text: string,
  options: OptionsOfVersion,
  mayBeShown: boolean,
): string | undefined {
  const found = options.find(key);
  if (!found || found.as === "entry") return undefined;
  const problem = problemWith(found.option, text);
  if (problem === undefined) return undefined;
  return `${mayBeShown ? shown(key, text, found.option) : "its value"} ${problem}`;
}

/** Values of numbers, durations and the like may be shown: they hold no secrets, unless somebody mistook the key. */
function shown(key: string, text: string, { type, list }: FlinkOption): string {
  const isPlain = !list && type !== "String" && type !== "Map" && /^[\w .+-]{1,32}$/.test(text);
  return isPlain && !isSensitive(key) ? `"${text}"` : "its value";
}

/** Nothing in Flink looks at it: it is unknown, or of a family of keys that somebody else reads. */
function mayBeRead(key: string, options: OptionsOfVersion | undefined): boolean {
  const found = options?.find(key);
  return !found || found.option.type === "Any";
}

/** Flink's own, whatever the version: they decide on JobIDs and on how a cluster runs. */
export function isInternal(key: string): boolean {
  return key.startsWith("$internal.");
}

function defined(fields: RunFields): RunFields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
