import { describe, expect, test } from "vitest";
import { mergePod } from "./merge-pod.ts";

describe("a pod template is merged", () => {
  test("member by member, and null takes away", () => {
    const base = { spec: { a: 1, securityContext: { runAsUser: 9999, fsGroup: 9999 } } };
    const patch = { spec: { b: 2, securityContext: { fsGroup: null, runAsUser: 1 } } };
    expect(mergePod(base, patch)).toEqual({ spec: { a: 1, b: 2, securityContext: { runAsUser: 1 } } });
  });

  test("containers, variables and mounts by what names them; new ones follow", () => {
    const base = {
      containers: [
        {
          name: "main",
          image: "flink",
          env: [{ name: "POD_IP", value: "x" }],
          volumeMounts: [{ name: "config", mountPath: "/conf" }],
        },
      ],
    };
    const patch = {
      containers: [
        { name: "side", image: "s" },
        {
          name: "main",
          env: [
            { name: "A", value: "b" },
            { name: "POD_IP", valueFrom: {} },
          ],
          volumeMounts: [{ name: "more", mountPath: "/more" }],
        },
      ],
    };
    expect(mergePod(base, patch)).toEqual({
      containers: [
        {
          name: "main",
          image: "flink",
          // Of value and valueFrom the API server takes one.
          env: [
            { name: "POD_IP", valueFrom: {} },
            { name: "A", value: "b" },
          ],
          volumeMounts: [
            { name: "config", mountPath: "/conf" },
            { name: "more", mountPath: "/more" },
          ],
        },
        { name: "side", image: "s" },
      ],
    });
  });

  test("every other list is taken whole", () => {
    const [base, patch] = [{ tolerations: [{ key: "a" }] }, { tolerations: [{ key: "b" }] }];
    expect(mergePod(base, patch)).toEqual(patch);
  });

  test("what was there stays as it was", () => {
    const base = { containers: [{ name: "main", env: [{ name: "A", value: "1" }] }] };
    const copy = structuredClone(base);
    mergePod(base, { containers: [{ name: "main", env: [{ name: "A", value: "2" }] }] });
    expect(base).toEqual(copy);
  });
});
