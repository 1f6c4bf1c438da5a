import { expect } from "vitest";
import type { FlinkCluster } from "../../src/api/objects.ts";
import { clusterKinds, pods } from "../../src/controller/managed/kinds.ts";
import {
  CLUSTER_LABEL,
  type ClusterObject,
  COMPONENT_LABEL,
  type Kind,
} from "../../src/core/cluster/objects.ts";
import type { Pod } from "../../src/core/cluster/pods.ts";
import { FLINK_CONFIG_MAPS } from "../../src/core/cluster/teardown.ts";
import { isKubeError } from "../../src/kube/errors.ts";
import { flinkClusters } from "../../src/kube/resources.ts";
import { eventually } from "./eventually.ts";
import type { World } from "./world.ts";

/** A managed FlinkCluster in a world without a kubelet, whose part is played by the test. */
export class ManagedSubject {
  readonly world: World;
  readonly name: string;

  constructor(world: World, name: string) {
    this.world = world;
    this.name = name;
  }

  get cluster(): Promise<FlinkCluster> {
    const { namespace, kube } = this.world;
    return kube.get(flinkClusters, { namespace, name: this.name });
  }

  edit(managed: object): Promise<FlinkCluster> {
    const { namespace, kube } = this.world;
    const body = { spec: { managed } };
    return kube.patch(flinkClusters, { namespace, name: this.name }, { type: "merge", body });
  }

  get(kind: Kind, name: string): Promise<ClusterObject> {
    return this.world.kube.get(clusterKinds[kind], { namespace: this.world.namespace, name });
  }

  async exists(kind: Kind, name: string): Promise<boolean> {
    try {
      await this.get(kind, name);
      return true;
    } catch (error) {
      if (isKubeError(error, "NotFound")) return false;
      throw error;
    }
  }

  /** Everything that bears its label, as "Kind/name". */
  async objects(): Promise<string[]> {
    const { namespace, kube } = this.world;
    const labelSelector = `${CLUSTER_LABEL}=${this.name}`;
    const lists = await Promise.all(
      Object.values(clusterKinds).map(async (kind) => {
        const { items } = await kube.list(kind, { namespace, labelSelector });
        return items.map(({ metadata }) => `${kind.kind}/${metadata.name}`);
      }),
    );
    return lists.flat().sort();
  }

  /** ConfigMaps that Flink made itself, for high availability; no owner takes them away. */
  async leftByFlink(): Promise<string[]> {
    const { namespace, kube } = this.world;
    const selection = { namespace, labelSelector: FLINK_CONFIG_MAPS(this.name) };
    return (await kube.list(clusterKinds.ConfigMap, selection)).items.map(({ metadata }) => metadata.name);
  }

  /** Objects, pods, and what Flink made, by their names. */
  async left(): Promise<string[]> {
    const pods = (await this.pods()).map(({ metadata }) => `Pod/${metadata.name}`);
    return [...(await this.objects()), ...pods, ...(await this.leftByFlink())];
  }

  async pods(role?: string): Promise<Pod[]> {
    const { namespace, kube } = this.world;
    const labelSelector = `${CLUSTER_LABEL}=${this.name}${role ? `,${COMPONENT_LABEL}=${role}` : ""}`;
    return (await kube.list(pods, { namespace, labelSelector })).items;
  }

  /** As a kubelet does: all pods of a role run and are ready, until the Deployment counts them all as its newest. */
  async makeReady(role: string, count: number): Promise<void> {
    const ready = { type: "Ready", status: "True", lastTransitionTime: new Date().toISOString() };
    await eventually(async () => {
      for (const { metadata, status } of await this.pods(role)) {
        if (status?.phase !== "Running")
          await this.report(metadata.name, { phase: "Running", conditions: [ready] });
      }
      const { status, metadata } = await this.get("Deployment", `${this.name}-${role}`);
      expect(status).toMatchObject({ updatedReplicas: count, replicas: count, availableReplicas: count });
      expect((status as { observedGeneration: number }).observedGeneration).toBe(metadata.generation);
    }, 20_000);
  }

  /** What a kubelet would report of a pod. */
  async report(name: string, status: object): Promise<void> {
    const { namespace, kube } = this.world;
    const patch = { type: "merge", body: { status } } as const;
    try {
      await kube.patch(pods, { namespace, name }, patch, { subresource: "status" });
    } catch (error) {
      // It was replaced meanwhile.
      if (!isKubeError(error, "NotFound")) throw error;
    }
  }

  /** Waits for the reason of its conditions; the FlinkCluster with it. */
  async untilReason(reason: string, limitMs = 30_000): Promise<FlinkCluster> {
    let last: FlinkCluster | undefined;
    try {
      return await eventually(
        async () => {
          last = await this.cluster;
          const now = last.status?.observedGeneration === last.metadata.generation;
          return now && last.status?.conditions?.[0]?.reason === reason ? last : false;
        },
        limitMs,
        50,
      );
    } catch (error) {
      throw new Error(`${reason}: not within ${limitMs} ms\n${JSON.stringify(last?.status, undefined, 1)}`, {
        cause: error,
      });
    }
  }

  /** `meanwhile`: again and again while it is there. */
  async untilGone(limitMs = 30_000, meanwhile: () => Promise<unknown> = () => this.cluster): Promise<void> {
    const gone = () =>
      meanwhile().then(
        () => false,
        (error: unknown) => isKubeError(error, "NotFound"),
      );
    await eventually(gone, limitMs, 50);
  }
}
