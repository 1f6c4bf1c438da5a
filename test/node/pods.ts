import { expect, inject } from "vitest";
import { startKube } from "../../dev/kube/cluster.ts";
import type { LocalNode } from "../../dev/node/node.ts";
import { ground } from "../support/ground.ts";
import { kubectl, type Printed } from "../support/kubectl.ts";

/** One pod as a test sees it. */
export interface Pod {
  readonly name: string;
  readonly phase: string;
  readonly address: string | undefined;
  /** Of its first container, as the node knows it. */
  readonly containerId: string;
  readonly restarts: number;
}

interface PodObject {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
  readonly status: {
    readonly phase: string;
    readonly podIP?: string;
    readonly containerStatuses?: readonly { readonly containerID?: string; readonly restartCount: number }[];
  };
}

/** A namespace of a test on the run's own node. */
export class Pods {
  readonly namespace: string;
  readonly node: LocalNode;

  private constructor(namespace: string, node: LocalNode) {
    this.namespace = namespace;
    this.node = node;
  }

  static async open(namespace: string): Promise<Pods> {
    const { node } = await startKube({ dir: inject("kubeDir") });
    const pods = new Pods(namespace, node!);
    // What pods may do is checked as on a cluster that is careful.
    await pods.apply([
      {
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name: namespace, labels: { "pod-security.kubernetes.io/warn": "restricted" } },
      },
    ]);
    return pods;
  }

  /** Nobody waits for a namespace to be gone: its pods are told to go, which is enough for the next test. */
  async close(): Promise<void> {
    await this.kubectl(["delete", "namespace", this.namespace, "--wait=false"]);
  }

  async apply(objects: readonly object[]): Promise<void> {
    const input = objects.map((object) => JSON.stringify(object)).join("\n---\n");
    await this.kubectl(["apply", "-f", "-"], input);
  }

  /** Fails when kubectl does. */
  async kubectl(args: readonly string[], input?: string): Promise<Printed> {
    const printed = await kubectl({
      kubeconfig: ground()!.kubeconfig,
      namespace: this.namespace,
      args,
      input,
    });
    expect(printed, `kubectl ${args.join(" ")}`).toMatchObject({ code: 0 });
    return printed;
  }

  /** Those with these labels, the oldest first; without those that are about to go. */
  async list(labels: Readonly<Record<string, string>>): Promise<Pod[]> {
    const selector = Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join();
    const args = ["get", "pods", `--selector=${selector}`, "--sort-by=.metadata.creationTimestamp"];
    const { stdout } = await this.kubectl([...args, "--output=json"]);
    const { items } = JSON.parse(stdout) as { items: PodObject[] };
    const staying = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    return staying.map(({ metadata, status }) => ({
      name: metadata.name,
      phase: status.phase,
      address: status.podIP,
      containerId: status.containerStatuses?.[0]?.containerID?.replace("containerd://", "") ?? "",
      restarts: status.containerStatuses?.[0]?.restartCount ?? 0,
    }));
  }

  /** While it runs no new pod is put on the node: those that are there have to do. */
  async withoutNewPods(act: () => Promise<void>): Promise<void> {
    const { stdout } = await this.kubectl(["get", "nodes", "--output=name"]);
    const nodes = stdout.trim().split("\n");
    await this.kubectl(["cordon", ...nodes]);
    try {
      await act();
    } finally {
      await this.kubectl(["uncordon", ...nodes]);
    }
  }

  /** Reached from this machine as from pods. */
  async serviceAddress(name: string): Promise<string> {
    return (await this.kubectl(["get", "service", name, "--output=jsonpath={.spec.clusterIP}"])).stdout;
  }
}
