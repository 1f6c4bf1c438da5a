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

test("a JobManager that makes pods may do that, and look up who is to own them; its TaskManagers may not", () => {
  const rules = (role: string) =>
    access(aDesign({ mode: "native" })).find(
      ({ kind, metadata }) => kind === "Role" && metadata.name === `orders-${role}`,
    )?.rules as object[];
  expect(rules("jobmanager").slice(1)).toEqual([
    { apiGroups: [""], resources: ["pods"], verbs: ["list", "watch", "create", "delete"] },
    { apiGroups: ["apps"], resources: ["deployments"], resourceNames: ["orders"], verbs: ["get"] },
    {
      apiGroups: ["apps"],
      resources: ["deployments/finalizers"],
      resourceNames: ["orders"],
      verbs: ["update"],
    },
  ]);
  expect(rules("taskmanager")).toHaveLength(1);
});
