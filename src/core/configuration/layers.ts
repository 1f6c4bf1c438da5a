import type { ConfigurationValue } from "../../api/run-request.ts";
import type { OptionsOfVersion } from "./catalogue.ts";
import type { Confidential } from "./confidential.ts";
import { fieldNamed } from "./run-fields.ts";

/** An option out of a Secret or ConfigMap of `spec.flinkConfigurationFrom`. */
export interface SourcedOption {
  readonly key: string;
  readonly value: Confidential;
  /** The entry of the list, from 0. */
  readonly entry: number;
  readonly isSecret: boolean;
}

export interface LayeredConfiguration {
  /** What counts, by key, as Flink is told it. */
  readonly texts: ReadonlyMap<string, string>;
  /** Keys whose values come from elsewhere, and are not shown. */
  readonly sourced: ReadonlySet<string>;
  /** Keys of lower layers that a higher one sets, under whichever name. */
  readonly lost: readonly { key: string; by: string }[];
  /** Keys of Secrets whose values could not stay secret. */
  readonly shown: readonly string[];
}

interface Layer {
  readonly name: string;
  readonly options: readonly (readonly [key: string, text: string])[];
}

/** Flink tells them to everybody, and the status does where it says what a job is called or where its state is. */
const SHOWN = new Set([
  "pipeline.name",
  ...["execution.checkpointing.dir", "state.checkpoints.dir"],
  ...["execution.checkpointing.savepoint-dir", "state.savepoints.dir"],
]);

/**
 * One map of `spec.flinkConfiguration` and what `spec.flinkConfigurationFrom` brings, as a container's env and envFrom: the
 * spec's own entries win, then a later entry of the list over an earlier one. Two names of one option are the same option.
 */
export function layered(
  map: Readonly<Record<string, ConfigurationValue>>,
  sourced: readonly SourcedOption[],
  options: OptionsOfVersion | undefined,
): LayeredConfiguration {
  const own = Object.entries(map).map(([key, value]) => [key, renderedValue(value)] as const);
  if (sourced.length === 0) return { texts: new Map(own), sourced: new Set(), lost: [], shown: [] };
  const isShown = ({ key, isSecret }: SourcedOption) => isSecret && isToldAnyway(key, options);
  const texts = new Map<string, string>();
  const lost: { key: string; by: string }[] = [];
  /** Which layer has set an option, by the one name of it. */
  const setBy = new Map<string, string>();
  for (const { name, options: entries } of layers(
    own,
    sourced.filter((option) => !isShown(option)),
  )) {
    const before = new Map(setBy);
    for (const [key, text] of entries) {
      const one = oneName(key, options);
      const by = before.get(one);
      setBy.set(one, by ?? name);
      if (by === undefined) texts.set(key, text);
      else lost.push({ key, by });
    }
  }
  const ownKeys = new Set(own.map(([key]) => key));
  return {
    texts,
    sourced: new Set([...texts.keys()].filter((key) => !ownKeys.has(key))),
    // Beaten twice is told once: the winner is the same.
    lost: [...new Map(lost.map((entry) => [entry.key, entry])).values()],
    shown: [...new Set(sourced.filter(isShown).map(({ key }) => key))],
  };
}

/** The strongest first. */
function layers(own: Layer["options"], sourced: readonly SourcedOption[]): Layer[] {
  const entries = [...new Set(sourced.map(({ entry }) => entry))].sort((a, b) => b - a);
  return [
    { name: "spec.flinkConfiguration", options: own },
    ...entries.map((entry) => ({
      name: `spec.flinkConfigurationFrom[${entry}]`,
      options: sourced
        .filter((option) => option.entry === entry)
        .map(({ key, value }) => [key, value.reveal()] as const),
    })),
  ];
}

/** Names of one option are one; an entry of a map is itself. */
function oneName(key: string, options: OptionsOfVersion | undefined): string {
  const field = fieldNamed(key);
  if (field !== undefined) return `spec.${field}`;
  const found = options?.find(key);
  return found && found.as !== "entry" ? found.option.key : key;
}

function isToldAnyway(key: string, options: OptionsOfVersion | undefined): boolean {
  return fieldNamed(key) !== undefined || SHOWN.has(key) || SHOWN.has(oneName(key, options));
}

export function renderedValue(value: ConfigurationValue): string {
  return typeof value === "object" ? "" : String(value);
}
