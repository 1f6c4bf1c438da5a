import { stringify } from "yaml";
import { GROUP, VERSION } from "../../src/api/group.ts";
import type { OptionCatalogue, OptionScope } from "../../src/core/configuration/catalogue.ts";

const NAME = `flink-configuration.${GROUP}`;
/** A beginning of keys stands for all of them only where it saves this many. */
const FEWEST = 3;
/** So many exceptions are worth it. */
const MOST_EXCEPTIONS = 4;

/** Keys told by how they begin, by their whole names, and those that begin so and are none of them. */
export interface KeySet {
  readonly prefixes: readonly string[];
  readonly keys: readonly string[];
  readonly exceptions: readonly string[];
}

/**
 * A policy for the API server that warns of keys without effect when a FlinkJob is applied. It knows neither the cluster
 * nor its version: only what has no effect in any of them is told, and misspelt keys are left to the operator.
 */
export function admissionPolicy(catalogue: OptionCatalogue): string {
  const scopes = scopesByName(catalogue);
  const cluster = keySet(scopes, (scope) => scope === "cluster" || scope === "client");
  const dangerous = keySet(scopes, (scope) => scope === "dangerous");
  const policy = {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingAdmissionPolicy",
    metadata: { name: NAME },
    spec: {
      // It advises. A FlinkJob is never kept out because the advice cannot be given.
      failurePolicy: "Ignore",
      matchConstraints: {
        resourceRules: [
          {
            apiGroups: [GROUP],
            apiVersions: [VERSION],
            operations: ["CREATE", "UPDATE"],
            resources: ["flinkjobs"],
          },
        ],
      },
      matchConditions: [{ name: "has-a-map", expression: "has(object.spec.flinkConfiguration)" }],
      variables: [variable("cluster", cluster), variable("dangerous", dangerous)],
      validations: [
        validation(
          "cluster",
          "settled when the cluster starts, or of a client: without effect in a FlinkJob",
        ),
        validation("dangerous", "decides on the job's identity or its submission, so it is not sent"),
      ],
    },
  };
  const binding = {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingAdmissionPolicyBinding",
    metadata: { name: NAME },
    spec: { policyName: NAME, validationActions: ["Warn"] },
  };
  const header =
    "# Warns of keys in spec.flinkConfiguration that have no effect, when a FlinkJob is applied. Optional; Kubernetes 1.30 and newer.\n" +
    "# Made from the catalogue of Flink's options by `npm run generate`. Do not edit.\n";
  return header + [policy, binding].map((object) => `---\n${stringify(object, { lineWidth: 0 })}`).join("");
}

/** For every name of every option, in which scopes the versions have it. */
function scopesByName(catalogue: OptionCatalogue): Map<string, Set<OptionScope>> {
  const scopes = new Map<string, Set<OptionScope>>();
  for (const version of catalogue.versions) {
    const options = catalogue.of(`${version}.0`);
    for (const name of options?.names() ?? []) {
      const scope = options?.find(name)?.option.scope;
      if (scope) scopes.set(name, (scopes.get(name) ?? new Set()).add(scope));
    }
    for (const { key, scope } of options?.families() ?? []) {
      scopes.set(`${key.slice(0, -1)}*`, new Set([scope]));
    }
  }
  return scopes;
}

/** The fewest beginnings and keys that tell the names which are wanted in every version from all others. */
export function keySet(
  scopes: ReadonlyMap<string, ReadonlySet<OptionScope>>,
  isWanted: (scope: OptionScope) => boolean,
): KeySet {
  const wanted = new Set<string>();
  const others: string[] = [];
  for (const [name, found] of scopes) {
    if ([...found].every(isWanted)) wanted.add(name);
    else others.push(name);
  }
  const prefixes: string[] = [];
  const exceptions: string[] = [];
  const covered = (name: string) => prefixes.some((prefix) => name.startsWith(prefix));
  for (const prefix of beginnings([...wanted])) {
    if (covered(prefix)) continue;
    const within = [...wanted].filter((name) => name.startsWith(prefix));
    const outside = others.filter((name) => name.startsWith(prefix));
    const isFamily = wanted.has(`${prefix}*`);
    const isWorthIt =
      within.length >= FEWEST && outside.length <= Math.min(MOST_EXCEPTIONS, within.length / 5);
    if (!isFamily && !isWorthIt) continue;
    prefixes.push(prefix);
    exceptions.push(...outside);
  }
  const keys = [...wanted].filter((name) => !covered(name) && !name.endsWith("*"));
  return { prefixes: prefixes.sort(), keys: keys.sort(), exceptions: exceptions.sort() };
}

/** `a.` before `a.b.`. */
function beginnings(names: readonly string[]): string[] {
  const found = new Set<string>();
  for (const name of names) {
    for (let dot = name.indexOf("."); dot > 0; dot = name.indexOf(".", dot + 1)) {
      found.add(name.slice(0, dot + 1));
    }
  }
  return [...found].sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
}

function variable(name: string, { prefixes, keys, exceptions }: KeySet) {
  const begins = prefixes.length > 0 ? `${list(prefixes)}.exists(p, k.startsWith(p))` : "false";
  const isMeant = exceptions.length > 0 ? `(${begins} && !(k in ${list(exceptions)}))` : begins;
  const expression = `object.spec.flinkConfiguration.map(k, k).filter(k, ${isMeant} || k in ${list(keys)})`;
  return { name, expression };
}

function validation(name: string, what: string) {
  return {
    expression: `variables.${name}.size() == 0`,
    // Where the keys make it too long for a message, it is said without them.
    message: `spec.flinkConfiguration has keys for which holds: ${what}`,
    messageExpression: `"spec.flinkConfiguration: " + variables.${name}.join(", ") + ": ${what}"`,
  };
}

function list(texts: readonly string[]): string {
  return JSON.stringify(texts);
}
