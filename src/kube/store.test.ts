import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Store } from "./store.ts";
import type { KubeObject } from "./types.ts";

function object(name: string, uid: string, version: number, node = "a"): KubeObject {
  return { metadata: { name, uid, resourceVersion: String(version), labels: { node } } };
}

const byNode = { node: (o: KubeObject) => [o.metadata.labels?.node ?? ""] };

describe("Store", () => {
  test("an unchanged resourceVersion is no change", () => {
    const store = new Store<KubeObject>();
    store.put(object("x", "1", 5));
    expect(store.put(object("x", "1", 5))).toEqual([]);
  });

  test("an object made anew under its name is a delete and an add", () => {
    const store = new Store<KubeObject>();
    store.put(object("x", "1", 5));
    const changes = store.replace([object("x", "2", 9)]);
    expect(changes.map(({ type, object }) => [type, object.metadata.uid])).toEqual([
      ["delete", "1"],
      ["add", "2"],
    ]);
  });

  test("the end of an earlier object leaves its successor alone", () => {
    const store = new Store<KubeObject>();
    store.put(object("x", "2", 9));
    expect(store.remove(object("x", "1", 8))).toEqual([]);
    expect(store.get("x")?.metadata.uid).toBe("2");
  });

  test("what a list does not name is deleted", () => {
    const store = new Store<KubeObject>();
    store.replace([object("x", "1", 5), object("y", "2", 6)]);
    expect(store.replace([object("y", "2", 6)]).map(({ type }) => type)).toEqual(["delete"]);
    expect(store.list()).toHaveLength(1);
  });

  test("managedFields are not kept", () => {
    const store = new Store<KubeObject>();
    store.put({ metadata: { name: "x", uid: "1", managedFields: [{}] } });
    expect(store.get("x")?.metadata).not.toHaveProperty("managedFields");
  });

  test("an index always equals a scan, and changes replay to the same content", () => {
    const change = fc.record({
      name: fc.constantFrom("x", "y", "z"),
      uid: fc.constantFrom("1", "2"),
      version: fc.integer({ min: 1, max: 6 }),
      node: fc.constantFrom("a", "b"),
      remove: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), (steps) => {
        const store = new Store<KubeObject>(byNode);
        const replayed = new Map<string, KubeObject>();
        for (const { name, uid, version, node, remove } of steps) {
          const o = object(name, uid, version, node);
          for (const seen of remove ? store.remove(o) : store.put(o)) {
            const present = replayed.has(name);
            expect(present).toBe(seen.type !== "add");
            if (seen.type === "delete") replayed.delete(name);
            else replayed.set(name, seen.object);
          }
        }
        expect(store.list().toSorted(order)).toEqual([...replayed.values()].toSorted(order));
        for (const node of ["a", "b"]) {
          const scanned = store.list().filter((o) => o.metadata.labels?.node === node);
          expect(store.byIndex("node", node).toSorted(order)).toEqual(scanned.toSorted(order));
        }
      }),
    );
  });
});

function order(a: KubeObject, b: KubeObject): number {
  return (a.metadata.name ?? "").localeCompare(b.metadata.name ?? "");
}
