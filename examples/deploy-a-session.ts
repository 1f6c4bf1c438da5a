// Deploys a session cluster, runs a job on it, and takes the cluster away again. What the cluster is made of stands in a file, such as
// {"flinkVersion": "2.3", "image": "flink:2.3", "storage": {"claimName": "flink"}}.
//
//   node examples/deploy-a-session.ts orders cluster.json path/to/job.jar [entry class] [arguments]
//
// In a pod, that is. Outside of Kubernetes run `kubectl proxy` beside it, and set FLINK_PROXY=http://127.0.0.1:8001.
import { readFile } from "node:fs/promises";
import { isFlinkError, isJobError } from "flinkjob";
import { isDeploymentError, KubernetesClusterDescriptor, type SessionSpec } from "flinkjob/kubernetes";

const [name = "orders", file = "cluster.json", jar = "job.jar", entryClass, ...args] = process.argv.slice(2);
const proxy = process.env.FLINK_PROXY;

/** http://orders-rest.team-a.svc:8081, as Kubernetes' API server passes it on. */
function throughProxy(url: string): string {
  const { hostname, port } = new URL(url);
  const [service, namespace] = hostname.split(".");
  return `${proxy}/api/v1/namespaces/${namespace}/services/${service}:${port}/proxy`;
}

try {
  const spec = JSON.parse(await readFile(file, "utf8")) as SessionSpec;
  const descriptor = await KubernetesClusterDescriptor.open(proxy ? { reach: throughProxy } : {});
  console.log(descriptor.getClusterDescription());
  try {
    // Once more after a crash, this gets the same cluster.
    const cluster = await descriptor.deploySession(name, spec, { timeoutMs: 300_000 });
    const { flinkVersion, protection } = await cluster.describe();
    console.log(`${name} runs Flink ${flinkVersion}, ${protection}`);

    const job = await cluster.submit({ jar: { path: jar }, entryClass, args });
    console.log(`${job.jobId} is ${await job.getJobStatus()}`);
    const { netRuntime, accumulators } = await job.getJobResult();
    console.log(`finished after ${netRuntime} ms`);
    for (const { name, value } of accumulators.values()) console.log(`${name}: ${value}`);
    await cluster.close();
  } finally {
    await descriptor.kill({ cluster: name }, { timeoutMs: 120_000 });
    console.log(`${name} is gone`);
    await descriptor.close();
  }
} catch (error) {
  if (!isDeploymentError(error) && !isFlinkError(error) && !isJobError(error)) throw error;
  console.error(`${error.code} (retry: ${error.retry}): ${error.message}`);
  process.exitCode = 1;
}
