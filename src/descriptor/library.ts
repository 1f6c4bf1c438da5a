/**
 * What `import ... from "flinkjob/kubernetes"` gives: the ClusterDescriptor for clusters that the operator deploys. Of Flink's side it
 * knows what `import ... from "flinkjob"` gives, so that both have the same classes. docs/client-library.md is its page.
 */
export type { DeployOptions } from "./call.ts";
export {
  DeploymentError,
  type DeploymentErrorCode,
  type DeploymentErrorFields,
  isDeploymentError,
} from "./deployment-error.ts";
export type * from "./deployment-facts.ts";
export { KubernetesClusterDescriptor, type KubernetesOptions } from "./kubernetes-cluster-descriptor.ts";
export type { PerJobSpec, SessionSpec } from "./specs.ts";
