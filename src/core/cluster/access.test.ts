import { expect, test } from "vitest";
import { aDesign } from "../../../test/support/cluster-builders.ts";
import { access } from "./access.ts";

test("each role has an account of its own, with what was measured and no more", () => {
  const roles = access(aDesign()).filter(({ kind }) => kind === "Role");
  expect(roles.map(({ metadata, rules }) => [metadata.name, rules])).toEqual([
    [
      "orders-jobmanager",
      [
        {
          apiGroups: [""],
          resources: ["configmaps"],
          verbs: ["get", "list", "watch", "create", "update", "patch", "delete"],
        },
      ],
    ],
    ["orders-taskmanager", [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get", "list", "watch"] }]],
  ]);
  expect(access(aDesign()).map(({ kind, metadata }) => `${kind}/${metadata.name}`)).toHaveLength(6);
});
