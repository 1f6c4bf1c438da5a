import fc from "fast-check";
import type { StructuralSchema } from "../../src/api/structural-schema.ts";

type Json = fc.Arbitrary<unknown>;

/** What people type where something else is expected: other notations, IDs that look like ours, addresses with too much. */
const misfitWords = `
  g1 g07 G7 g a.g7 g7.a a.b.g12 xg7 -a a- a..b 0 0s 5 5s 5S 1m30s 1.5h .5s 5.s 5sec 1e3s -5s 7d
  /abs/path file:/tmp/x s3://b/s?x s3:b s3://b/s#1 S3://b/-=@:, ./here 0123456789abcdef0123456789abcdef
  Main com.example.Main com..Main 1Main Main$Inner Größe a/b.jar x.jar .jar x.JAR x.jar.zip
  http://h https://h:8081/ http://[::1]:8081/p http://u:p@h http://h?q http://h#f ftp://h HTTP://h
  http://h/x.jar http://h/x.jar?s=a%2Fb&t=1 http://h/a@b.jar http://h/a?b?c http://h//x.jar h/x.jar
  CLAIM claim Cancel cancel stateless Resubmit savepoint true null 1 team-a team.a team_a Team
`
  .trim()
  .split(/\s+/);
const misfits = fc.constantFrom(...misfitWords);

/** Characters that a length or a pattern is easily wrong about: two UTF-16 units, combining, unpaired, line ends, look-alikes. */
const oddCharacters = [..."😀é\ud800\n\u2028\u0000１ a.-$%", "e\u0301"];

const anyJson: Json = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    0,
    -1,
    1.5,
    1e21,
    "",
    "1",
    [],
    {},
    [null],
    [""],
    { "": 0 },
    { a: {} },
  ),
  misfits,
  fc.jsonValue({ maxDepth: 2 }),
);

interface Bounds {
  pattern?: string;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  maxItems?: number;
  maxProperties?: number;
  required?: string[];
}
type Node = StructuralSchema & Bounds;

/** What a user who reads the documentation writes. */
export function right(schema: Node): Json {
  if (Array.isArray(schema.enum)) return fc.constantFrom(...schema.enum);
  switch (schema.type) {
    case "string":
      return rightStrings(schema);
    case "integer": {
      const { minimum = 0, maximum = Number.MAX_SAFE_INTEGER } = schema;
      return fc.oneof(fc.integer({ min: minimum, max: maximum }), fc.constantFrom(minimum, maximum));
    }
    case "boolean":
      return fc.boolean();
    case "array":
      return fc.array(right(schema.items ?? {}), { maxLength: 4 });
    case "object":
      // A pod template: what it is is looked at later.
      if (schema["x-kubernetes-preserve-unknown-fields"])
        return fc.dictionary(keys, fc.jsonValue({ maxDepth: 1 }));
      return schema.additionalProperties
        ? fc.dictionary(keys, right(schema.additionalProperties), { maxKeys: 4 })
        : rightObjects(schema);
    case undefined:
      if (schema["x-kubernetes-int-or-string"])
        return fc.oneof(rightStrings(schema), fc.integer({ min: schema.minimum ?? 0, max: 1_000 }));
      // flinkConfiguration's values
      return fc.oneof(rightStrings(schema), fc.boolean(), fc.integer(), finite, fc.constantFrom([], {}));
    default:
      throw new Error(`no arbitrary for the type ${schema.type}: add one`);
  }
}

