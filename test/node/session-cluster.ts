import { jobsJarPath } from "../../dev/image/flink.ts";

/** Of a session cluster written by hand: no operator has anything to do with it. */
export interface SessionCluster {
  readonly name: string;
  readonly namespace: string;
  readonly image: string;
  /** A directory of the node, for high availability data and checkpoints. */
  readonly storage: string;
}

/** By which the JobManager knows the JAR of our jobs, which an init step puts there: nobody uploads it. */
export const jarId = "11111111-2222-3333-4444-555555555555_jobs.jar";

/**
 * One JobManager with Kubernetes' ConfigMaps for high availability, one TaskManager of four slots. Tuned to start soon: its
 * memory is said and not computed, its JVMs compile quickly instead of well, and a dead leader is replaced after 4 s.
 */
export function sessionCluster(cluster: SessionCluster): object[] {
  return [
    ...account(cluster, "jobmanager", ["get", "list", "watch", "create", "update", "patch", "delete"]),
    ...account(cluster, "taskmanager", ["get", "list", "watch"]),
    object(cluster, "v1", "ConfigMap", "flink", { data: { "config.yaml": configuration(cluster) } }),
    object(cluster, "v1", "Service", "jobmanager", {
      spec: { selector: labels(cluster, "jobmanager"), ports: [{ name: "rest", port: 8081 }] },
    }),
    deployment(cluster, "jobmanager", jobManager(cluster)),
    deployment(cluster, "taskmanager", taskManager(cluster)),
  ];
}

function configuration({ name, namespace }: SessionCluster): string {
  const leader = "high-availability.kubernetes.leader-election";
  const values = {
    "kubernetes.cluster-id": name,
    "kubernetes.namespace": namespace,
    "high-availability.type": "kubernetes",
    "high-availability.storageDir": "file:///flink/state/ha",
    "high-availability.jobmanager.port": "6123",
    [`${leader}.lease-duration`]: "4 s",
    [`${leader}.renew-deadline`]: "3 s",
    [`${leader}.retry-period`]: "1 s",
    "job-result-store.delete-on-commit": "false",
    "application-result-store.delete-on-commit": "false",
    "blob.server.port": "6124",
    "rest.bind-address": "0.0.0.0",
    "jobmanager.bind-host": "0.0.0.0",
    "taskmanager.bind-host": "0.0.0.0",
    "taskmanager.numberOfTaskSlots": "4",
    "web.upload.dir": "/flink/web",
    "execution.checkpointing.dir": "file:///flink/state/checkpoints",
    "execution.checkpointing.interval": "2 s",
  };
  return Object.entries(values)
    .map(([key, value]) => `${key}: ${value}\n`)
    .join("");
}

function jobManager({ image }: SessionCluster): object {
  const web = { name: "web", mountPath: "/flink/web" };
  const folder = "/flink/web/flink-web-upload";
  return {
    initContainers: [
      {
        name: "jar",
        image,
        command: ["sh", "-c", `mkdir -p ${folder} && cp ${jobsJarPath} ${folder}/${jarId}`],
        securityContext: restricted,
        volumeMounts: [web],
      },
    ],
    container: {
      args: ["jobmanager", "$(POD_IP)"],
      env: [
        { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
        ...quickly("-Xmx400m -Xms64m -XX:MaxMetaspaceSize=192m"),
      ],
      // Every REST handler says 503 until a leader is known.
      readinessProbe: { httpGet: { path: "/config", port: 8081 }, periodSeconds: 1 },
      volumeMounts: [web],
    },
    volumes: [{ name: "web", emptyDir: {} }],
  };
}

function taskManager(_: SessionCluster): object {
  const mebibytes = {
    "network.min": 48,
    "network.max": 48,
    "task.heap.size": 160,
    "task.off-heap.size": 0,
    "framework.heap.size": 64,
    "framework.off-heap.size": 64,
    "managed.size": 32,
    "jvm-metaspace.size": 160,
    "jvm-overhead.min": 192,
    "jvm-overhead.max": 192,
  };
  const memory = Object.entries(mebibytes).map(([key, size]) => `taskmanager.memory.${key}: ${size}m\n`);
  const properties = ["taskmanager.cpu.cores: 4.0\n", ...memory].join("");
  return {
    container: {
      args: ["taskmanager"],
      env: [
        { name: "FLINK_PROPERTIES", value: properties },
        ...quickly("-Xmx224m -Xms64m -XX:MaxDirectMemorySize=192m -XX:MaxMetaspaceSize=192m"),
      ],
      volumeMounts: [],
    },
  };
}

function quickly(memory: string): object[] {
  return [
    { name: "FLINKJOB_STATIC_MEMORY", value: "1" },
    { name: "JVM_ARGS", value: `${memory} -XX:TieredStopAtLevel=1 -XX:+UseSerialGC` },
  ];
}

const restricted = { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } };

interface Role {
  readonly initContainers?: object[];
  readonly container?: { readonly volumeMounts?: object[] } & object;
  readonly volumes?: object[];
}

function deployment(cluster: SessionCluster, role: string, given: Role): object {
  const { container = {}, initContainers = [], volumes = [] } = given;
  const mounts = [
    { name: "configuration", mountPath: "/opt/flink/conf" },
    { name: "state", mountPath: "/flink/state" },
  ];
  return object(cluster, "apps/v1", "Deployment", role, {
    spec: {
      strategy: { type: "Recreate" },
      selector: { matchLabels: labels(cluster, role) },
      template: {
        metadata: { labels: labels(cluster, role) },
        spec: {
          serviceAccountName: `${cluster.name}-${role}`,
          terminationGracePeriodSeconds: 10,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: 9999,
            runAsGroup: 9999,
            fsGroup: 9999,
            seccompProfile: { type: "RuntimeDefault" },
          },
          initContainers,
          containers: [
            {
              ...container,
              name: "flink",
              image: cluster.image,
              securityContext: restricted,
              resources: { requests: { cpu: "100m", memory: "768Mi" }, limits: { memory: "768Mi" } },
              volumeMounts: [...mounts, ...(container.volumeMounts ?? [])],
            },
          ],
          volumes: [
            { name: "configuration", configMap: { name: `${cluster.name}-flink` } },
            { name: "state", hostPath: { path: cluster.storage, type: "DirectoryOrCreate" } },
            ...volumes,
          ],
        },
      },
    },
  });
}

/** With the rights that the role needs of ConfigMaps, measured: one less, and it loses its leadership or its leader. */
function account(cluster: SessionCluster, role: string, verbs: string[]): object[] {
  const authorization = "rbac.authorization.k8s.io";
  const name = `${cluster.name}-${role}`;
  return [
    object(cluster, "v1", "ServiceAccount", role, {}),
    object(cluster, `${authorization}/v1`, "Role", role, {
      rules: [{ apiGroups: [""], resources: ["configmaps"], verbs }],
    }),
    object(cluster, `${authorization}/v1`, "RoleBinding", role, {
      roleRef: { apiGroup: authorization, kind: "Role", name },
      subjects: [{ kind: "ServiceAccount", name }],
    }),
  ];
}

function labels({ name }: SessionCluster, role: string) {
  return { cluster: name, role };
}

function object(
  { name, namespace }: SessionCluster,
  apiVersion: string,
  kind: string,
  part: string,
  content: object,
): object {
  return { apiVersion, kind, metadata: { name: `${name}-${part}`, namespace }, ...content };
}
