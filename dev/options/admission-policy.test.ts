import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import type { OptionScope } from "../../src/core/configuration/catalogue.ts";
import { lazyOptions } from "../../src/flink/options/option-catalogue.ts";
import { aCatalogue } from "../../test/support/option-catalogue.ts";
import { admissionPolicy, type KeySet, keySet } from "./admission-policy.ts";

const tells = ({ prefixes, keys, exceptions }: KeySet, name: string) =>
  (prefixes.some((prefix) => name.startsWith(prefix)) && !exceptions.includes(name)) || keys.includes(name);
const isCluster = (scope: OptionScope) => scope === "cluster";

describe("the set of keys", () => {
  const scopes = new Map<string, Set<OptionScope>>([
    ...["a.b", "a.c", "a.d", "a.e", "a.f"].map((name) => [name, new Set(["cluster"])] as const),
    ["a.job", new Set(["job"])],
    ["m.x", new Set(["cluster"])],
    ["m.y", new Set(["cluster", "job"])],
    ["k.*", new Set(["cluster"])],
  ] as [string, Set<OptionScope>][]);
  const set = keySet(scopes, isCluster);

  test("a beginning with an exception, a family, a key of its own; not what some version has otherwise", () => {
    expect(set).toEqual({ prefixes: ["a.", "k."], keys: ["m.x"], exceptions: ["a.job"] });
  });

  test("tells exactly the wanted names", () => {
    for (const [name, found] of scopes) expect(tells(set, name), name).toBe([...found].every(isCluster));
  });
});

test("on the real catalogue no job's option is told, and every cluster's is", () => {
  const { catalogue } = lazyOptions()("2.3.0") ?? {};
  const scopes = new Map<string, Set<OptionScope>>();
  for (const version of catalogue?.versions ?? []) {
    const options = catalogue?.of(`${version}.0`);
    for (const name of options?.names() ?? []) {
      const scope = options?.find(name)?.option.scope;
      if (scope) scopes.set(name, (scopes.get(name) ?? new Set()).add(scope));
    }
  }
  const set = keySet(scopes, isCluster);
  for (const [name, found] of scopes) expect(tells(set, name), name).toBe([...found].every(isCluster));
});

test("it warns and never refuses", () => {
  const [policy, binding] = parseAllDocuments(admissionPolicy(aCatalogue())).map((one) => one.toJS());
  expect(policy).toMatchObject({ spec: { failurePolicy: "Ignore" } });
  expect(binding).toMatchObject({ spec: { validationActions: ["Warn"] } });
});