/** The same with a slip in one place, which may turn out to be none. The rest is right, so that it hides nothing. */
export function slip(schema: Node): Json {
  const slips: fc.WeightedArbitrary<unknown>[] = [{ weight: 1, arbitrary: anyJson }];
  const add = (weight: number, arbitrary: Json) => slips.push({ weight, arbitrary });
  if (schema.type === "string" || Array.isArray(schema.enum)) add(1, misfits);
  if (!schema.enum && (schema.type === "string" || schema.type === undefined)) {
    add(2, stringsAtTheBound(schema));
    add(2, stringsWithOddCharacter(schema));
    // Those that the pattern lets through are left to the rules.
    const fitting = misfitWords.filter((word) => new RegExp(schema.pattern ?? "").test(word));
    if (fitting.length > 0) add(2, fc.constantFrom(...fitting));
  }
  if (schema.type === "integer") add(4, fc.constantFrom(...oddNumbers(schema)));
  if (schema.items) {
    const { items, maxItems = 4 } = schema;
    add(
      1,
      fc.tuple(fc.array(right(items), { maxLength: 3 }), slip(items)).map(([list, odd]) => [...list, odd]),
    );
    add(
      1,
      nearly(maxItems).map((length) => Array<string>(length).fill("x")),
    );
  }
  if (schema.additionalProperties) {
    const { additionalProperties, maxProperties = 4 } = schema;
    const entry = fc.tuple(fc.oneof(keys, oddKeys), slip(additionalProperties));
    const rest = fc.dictionary(keys, right(additionalProperties), { maxKeys: 3 });
    add(
      4,
      fc.tuple(rest, entry).map(([map, odd]) => Object.fromEntries([...Object.entries(map), odd])),
    );
    const numbered = (length: number) => Array.from({ length }, (_, n) => [`k${n}`, n]);
    add(
      1,
      nearly(maxProperties).map((length) => Object.fromEntries(numbered(length))),
    );
  }
  if (schema.properties) {
    const { properties } = schema;
    const members = Object.fromEntries(
      Object.entries(properties).map(([name, child]) => [name, right(child)]),
    );
    add(2, fc.record({ ...members, unknown: anyJson }, { requiredKeys: [] }));
    for (const [name, child] of Object.entries(properties)) {
      const pair = fc.tuple(rightObjects(schema), slip(child));
      add(
        leaves(child),
        pair.map(([object, odd]) => ({ ...(object as object), [name]: odd })),
      );
    }
  }
  return fc.oneof(...slips);
}

/** Whole specs as they arrive: what JSON cannot say (undefined, -0) is gone. */
export function specs(schema: StructuralSchema): fc.Arbitrary<unknown> {
  const either = fc.oneof({ weight: 1, arbitrary: right(schema) }, { weight: 4, arbitrary: slip(schema) });
  // What the rules across members say is left to chance in one of four.
  const often = fc.constantFrom(true, true, true, false);
  return fc.tuple(either, often).map(([spec, fits]) => {
    const whole = JSON.parse(JSON.stringify(spec)) as unknown;
    return fits ? fitting(whole) : whole;
  });
}

interface JobLike {
  cluster?: { perJob?: { mode?: unknown } | null } | null;
  jar?: { id?: unknown; local?: unknown } | null;
  plan?: unknown;
  trigger?: { jobId?: unknown } | null;
  flinkConfigurationFrom?: unknown;
  claimMode?: unknown;
}

/** A spec whose members go together as its CEL rules say; anything else as it is. */
function fitting(spec: unknown): unknown {
  if (!isMap(spec)) return spec;
  if ("perJob" in spec) return fittingTemplate(spec);
  if ("managed" in spec) return fittingManaged(spec);
  if (!("cluster" in spec)) return spec;
  const { plan, ...withJar } = spec as JobLike;
  if (plan !== undefined && "jar" in withJar) return fittingJob(withJar);
  return plan === undefined ? fittingJob(spec as JobLike) : fittingPlan(spec as JobLike);
}

/** A FlinkCluster with spec.perJob, if that can be. */
function fittingTemplate({ perJob, ...rest }: { managed?: unknown; perJob?: unknown }): unknown {
  const { managed } = rest;
  if (!isMap(managed)) return rest;
  const { application: _, ingress: __, mode: ___, ...session } = managed as Record<string, unknown>;
  return { managed: session, perJob };
}

