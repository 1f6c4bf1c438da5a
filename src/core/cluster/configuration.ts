import type { ConfigurationValue } from "../../api/run-request.ts";
import type { OptionsOfVersion } from "../configuration/catalogue.ts";
import { renderedValue } from "../configuration/layers.ts";
import {
  type ConfigurationReport,
  ignoredKey,
  invalidValue,
  isInternal,
  winnerOver,
} from "../configuration/merge.ts";
import { suggestionFor } from "../configuration/suggestion.ts";
import type { ClusterDesign } from "./design.ts";
import { ownerOf, ownOptions, standardOptions } from "./own-options.ts";

/** Each costs a walk over a thousand names; who misspells more has another problem. */
const MOST_SUGGESTIONS = 10;
/** Options of Flink's Kubernetes module, which is not among those that the catalogue was made from. */
const KUBERNETES_HA = "high-availability.kubernetes.";

export interface ClusterConfiguration {
  /** Every option of the cluster, sorted by key. */
  entries: Readonly<Record<string, string>>;
  report: ConfigurationReport;
}

/** The options of a deployed cluster: those that make it one are the operator's, then the user's, then what is usual. */
export function clusterConfiguration(design: ClusterDesign): ClusterConfiguration {
  const { spec, findOptions } = design;
  const own = Object.entries(spec.flinkConfiguration ?? {});
  // The catalogue costs memory: who sets nothing does without.
  const options = own.length > 0 ? findOptions?.(spec.flinkVersion) : undefined;
  const report: ConfigurationReport = { ignored: [], overridden: [], layered: [], invalid: [] };
  const texts = new Map(own.map(([key, value]) => [key, renderedValue(value as ConfigurationValue)]));
  const given = new Map<string, string>();
  for (const [key, text] of texts) {
    const by = ownerOf(plainKey(key, options), design) ?? ownerOf(key, design);
    const winner = by ?? (options && winnerOver(key, texts, options));
    if (winner !== undefined) report.overridden.push({ key, by: winner });
    else if (isTaken(key, options, report)) {
      given.set(key, text);
      const message = options && invalidValue(key, text, options, true);
      if (message !== undefined) report.invalid.push({ key, message });
    }
  }
  const set = new Set([...given.keys()].map((key) => plainKey(key, options)));
  const usual = Object.entries(standardOptions(design)).filter(([key]) => !set.has(key));
  const entries = Object.fromEntries(
    [...usual, ...given, ...Object.entries(ownOptions(design))].sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  for (const list of [report.ignored, report.overridden, report.invalid]) {
    list.sort((a, b) => (a.key < b.key ? -1 : 1));
  }
  return { entries, report };
}

/** Whether the cluster gets it. What Flink does not know it gets too, with a word about it: a plug-in may read it. */
function isTaken(key: string, options: OptionsOfVersion | undefined, report: ConfigurationReport): boolean {
  if (key.startsWith(KUBERNETES_HA)) return true;
  const ignored = ignoredKey(key, options);
  if (!ignored || ignored.reason === "ClusterOption") return true;
  if (ignored.reason === "UnknownOption" && options) {
    const unknown = report.ignored.filter(({ reason }) => reason === "UnknownOption").length;
    const suggestion = unknown < MOST_SUGGESTIONS ? suggestionFor(key, options) : undefined;
    if (suggestion !== undefined) ignored.suggestion = suggestion;
  }
  report.ignored.push(ignored);
  return (
    !isInternal(key) && (ignored.reason === "UnknownOption" || ignored.reason === "UnsupportedByVersion")
  );
}

/** The option's own name for any of its names. */
function plainKey(key: string, options: OptionsOfVersion | undefined): string {
  const found = options?.find(key);
  return found?.as === "alias" ? found.option.key : key;
}
