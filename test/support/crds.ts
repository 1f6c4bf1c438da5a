import { fileURLToPath } from "node:url";
import { runToEnd } from "../../dev/demo/ground.ts";
import type { KubeInstance } from "../../dev/kube/cluster.ts";

const crds = fileURLToPath(new URL("../../crds", import.meta.url));

export async function installCrds({ kubectl, kubeconfig }: KubeInstance): Promise<void> {
  const [command = "kubectl", ...first] = kubectl;
  await runToEnd(command, [...first, "apply", "-k", crds], { KUBECONFIG: kubeconfig });
}
