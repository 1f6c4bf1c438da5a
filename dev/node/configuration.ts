import { networkPluginFolder } from "../machine/prerequisites.ts";
import type { NodeAddresses } from "./addresses.ts";

/** What the parts of one node are configured with. Paths are as the node sees them. */
export interface NodeShape {
  readonly addresses: NodeAddresses;
  readonly nodeName: string;
  readonly cgroup: string;
  /** Of the pods' first container, which holds their network and does nothing else. */
  readonly pauseImage: string;
  /** The control plane's directory, with its keys and kubeconfigs. */
  readonly controlPlane: string;
  /** Where these files are. */
  readonly configuration: string;
}

export const clusterDomain = "cluster.local";

/** The files by their names. JSON where a format includes it: nothing to quote. */
export function nodeFiles(shape: NodeShape): Record<string, string> {
  return {
    "containerd.toml": containerdConfiguration(shape),
    "network/10-node.conflist": json(podNetwork(shape)),
    "kubelet.json": json(kubeletConfiguration(shape)),
    "kube-proxy.json": json(proxyConfiguration(shape)),
    Corefile: dnsConfiguration(shape),
  };
}

function json(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

function containerdConfiguration({ pauseImage, configuration }: NodeShape): string {
  const cri = `plugins."io.containerd.grpc.v1.cri"`;
  return `version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.tracing.processor.v1.otlp"]

[grpc]
address = "/run/containerd/containerd.sock"

[${cri}]
sandbox_image = ${JSON.stringify(pauseImage)}
disable_apparmor = true
# A machine without CAP_SYS_RESOURCE refuses the pod's negative score, and with it the pod.
restrict_oom_score_adj = true
stream_server_address = "127.0.0.1"

[${cri}.containerd]
snapshotter = "overlayfs"
[${cri}.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[${cri}.containerd.runtimes.runc.options]
SystemdCgroup = false

[${cri}.cni]
bin_dir = ${JSON.stringify(networkPluginFolder() ?? "")}
conf_dir = ${JSON.stringify(`${configuration}/network`)}
`;
}

/**
 * Each pod is linked to the node by itself. With a bridge, two pods would talk past the node's tables, and an answer
 * through a Service would come from the wrong address.
 */
function podNetwork({ addresses }: NodeShape): object {
  return {
    cniVersion: "0.4.0",
    name: "pods",
    plugins: [
      {
        type: "ptp",
        ipMasq: false,
        ipam: {
          type: "host-local",
          ranges: [[{ subnet: addresses.pods }]],
          routes: [{ dst: "0.0.0.0/0" }],
        },
      },
    ],
  };
}

function kubeletConfiguration({ addresses, cgroup, controlPlane }: NodeShape): object {
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    containerRuntimeEndpoint: "unix:///run/containerd/containerd.sock",
    failCgroupV1: false,
    failSwapOn: false,
    cgroupDriver: "cgroupfs",
    cgroupRoot: `/${cgroup}`,
    address: addresses.node,
    healthzPort: 0,
    readOnlyPort: 0,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: `${controlPlane}/pki/ca.crt` },
    },
    authorization: { mode: "Webhook" },
    tlsCertFile: `${controlPlane}/pki/kubelet-server.crt`,
    tlsPrivateKeyFile: `${controlPlane}/pki/kubelet-server.key`,
    clusterDomain,
    clusterDNS: [addresses.node],
    // Names outside of the cluster are nobody's here.
    resolvConf: "",
    // Images are brought, not pulled: one that was removed for want of space would not come back.
    imageGCHighThresholdPercent: 100,
    evictionHard: { "memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%" },
    // Of what fails again and again, tests want to see the next failure.
    crashLoopBackOff: { maxContainerRestartPeriod: "10s" },
    registerNode: true,
  };
}

function proxyConfiguration({ addresses, nodeName, controlPlane }: NodeShape): object {
  return {
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    mode: "nftables",
    clientConnection: { kubeconfig: `${controlPlane}/kube-proxy.kubeconfig` },
    clusterCIDR: addresses.pods,
    hostnameOverride: nodeName,
    // A Service answers soon after its pod is ready.
    nftables: { minSyncPeriod: "100ms" },
    // These limits are the machine's, not a namespace's.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: "0s", tcpCloseWaitTimeout: "0s" },
    healthzBindAddress: "127.0.0.1:10256",
    metricsBindAddress: "127.0.0.1:10249",
  };
}

function dnsConfiguration({ addresses, controlPlane }: NodeShape): string {
  return `.:53 {
  bind ${addresses.node}
  errors
  cache 5
  kubernetes ${clusterDomain} in-addr.arpa {
    kubeconfig ${controlPlane}/admin.kubeconfig
    pods insecure
    ttl 5
  }
}
`;
}
