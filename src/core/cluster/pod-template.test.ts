import { describe, expect, test } from "vitest";
import { aDesign, objectOf, objectsOf } from "../../../test/support/cluster-builders.ts";
import { MAIN_CONTAINER, podTemplateProblems } from "./pod-template.ts";

interface PodSpec {
  serviceAccountName: string;
  securityContext: object;
  containers: ({
    name: string;
    env: object[];
    resources: object;
    volumeMounts: { mountPath: string }[];
  } & object)[];
  volumes: { name: string }[];
}
type Patch = Parameters<typeof objectsOf>[0];
const podOf = (role: string, patch: Patch = {}) => {
  const { spec } = objectOf(objectsOf(patch), "Deployment", `orders-${role}`);
  return (spec as { template: { metadata: { labels: object }; spec: PodSpec } }).template;
};

test.each(["jobmanager", "taskmanager"])("a %s's pod holds the restricted level", (role) => {
  const { spec } = podOf(role, { storage: { uri: "s3://b/f" } });
  expect(spec.securityContext).toMatchObject({
    runAsNonRoot: true,
    runAsUser: 9999,
    seccompProfile: { type: "RuntimeDefault" },
  });
  expect(spec.containers).toMatchObject([
    { securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } } },
  ]);
  expect(spec.serviceAccountName).toBe(`orders-${role}`);
});

test.each([
  ["a limit", { limits: { memory: "2Gi", cpu: 2 } }, { memory: "2Gi" }, { memory: "2Gi", cpu: 2 }],
  [
    "a request alone",
    { requests: { memory: "1Gi", cpu: "1" } },
    { memory: "1Gi", cpu: "1" },
    { memory: "1Gi" },
  ],
  ["nothing", undefined, { memory: "1600Mi" }, { memory: "1600Mi" }],
])("memory is requested and limited with %s given", (_what, resources, requests, limits) => {
  const { spec } = podOf("jobmanager", { jobManager: { resources } });
  expect(spec.containers[0]?.resources).toEqual({ requests, limits });
});

test.each([
  [{ claimName: "c" }, ["config", "storage"]],
  [{ hostPath: "/d" }, ["config", "storage"]],
  [{ uri: "s3://b/f" }, ["config", "upload"]],
])("the JobManager's volumes with storage %j", (storage, names) => {
  const { spec } = podOf("jobmanager", { storage });
  expect(spec.volumes.map(({ name }) => name)).toEqual(names);
  expect(spec.containers[0]?.volumeMounts).toHaveLength(names.length);
});

test("the user's template is merged in, but for the labels that find the pod", () => {
  const podTemplate = {
    metadata: { labels: { team: "a", "flinkjob.dev/cluster": "other" }, annotations: { note: "x" } },
    spec: {
      priorityClassName: "high",
      containers: [
        { name: "side", image: "s" },
        { name: MAIN_CONTAINER, env: [{ name: "A", value: "b" }] },
      ],
    },
  };
  const template = podOf("taskmanager", { taskManager: { podTemplate } });
  expect(template.metadata).toMatchObject({
    labels: { team: "a", "flinkjob.dev/cluster": "orders" },
    annotations: { note: "x" },
  });
  expect(template.spec).toMatchObject({ priorityClassName: "high", terminationGracePeriodSeconds: 30 });
  expect(template.spec.containers.map(({ name }) => name)).toEqual([MAIN_CONTAINER, "side"]);
  expect(template.spec.containers[0]?.env).toHaveLength(2);
  // The other role has its own.
  expect(podOf("jobmanager", { taskManager: { podTemplate } }).spec.containers).toHaveLength(1);
});

test("an account of the user's is used by both, and bound to the JobManager's rights", () => {
  const patch = { serviceAccountName: "own" };
  for (const role of ["jobmanager", "taskmanager"])
    expect(podOf(role, patch).spec.serviceAccountName).toBe("own");
  const objects = objectsOf(patch);
  expect(objects.filter(({ kind }) => kind === "ServiceAccount")).toEqual([]);
  expect(objects.filter(({ kind }) => kind === "RoleBinding")).toMatchObject([
    { roleRef: { name: "orders-jobmanager" }, subjects: [{ name: "own", namespace: "team-a" }] },
  ]);
});

