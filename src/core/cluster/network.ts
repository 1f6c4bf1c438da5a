import type { ClusterDesign } from "./design.ts";
import { REST_PORT } from "./names.ts";
import { type ClusterObject, labelsOf, selectorOf } from "./objects.ts";

const REST = "rest";

/** Where the REST API answers. Pods find each other without a Service: the leader's address is in Flink's ConfigMap. */
export function restService({ namespace, names, spec }: ClusterDesign): ClusterObject {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: names.rest, namespace, labels: labelsOf(names.clusterId, REST) },
    spec: {
      type: "ClusterIP",
      selector: selectorOf(names.clusterId, "jobmanager"),
      ports: [{ name: REST, port: REST_PORT, targetPort: REST, protocol: "TCP" }],
      // What one JobManager was told (a JAR, an operation) its standby does not know.
      sessionAffinity: spec.jobManager.replicas > 1 ? "ClientIP" : "None",
    },
  };
}

export function ingress({ namespace, names, spec }: ClusterDesign): ClusterObject | undefined {
  if (!spec.ingress) return undefined;
  const { host, className, tlsSecretName } = spec.ingress;
  const backend = { service: { name: names.rest, port: { name: REST } } };
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { name: names.rest, namespace, labels: labelsOf(names.clusterId, REST) },
    spec: {
      ...(className === undefined ? {} : { ingressClassName: className }),
      rules: [{ host, http: { paths: [{ path: "/", pathType: "Prefix", backend }] } }],
      ...(tlsSecretName === undefined ? {} : { tls: [{ hosts: [host], secretName: tlsSecretName }] }),
    },
  };
}
