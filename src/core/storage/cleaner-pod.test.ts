import { expect, test } from "vitest";
import { aManagedCluster } from "../../../test/support/cluster-builders.ts";
import type { ManagedClusterInput } from "../../api/managed-cluster.ts";
import { cleanerPod, isCleaner } from "./cleaner-pod.ts";
import { storageEndOf } from "./target.ts";

const image = "registry.example/operator:1";

function podOf(patch: Partial<ManagedClusterInput> = {}) {
  const end = storageEndOf(aManagedCluster(patch), { jobs: [], clusters: [], savepoints: [] });
  if (end.kind !== "clean") throw new Error(end.kind);
  return cleanerPod({ ...end.target, needed: ["0123", "$(HOME)"] }, image, 300);
}

test("is small, bounded, and may do nothing but clean", () => {
  const pod = podOf({ storage: { claimName: "flink", keep: "Savepoints" } });
  expect(isCleaner(pod)).toBe(true);
  expect(pod).toEqual({
    metadata: {
      name: "orders-storage-cleaner",
      namespace: "team-a",
      labels: {
        "app.kubernetes.io/name": "flink",
        "app.kubernetes.io/instance": "orders",
        "app.kubernetes.io/component": "storage-cleaner",
        "app.kubernetes.io/managed-by": "flinkjob-operator",
        "flinkjob.dev/cluster": "orders",
      },
    },
    spec: {
      restartPolicy: "Never",
      activeDeadlineSeconds: 300,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 5,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 9999,
        runAsGroup: 9999,
        fsGroup: 9999,
        fsGroupChangePolicy: "OnRootMismatch",
        seccompProfile: { type: "RuntimeDefault" },
      },
      containers: [
        {
          name: "clean-storage",
          image,
          command: ["/usr/bin/node", "/operator/clean-storage.mjs"],
          args: [
            "--root=/flink/storage",
            "--directory=team-a/orders",
            "--keep=Savepoints",
            "--needed=0123",
            "--needed=$$(HOME)",
          ],
          resources: { requests: { cpu: "50m", memory: "64Mi" }, limits: { memory: "128Mi" } },
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
          },
          volumeMounts: [{ name: "storage", mountPath: "/flink/storage" }],
        },
      ],
      volumes: [{ name: "storage", persistentVolumeClaim: { claimName: "flink" } }],
    },
  });
});

test("runs where a JobManager may run, as whom it runs, and with nothing else of its template", () => {
  const podTemplate = {
    metadata: { labels: { team: "a", "flinkjob.dev/cluster": "mine" }, annotations: { mesh: "off" } },
    spec: {
      nodeSelector: { disk: "fast" },
      tolerations: [{ key: "dedicated", operator: "Exists" }],
      securityContext: { runAsUser: 1000 },
      volumes: [{ name: "more", emptyDir: {} }],
      initContainers: [{ name: "first", image: "busybox" }],
      containers: [{ name: "flink-main-container", env: [{ name: "SECRET", value: "x" }] }],
    },
  };
  const { metadata, spec } = podOf({
    storage: { hostPath: "/data" },
    imagePullSecrets: [{ name: "registry" }],
    jobManager: { podTemplate },
  });
  expect(metadata).toMatchObject({
    labels: { team: "a", "flinkjob.dev/cluster": "orders" },
    annotations: { mesh: "off" },
  });
  expect(spec).toMatchObject({
    nodeSelector: { disk: "fast" },
    tolerations: [{ key: "dedicated", operator: "Exists" }],
    securityContext: { runAsUser: 1000, runAsNonRoot: true },
    imagePullSecrets: [{ name: "registry" }],
    volumes: [{ name: "storage", hostPath: { path: "/data" } }],
  });
  expect(JSON.stringify(spec)).not.toMatch(/busybox|SECRET|emptyDir/);
});
