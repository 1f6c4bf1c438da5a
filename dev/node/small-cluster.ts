/** What `spec.managed` of a FlinkCluster and `spec.cluster.perJob` of a FlinkJob hold: small, and quick to start on the local node. */
export function smallCluster(flinkVersion: "1.20" | "2.3", image: string, hostPath: string) {
  const resources = { requests: { cpu: "100m" }, limits: { memory: "768Mi" } };
  return {
    flinkVersion,
    image,
    imagePullPolicy: "IfNotPresent",
    storage: { hostPath },
    jobManager: { resources },
    taskManager: { resources, slots: 2 },
    flinkConfiguration: {
      "jobmanager.memory.jvm-metaspace.size": "160m",
      "jobmanager.memory.jvm-overhead.min": "64m",
      "jobmanager.memory.jvm-overhead.max": "64m",
      "jobmanager.memory.off-heap.size": "64m",
      "taskmanager.memory.jvm-metaspace.size": "160m",
      "taskmanager.memory.managed.size": "32m",
      "taskmanager.memory.network.min": "48m",
      "taskmanager.memory.network.max": "48m",
      "env.java.opts.all": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
      "execution.checkpointing.interval": "2 s",
    },
  } as const;
}
