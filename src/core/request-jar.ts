import { jobIdPrefix } from "./identity.ts";

/**
 * The file name of a JAR that came with a request to the gateway: `flinkjob-run-async-<16 hex of the FlinkCluster's uid>-<whose>.jar`.
 * Whoever looks after that FlinkCluster may judge by it, and nobody else: a FlinkJob that names the JAR may be out of their sight.
 */
export function requestJarName(clusterUid: string, flinkJob: string): string {
  return `flinkjob-run-async-${jobIdPrefix(clusterUid)}-${flinkJob.replace(/[^\w.-]/g, "_")}.jar`;
}

/** The 16 digits of the FlinkCluster that a JarId's JAR came to by a request; undefined for any other JAR. */
export function clusterOfRequestJar(jarId: string): string | undefined {
  return /_flinkjob-run-async-([0-9a-f]{16})-[\w.-]*\.jar$/.exec(jarId)?.[1];
}
