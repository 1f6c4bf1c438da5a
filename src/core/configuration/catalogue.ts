import { isAtLeast, minorOf } from "./flink-version.ts";

/** What a run request can do with an option: a job's own, the cluster's, the submitting client's, or not to be touched. */
export type OptionScope = "job" | "cluster" | "client" | "dangerous";

export type OptionType =
  | "String"
  | "Integer"
  | "Long"
  | "Float"
  | "Double"
  | "Boolean"
  | "Duration"
  | "MemorySize"
  | "Enum"
  | "Map"
  /** Of a family of keys that Flink hands on: anything. */
  | "Any";

/** An option of Flink as one minor version has it. */
export interface FlinkOption {
  readonly key: string;
  readonly scope: OptionScope;
  readonly type: OptionType;
  readonly list: boolean;
  /** As a person would write it; empty where there is none. */
  readonly default: string;
  /** Other keys that Flink reads it from, in Flink's order; mostly former names. */
  readonly aliases: readonly string[];
  /** Of an Enum, as Flink compares them: in any case. */
  readonly values: readonly string[];
  /** Its first sentence. */
  readonly description: string;
}

/** The columns of the table that `npm run generate:options` makes; a row is an option as some versions have it. */
export const TABLE_COLUMNS = [
  "key",
  "versions",
  "scope",
  "type",
  "default",
  "aliases",
  "values",
  "description",
] as const;

interface Row {
  readonly versions: readonly string[];
  readonly option: FlinkOption;
}

const LIST = /^List<(\w+)>$/;
const NONE: readonly string[] = [];

/** Every option of every minor version of Flink that takes flinkConfiguration. */
export class OptionCatalogue {
  /** Oldest first. */
  readonly versions: readonly string[];
  readonly #rows: readonly Row[];
  readonly #ranges = new Map<string, readonly string[]>();
  readonly #byVersion = new Map<string, OptionsOfVersion>();

  /** `text`: a line of versions, then one tab-separated row each; lines that begin with # are comments. */
  constructor(text: string) {
    const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    this.versions = (lines[0] ?? "").split("\t");
    this.#rows = lines.slice(1).map((line) => this.#row(line));
  }

  /** The options of a release such as "1.20.5". A release newer than all that we know is looked at as the newest known. */
  of(release: string): OptionsOfVersion | undefined {
    const minor = minorOf(release);
    if (minor === undefined) return undefined;
    const newest = this.versions.at(-1);
    const isNewer = newest !== undefined && minor !== newest && isAtLeast(minor, newest);
    const version = isNewer ? newest : this.versions.find((each) => each === minor);
    if (version === undefined) return undefined;
    const name = isNewer ? minor : version;
    let options = this.#byVersion.get(name);
    if (!options) {
      const own = this.#rows.filter(({ versions }) => versions.includes(version)).map(({ option }) => option);
      options = new OptionsOfVersion(name, own, !isNewer, this);
      this.#byVersion.set(name, options);
    }
    return options;
  }

  /** The minor versions that know this key under any name, oldest first. */
  versionsWith(key: string): string[] {
    const having = this.#rows.filter(({ option }) => option.key === key || option.aliases.includes(key));
    return this.versions.filter((version) => having.some(({ versions }) => versions.includes(version)));
  }

  /** Today's keys of what was once set by this key, in any version. */
  successorsOf(key: string): string[] {
    const named = this.#rows.filter(({ option }) => option.aliases.includes(key));
    return [...new Set(named.map(({ option }) => option.key))];
  }

  #row(line: string): Row {
    const [
      key = "",
      versions = "",
      scope = "",
      type = "",
      standard = "",
      aliases = "",
      values = "",
      text = "",
    ] = line.split("\t");
    const element = LIST.exec(type)?.[1];
    return {
      versions: this.#range(versions),
      option: {
        key,
        scope: scope as OptionScope,
        type: (element ?? type) as OptionType,
        list: element !== undefined,
        default: standard,
        aliases: aliases === "" ? NONE : aliases.split(" "),
        values: values === "" ? NONE : values.split(" "),
        description: text,
      },
    };
  }

  /** "1.17-1.19,2.3": from, to and all between. */
  #range(text: string): readonly string[] {
    let range = this.#ranges.get(text);
    if (!range) {
      range = text.split(",").flatMap((part) => {
        const [from = "", to = from] = part.split("-");
        return this.versions.slice(this.versions.indexOf(from), this.versions.indexOf(to) + 1);
      });
      this.#ranges.set(text, range);
    }
    return range;
  }
}

/** Finds the options of a release of Flink such as "2.3.0". */
export type FindOptions = (flinkVersion: string) => OptionsOfVersion | undefined;

/** What a key stands for. */
export interface FoundOption {
  readonly option: FlinkOption;
  /** The key is the option's own name, a former name, or one entry below it (`pipeline.global-job-parameters.x`). */
  readonly as: "key" | "alias" | "entry";
}

/** The options of one minor version. */
export class OptionsOfVersion {
  readonly version: string;
  /** False for a version newer than the catalogue: what is not found may exist there. */
  readonly isComplete: boolean;
  readonly catalogue: OptionCatalogue;
  readonly #byKey = new Map<string, FlinkOption>();
  readonly #byAlias = new Map<string, FlinkOption>();
  #spellings: ReadonlyMap<string, string> | undefined;
  /** By the beginning of their keys, dot included: maps, and families such as `kubernetes.*`. */
  readonly #byPrefix = new Map<string, FlinkOption>();

  constructor(
    version: string,
    options: readonly FlinkOption[],
    isComplete: boolean,
    catalogue: OptionCatalogue,
  ) {
    this.version = version;
    this.isComplete = isComplete;
    this.catalogue = catalogue;
    for (const option of options) {
      if (option.key.endsWith(".*")) this.#byPrefix.set(option.key.slice(0, -1), option);
      else this.#byKey.set(option.key, option);
      for (const alias of option.aliases) this.#byAlias.set(alias, option);
      if (option.type === "Map") {
        for (const name of [option.key, ...option.aliases]) this.#byPrefix.set(`${name}.`, option);
      }
    }
  }

  find(key: string): FoundOption | undefined {
    // A former name that is still declared of its own is read by its successor all the same.
    const own = this.#byKey.get(key);
    if (own) return { option: own, as: "key" };
    const renamed = this.#byAlias.get(key);
    if (renamed) return { option: renamed, as: "alias" };
    for (let dot = key.lastIndexOf("."); dot > 0; dot = key.lastIndexOf(".", dot - 1)) {
      const option = this.#byPrefix.get(key.slice(0, dot + 1));
      if (option) return { option, as: "entry" };
    }
    return undefined;
  }

  /** Keys of which only the beginning is known, with a `*` at their end. */
  families(): FlinkOption[] {
    return [...this.#byPrefix.values()].filter(({ key }) => key.endsWith(".*"));
  }

  /** Every key that has a meaning, former names last. */
  names(): string[] {
    return [...this.#byKey.keys(), ...this.#byAlias.keys()];
  }

  /** The names by how they are compared; always with the same function. */
  spellings(plain: (name: string) => string): ReadonlyMap<string, string> {
    this.#spellings ??= new Map(this.names().map((name) => [plain(name), name]));
    return this.#spellings;
  }
}