/** One whose JobManager makes the TaskManagers' pods has neither a job of its own nor a number of them. */
function fittingManaged({ managed, ...rest }: { managed?: unknown }): unknown {
  if (!isMap(managed) || (managed as { mode?: unknown }).mode !== "native") return { managed, ...rest };
  const { application: _, taskManager, ...session } = managed as Record<string, unknown>;
  if (!isMap(taskManager)) return { managed: { ...session, taskManager }, ...rest };
  const { replicas: __, ...workers } = taskManager as Record<string, unknown>;
  return { managed: { ...session, taskManager: workers }, ...rest };
}

/** What the gateway makes of a plan. */
function fittingPlan(spec: JobLike): unknown {
  const { cluster, plan, trigger, ...rest } = spec;
  if (!isMap(cluster?.perJob) || !isMap(plan)) return spec;
  const others = [
    ...["entryClass", "args", "parallelism", "savepointPath", "allowNonRestoredState", "claimMode"],
    ...["flinkConfigurationFrom", "restartPolicy", "lostPolicy", "rollback"],
  ];
  const kept = Object.fromEntries(Object.entries(rest).filter(([name]) => !others.includes(name)));
  const jobId = /[0-9a-f]{32}/.exec(JSON.stringify(plan))?.[0] ?? "0".repeat(32);
  return {
    ...kept,
    cluster: { perJob: { ...cluster.perJob, mode: "session" } },
    plan,
    trigger: { ...(isMap(trigger) ? trigger : {}), jobId },
  };
}

function fittingJob(spec: JobLike): unknown {
  const { cluster, jar, trigger, flinkConfigurationFrom, claimMode, ...rest } = spec;
  if (!isMap(cluster) || !isMap(jar)) return spec;
  const perJob = isMap(cluster.perJob) ? cluster.perJob : undefined;
  const mode = perJob && (perJob.mode ?? "application");
  const unfit = perJob ? "id" in jar : "local" in jar;
  const other = mode === "application" ? { local: "/opt/flink/usrlib/a.jar" } : { uri: "https://a.b/c.jar" };
  const { jobId, ...ofTrigger } = isMap(trigger) ? trigger : {};
  const kept = perJob === undefined && jobId !== undefined ? { ...ofTrigger, jobId } : ofTrigger;
  return {
    ...rest,
    cluster,
    jar: unfit || (mode === "session" && "local" in jar) ? other : jar,
    ...(trigger === undefined ? {} : { trigger: isMap(trigger) ? kept : trigger }),
    ...(mode === "application" || flinkConfigurationFrom === undefined ? {} : { flinkConfigurationFrom }),
    ...(mode === "application" || claimMode === undefined ? {} : { claimMode }),
  };
}

function isMap<T>(value: T): value is T & object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** So that deep members get their share of slips. */
function leaves({ properties }: Node): number {
  return properties ? Object.values(properties).reduce((sum, child) => sum + leaves(child), 0) : 2;
}

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
const keys = fc.stringMatching(/^[a-z]{1,6}(\.[a-z-]{1,6}){0,2}$/);
const oddKeys = fc.constantFrom("", " ", "constructor", "toString", "😀", "a\nb");
const nearly = (bound: number) => fc.constantFrom(bound - 1, bound, bound + 1);

function oddNumbers({ minimum = 0, maximum = 2 ** 53 }: Node): number[] {
  const beside = [minimum - 1, minimum - 0.5, maximum + 0.5, maximum + 1, -minimum];
  return [...beside, minimum, maximum, 0, 2 ** 31, 2 ** 32, 2 ** 63, 1e21, -1e21, 1e300];
}

function rightStrings({ pattern, maxLength = 100 }: Node): fc.Arbitrary<string> {
  if (pattern === undefined) return fc.string({ maxLength: 12, unit: "grapheme" });
  return fc.stringMatching(new RegExp(pattern)).filter((text) => text.length <= maxLength);
}

/** One character more or less than allowed, or just as many: the middle grows, for patterns ask something of both ends. */
function stringsAtTheBound(schema: Node): Json {
  const parts = fc.tuple(rightStrings(schema), fc.nat(), nearly(schema.maxLength ?? 100));
  return fc.tuple(parts, fc.constantFrom("", "", ...oddCharacters)).map(([[text, at, length], odd]) => {
    const characters = [...text];
    const filler = odd || characters[at % Math.max(1, characters.length)] || "a";
    const middle = Math.ceil(characters.length / 2);
    const growth = filler.repeat(Math.max(0, length - characters.length));
    return characters.slice(0, middle).join("") + growth + characters.slice(middle).join("");
  });
}

