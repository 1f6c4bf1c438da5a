/** An option as one release of Flink declares it: a line of dev.flinkjob.options.PrintOptions. */
export interface DeclaredOption {
  readonly key: string;
  /** The class that declares it. */
  readonly owner: string;
  readonly field: string;
  /** String, Integer, Long, Float, Double, Boolean, Duration, MemorySize, Enum or Map. */
  readonly type: string;
  readonly list?: boolean;
  /** As a person would write it; absent where there is none. */
  readonly default?: string;
  /** Of an enumeration. */
  readonly values?: readonly string[];
  readonly deprecatedKeys?: readonly string[];
  readonly fallbackKeys?: readonly string[];
  /** The option itself is deprecated. */
  readonly deprecated?: boolean;
  /** It is the end of a key that begins like this, such as `metrics.reporter.<name>`. */
  readonly prefix?: string;
  readonly description: string;
  /** Classes that mention the option. */
  readonly readers?: readonly string[];
}
