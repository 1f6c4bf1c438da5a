import type { OptionsOfVersion } from "./catalogue.ts";
import { isAtLeast } from "./flink-version.ts";
import type { OverriddenKey } from "./merge.ts";
import type { ShownCheckpoints, ShownConfiguration } from "./shown-configuration.ts";
import { durationMs } from "./values.ts";

/** What an overridden key's `by` says where the job's own code has set something else. */
export const USER_CODE = "user code";

/** What was sent: the parallelism if somebody asked for one, and the map. */
export interface SentConfiguration {
  parallelism: number | undefined;
  configuration: Readonly<Record<string, string>>;
}

type Comparison =
  /** Whether the job runs with what was sent; undefined: that cannot be said. */
  (text: string, shown: ShownConfiguration, flinkVersion: string) => boolean | undefined;

/** By the option's key of today, or of those versions that had another. */
const COMPARISONS: Readonly<Record<string, Comparison>> = {
  "parallelism.default": (text, { parallelism }) => same(Number(text), parallelism),
  "pipeline.name": (text, { name }) => same(text, name),
  "pipeline.object-reuse": (text, { objectReuse }) => same(text.toLowerCase() === "true", objectReuse),
  "restart-strategy.type": (text, { restartStrategy }, version) =>
    // Before 2.0 it is shown only where the code has set it, and then without saying so.
    isAtLeast(version, "2.0") ? nameOf(text, RESTART_STRATEGIES, restartStrategy) : undefined,
  "execution.checkpointing.interval": (text, { checkpoints }) => {
    const sent = durationMs(text);
    return checkpoints && sent !== undefined && sent > 0 ? sent === checkpoints.interval : undefined;
  },
  "execution.checkpointing.timeout": periodic((text, { timeout }) => same(durationMs(text), timeout)),
  "execution.checkpointing.min-pause": periodic((text, { minPause }) => same(durationMs(text), minPause)),
  "execution.checkpointing.mode": periodic((text, { mode }) => same(text.toUpperCase(), mode?.toUpperCase())),
  "execution.checkpointing.max-concurrent-checkpoints": periodic((text, { maxConcurrent }) =>
    same(Number(text), maxConcurrent),
  ),
  "execution.checkpointing.tolerable-failed-checkpoints": periodic((text, { tolerableFailures }) =>
    same(Number(text), tolerableFailures),
  ),
  "execution.checkpointing.externalized-checkpoint-retention": periodic((text, { retained }) => {
    const [onFailure, onCancel] = RETENTIONS[text.toUpperCase()] ?? [];
    return same(onFailure, retained?.onFailure) && same(onCancel, retained?.onCancel);
  }),
  "state.backend.type": periodic((text, { stateBackend }) => nameOf(text, STATE_BACKENDS, stateBackend)),
  "execution.checkpointing.storage": periodic((text, { storage }) => nameOf(text, STORAGES, storage)),
  "state.checkpoint-storage": periodic((text, { storage }) => nameOf(text, STORAGES, storage)),
};

const RETENTIONS: Readonly<Record<string, readonly [onFailure: boolean, onCancel: boolean]>> = {
  NO_EXTERNALIZED_CHECKPOINTS: [false, false],
  DELETE_ON_CANCELLATION: [true, false],
  RETAIN_ON_CANCELLATION: [true, true],
};
/** How a name in the configuration is shown. A class of somebody's own is in none of these. */
const STATE_BACKENDS: Names = {
  hashmap: "HashMapStateBackend",
  rocksdb: "EmbeddedRocksDBStateBackend",
  forst: "ForStStateBackend",
};
const STORAGES: Names = {
  filesystem: "FileSystemCheckpointStorage",
  jobmanager: "JobManagerCheckpointStorage",
};
const RESTART_STRATEGIES: Names = {
  ...{ none: "Restart deactivated", disable: "Restart deactivated", off: "Restart deactivated" },
  ...{ "fixed-delay": "Restart with fixed delay", fixeddelay: "Restart with fixed delay" },
  ...{ "failure-rate": "Failure rate restart", failurerate: "Failure rate restart" },
  ...{
    "exponential-delay": "Restart with exponential delay",
    exponentialdelay: "Restart with exponential delay",
  },
};

type Names = Readonly<Record<string, string>>;

/** Whether it is worth asking Flink about a job that this was sent for. */
export function isShownByFlink(sent: SentConfiguration, options: OptionsOfVersion): boolean {
  return compared(sent, options).length > 0;
}

/** Keys of what was sent that the job's own code has overridden, as far as Flink shows it. */
export function overriddenByCode(
  sent: SentConfiguration,
  shown: ShownConfiguration,
  options: OptionsOfVersion,
): OverriddenKey[] {
  return compared(sent, options)
    .filter(({ text, comparison }) => comparison(text, shown, options.version) === false)
    .map(({ key }) => ({ key, by: USER_CODE }));
}

function compared({ parallelism, configuration }: SentConfiguration, options: OptionsOfVersion) {
  const entries: (readonly [key: string, text: string])[] = Object.entries(configuration);
  if (parallelism !== undefined) entries.push(["parallelism.default", String(parallelism)]);
  const keys = new Set(entries.map(([key]) => key));
  return entries.flatMap(([key, text]) => {
    const option = options.find(key)?.option;
    const comparison = option && Object.hasOwn(COMPARISONS, option.key) ? COMPARISONS[option.key] : undefined;
    // Under two of its names the first counts, and the other is told of already.
    const first = option && [option.key, ...option.aliases].find((name) => keys.has(name));
    return comparison && first === key ? [{ key, text, comparison }] : [];
  });
}

/** Where periodic checkpoints are off, Flink shows what goes with that. */
function periodic(compare: (text: string, shown: ShownCheckpoints) => boolean | undefined): Comparison {
  return (text, { checkpoints }) =>
    checkpoints?.interval === undefined ? undefined : compare(text, checkpoints);
}

function same<T>(sent: T | undefined, shown: T | undefined): boolean | undefined {
  return sent === undefined || shown === undefined ? undefined : sent === shown;
}

function nameOf(text: string, names: Names, shown: string | undefined): boolean | undefined {
  const isKnown = shown !== undefined && Object.values(names).some((name) => shown.startsWith(name));
  const name = Object.hasOwn(names, text.toLowerCase()) ? names[text.toLowerCase()] : undefined;
  return name !== undefined && isKnown ? shown.startsWith(name) : undefined;
}