describe("what a template may not do", () => {
  const main = (more: object) => ({ spec: { containers: [{ name: MAIN_CONTAINER, ...more }] } });
  test.each([
    [{ replicas: 1 }, "replicas is no part of a pod template"],
    [{ spec: { serviceAccountName: "x" } }, "spec.serviceAccountName: use spec.managed.serviceAccountName"],
    [{ spec: { restartPolicy: "Never" } }, "spec.restartPolicy: a Deployment's pods are always restarted"],
    [main({ command: ["sh"] }), `${MAIN_CONTAINER} must not set command: the operator says what it runs`],
    [main({ args: [] }), `${MAIN_CONTAINER} must not set args: the operator says what it runs`],
    [{ spec: { containers: [{ image: "x" }] } }, "each container needs a name"],
    [
      { spec: { volumes: [{ name: "storage", emptyDir: {} }] } },
      "the volume storage is the operator's: choose another name",
    ],
    [
      main({ volumeMounts: [{ name: "x", mountPath: "/opt/flink/conf" }] }),
      "/opt/flink/conf is mounted by the operator",
    ],
    [main({ env: [{ name: "POD_IP", value: "1" }] }), "the variable POD_IP is the operator's"],
  ])("%j", (podTemplate, problem) => {
    const design = aDesign({ taskManager: { podTemplate } });
    expect(podTemplateProblems(design, "taskmanager")).toEqual([
      `spec.managed.taskManager.podTemplate: ${problem}`,
    ]);
    expect(podTemplateProblems(design, "jobmanager")).toEqual([]);
  });

  test.each([
    [
      { spec: { restartPolicy: "Always" } },
      "spec.restartPolicy: pods that the JobManager makes are never restarted, it makes others",
    ],
    [main({ image: "x" }), `${MAIN_CONTAINER} must not set image: use spec.managed.image`],
    [
      main({ imagePullPolicy: "Always" }),
      `${MAIN_CONTAINER} must not set imagePullPolicy: use spec.managed.imagePullPolicy`,
    ],
    [
      main({ resources: {} }),
      `${MAIN_CONTAINER} must not set resources: use spec.managed.taskManager.resources`,
    ],
    [{ spec: { hostNetwork: true } }, "spec.hostNetwork: not where the JobManager makes the pods"],
    [
      { spec: { volumes: [{ name: "flink-config-volume", emptyDir: {} }] } },
      "the volume flink-config-volume is the operator's: choose another name",
    ],
  ])("%j, where the JobManager makes the pods", (podTemplate, problem) => {
    const design = aDesign({ mode: "native", taskManager: { podTemplate } });
    expect(podTemplateProblems(design, "taskmanager")).toEqual([
      `spec.managed.taskManager.podTemplate: ${problem}`,
    ]);
  });

  test("what only such a JobManager takes up is free elsewhere", () => {
    const podTemplate = {
      spec: {
        volumes: [{ name: "pod-template", emptyDir: {} }],
        containers: [
          {
            name: MAIN_CONTAINER,
            image: "x",
            volumeMounts: [{ name: "x", mountPath: "/opt/flink/pod-template" }],
          },
        ],
      },
    };
    const given = { jobManager: { podTemplate } };
    expect(podTemplateProblems(aDesign(given), "jobmanager")).toEqual([]);
    const field = "spec.managed.jobManager.podTemplate";
    expect(podTemplateProblems(aDesign({ ...given, mode: "native" }), "jobmanager")).toEqual([
      `${field}: the volume pod-template is the operator's: choose another name`,
      `${field}: /opt/flink/pod-template is mounted by the operator`,
    ]);
  });

  test.each([
    {},
    { metadata: null, spec: null },
    { spec: { containers: "x" } },
    { spec: { containers: [null] } },
  ])("%j is looked at without harm", (podTemplate) => {
    const problems = podTemplateProblems(aDesign({ jobManager: { podTemplate } }), "jobmanager");
    expect(problems.length).toBeLessThanOrEqual(1);
  });
});