function stringsWithOddCharacter(schema: Node): Json {
  const parts = fc.tuple(
    rightStrings(schema),
    fc.nat(),
    fc.constantFrom(...oddCharacters),
    fc.constantFrom(0, 1),
  );
  return parts.map(([text, at, odd, replaced]) => {
    const characters = [...text];
    characters.splice(at % (characters.length + 1), replaced, odd);
    return characters.join("");
  });
}

function rightObjects(schema: Node): Json {
  const { exclusive, companions, twins, rivals, only } = rulesOf(schema);
  const members = Object.entries(schema.properties ?? {}).map(
    ([name, child]) => [name, name in only ? fc.constant(only[name]) : right(child)] as const,
  );
  const choices = (exclusive.length > 0 ? exclusive : [undefined]).map((chosen) => {
    const mine = members.filter(
      ([name]) => name === chosen || !(exclusive.includes(name) || (companions[name] ?? chosen) !== chosen),
    );
    const withChosen = Object.keys(twins).filter((name) => twins[name] === chosen);
    const requiredKeys = chosen === undefined ? (schema.required ?? []) : [chosen, ...withChosen];
    return fc
      .record(Object.fromEntries(mine), { requiredKeys })
      .map((object) => withoutRivals(object, rivals));
  });
  return fc.oneof(...choices);
}

function withoutRivals(object: object, rivals: Record<string, string[]>): object {
  const gone = Object.entries(rivals).flatMap(([name, others]) => (name in object ? others : []));
  return Object.fromEntries(Object.entries(object).filter(([name]) => !gone.includes(name)));
}

interface Rules {
  /** The members of which exactly one is needed. */
  exclusive: string[];
  /** Who goes only with whom. */
  companions: Record<string, string>;
  /** Those of them that must be there with the other. */
  twins: Record<string, string>;
  /** Who goes without whom. */
  rivals: Record<string, string[]>;
  /** Who can have one value alone. */
  only: Record<string, string>;
}

/** What an object's CEL rules say. */
function rulesOf(schema: Node): Rules {
  const rules = ((schema["x-kubernetes-validations"] ?? []) as { rule: string }[]).map(({ rule }) => rule);
  const exclusive = rules.filter((rule) => rule.includes("exists_one")).join();
  const pairs = rules.flatMap((rule) => [...rule.matchAll(/^!has\(self\.(\w+)\) \|\| has\(self\.(\w+)\)$/g)]);
  const same = rules.flatMap((rule) => [...rule.matchAll(/^has\(self\.(\w+)\) == has\(self\.(\w+)\)$/g)]);
  const twins = Object.fromEntries(same.map(([, name, other]) => [name ?? "", other ?? ""]));
  const single = rules.flatMap((rule) => [
    ...rule.matchAll(/^!has\(self\.(\w+)\) \|\| self\.(\w+) == '(\w+)'$/g),
  ]);
  return {
    twins,
    only: Object.fromEntries(single.map(([, name, , value]) => [name ?? "", value ?? ""])),
    exclusive: [...exclusive.matchAll(/has\(self\.(\w+)\)/g)].map(([, name]) => name ?? ""),
    rivals: Object.fromEntries(
      rules.flatMap((rule) => {
        const [, name, others = ""] = /^!has\(self\.(\w+)\) \|\| !\((.*)\)$/.exec(rule) ?? [];
        const names = [...others.matchAll(/has\(self\.(\w+)\)/g)].map(([, other]) => other ?? "");
        return name === undefined ? [] : [[name, names]];
      }),
    ),
    companions: {
      ...Object.fromEntries(pairs.map(([, name, other]) => [name ?? "", other ?? ""])),
      ...twins,
    },
  };
}
