import type { Image } from "../image/image.ts";
import type { Progress } from "../machine/cache.ts";
import type { LocalNode } from "../node/node.ts";

/** `embedded`: processes of this machine; `kind`: containers of a Docker engine; `current`: the user's own cluster. */
export type KubeKind = "embedded" | "kind" | "current";
export const kubeKinds: readonly KubeKind[] = ["embedded", "kind", "current"];

export interface StartKubeOptions {
  /** Everything of this cluster is in it: kubeconfigs, keys, data, log. Made with mode 0700 when it is not there. */
  readonly dir: string;
  /** Default "embedded". */
  readonly kind?: KubeKind;
  /** Embedded only: with kube-scheduler too; without a node, pods stay Pending all the same. */
  readonly scheduler?: boolean;
  /** Embedded only: with a node that runs pods of these images (and with the scheduler). Needs root on Linux. */
  readonly node?: { readonly images: readonly Image[] };
  /** Embedded only: default the one of the last time in `dir` or else a free one. */
  readonly port?: number;
  /** Embedded only: the cluster ends itself when this process is gone; without one it goes on until stopKube(). */
  readonly ownerPid?: number;
  readonly progress?: Progress;
}

/** A Kubernetes cluster with an API server that answers. */
export interface KubeInstance {
  readonly kind: KubeKind;
  readonly dir: string;
  /** Path of a kubeconfig of an administrator: with a client certificate, or whatever the user's own cluster has. */
  readonly kubeconfig: string;
  /** Embedded only: the same administrator with a bearer token. */
  readonly tokenKubeconfig?: string;
  /** URL; stays the same over restarts. */
  readonly server: string;
  readonly port: number;
  /** Embedded only: the API server (with etcd) first. */
  readonly pids: readonly number[];
  /** Where pods run, if anywhere. */
  readonly node?: LocalNode | undefined;
  /** The command that runs kubectl, e.g. ["/path/controlplane", "kubectl"]; add --kubeconfig. */
  readonly kubectl: readonly string[];
  /** From the first process to a ready API server, in milliseconds; 0 when it was running already. */
  readonly startedInMs: number;
  /** Ends it; data stays in `dir`. Only forgets a `current` cluster. */
  stop(): Promise<void>;
  /**
   * Embedded only: sends a signal (default SIGKILL) to the API server; its other processes end with it. Resolves when they
   * are gone, for SIGSTOP and SIGCONT at once. Throws KubeError for the other kinds.
   */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /**
   * Embedded only: ends it with a signal (default SIGTERM) if it runs, and starts it again with the same data, port and
   * credentials. Throws KubeError for the other kinds.
   */
  restart(signal?: NodeJS.Signals): Promise<void>;
}
