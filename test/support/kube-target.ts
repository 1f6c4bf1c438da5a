import { type ClusterAccess, loadClusterAccess } from "../../src/kube/config.ts";
import { ground } from "./ground.ts";

/** The API server of this test run: the run's own control plane, or $FLINKJOB_TEST_KUBECONFIG for a single file. */
export async function kubeTarget(): Promise<ClusterAccess> {
  const kubeconfig = ground()?.kubeconfig ?? process.env.FLINKJOB_TEST_KUBECONFIG;
  if (!kubeconfig)
    throw new Error("No API server: set FLINKJOB_TEST_KUBECONFIG, or run the tests through npm test");
  return loadClusterAccess({ kubeconfig });
}
