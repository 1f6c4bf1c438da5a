import type { FlinkJobSpec } from "../../api/flinkjob.ts";

/** The fields of a spec that Flink also knows by keys of its configuration. */
export interface RunFields {
  entryClass?: string | undefined;
  args?: string[] | undefined;
  parallelism?: number | undefined;
  savepointPath?: string | undefined;
  allowNonRestoredState?: boolean | undefined;
  claimMode?: FlinkJobSpec["claimMode"];
}
export type RunField = keyof RunFields;

interface FieldNames {
  readonly field: RunField;
  /** In the map: today's key, former keys, then the run request's own name for it. The first that is there counts. */
  readonly names: readonly string[];
  /** The field's value of a text; undefined where the text is none. */
  readonly read: (text: string) => RunFields | undefined;
  /** What a text must be. */
  readonly must: string;
}

const CLAIM_MODES = ["CLAIM", "NO_CLAIM", "LEGACY"] as const;

const FIELDS: readonly FieldNames[] = [
  {
    field: "entryClass",
    names: ["entryClass"],
    read: (entryClass) => (entryClass === "" ? undefined : { entryClass }),
    must: "must be the name of a class",
  },
  {
    // The text form would have to be split into words, and Flink 2.0 gave that up: only the list is a list.
    field: "args",
    names: ["programArgsList", "programArgs", "args"],
    read: () => undefined,
    must: "belongs into the field args",
  },
  {
    field: "parallelism",
    names: ["parallelism.default", "parallelism"],
    read: (text) => (isParallelism(text) ? { parallelism: Number(text) } : undefined),
    must: "must be a whole number from 1 to 32768",
  },
  {
    field: "savepointPath",
    names: ["execution.state-recovery.path", "execution.savepoint.path", "savepointPath"],
    read: (savepointPath) => (savepointPath === "" ? {} : { savepointPath }),
    must: "must be a path",
  },
  {
    field: "allowNonRestoredState",
    names: [
      "execution.state-recovery.ignore-unclaimed-state",
      "execution.savepoint.ignore-unclaimed-state",
      "allowNonRestoredState",
    ],
    read: (text) =>
      /^(true|false)$/i.test(text) ? { allowNonRestoredState: text.toLowerCase() === "true" } : undefined,
    must: "must be true or false",
  },
  {
    field: "claimMode",
    names: [
      "execution.state-recovery.claim-mode",
      "execution.savepoint-restore-mode",
      "claimMode",
      "restoreMode",
    ],
    read: (text) => {
      const claimMode = CLAIM_MODES.find((mode) => mode === text.toUpperCase());
      return claimMode === undefined ? undefined : { claimMode };
    },
    must: `must be one of ${CLAIM_MODES.join(", ")}`,
  },
];

/** The field of the spec that a key of the map stands for. */
export function fieldNamed(key: string): RunField | undefined {
  return FIELDS.find(({ names }) => names.includes(key))?.field;
}

export interface FieldsInMap {
  /** What the map says where the spec's own field says nothing. */
  readonly fields: RunFields;
  /** Names of fields in the map: they never go out as configuration. */
  readonly taken: ReadonlySet<string>;
  readonly overridden: readonly { key: string; by: string }[];
  readonly invalid: readonly { key: string; message: string }[];
}

/** Finds the spec's fields in the map, under every name that Flink has for them. The spec's own field wins. */
export function fieldsInMap(own: RunFields, map: ReadonlyMap<string, string>): FieldsInMap {
  const fields: RunFields = {};
  const taken = new Set<string>();
  const overridden: { key: string; by: string }[] = [];
  const invalid: { key: string; message: string }[] = [];
  for (const { field, names, read, must } of FIELDS) {
    const present = names.filter((name) => map.has(name));
    const given = own[field] !== undefined;
    const [winner] = present;
    for (const key of present) {
      taken.add(key);
      const by = given ? `spec.${field}` : winner;
      // Saying the same thing twice is no conflict.
      const same = given && read(map.get(key) ?? "")?.[field] === own[field];
      if (by !== undefined && by !== key && !same) overridden.push({ key, by });
    }
    if (given || winner === undefined) continue;
    const value = read(map.get(winner) ?? "");
    if (value) Object.assign(fields, value);
    else invalid.push({ key: winner, message: must });
  }
  return { fields, taken, overridden, invalid };
}

function isParallelism(text: string): boolean {
  return /^\+?\d{1,6}$/.test(text) && Number(text) >= 1 && Number(text) <= 32768;
}
