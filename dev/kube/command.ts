import { type ImageChoice, imageChoice } from "../image/choice.ts";
import { parseStartOrStop } from "../machine/command-line.ts";
import { UsageError } from "../machine/usage-error.ts";
import { type KubeKind, kubeKinds } from "./instance.ts";

export const usage = `Real Kubernetes on this machine, without Docker. Needs Go once, to build it (about 6 minutes on two cores).

  npm run dev:kube -- start DIR [options]   start a cluster, or find the one that runs in DIR
  npm run dev:kube -- stop DIR              end it; its objects stay in DIR

Options of start:
  --kube embedded      API server, etcd and controllers as processes of this machine (default); without --node
                       pods stay Pending
  --kube kind          nodes in containers, by kind; needs a Docker engine, Go and kubectl
  --kube current       the cluster of the current kubeconfig context; needs kubectl
  --scheduler          (embedded) with kube-scheduler too
  --node               (embedded) with a node that runs pods; needs root on Linux, and installs Debian's packages for it
  --image WHAT         (with --node) an image for its pods, made here: flink:VERSION or operator; may be repeated
  --port N             (embedded) port of the API server; default the last one in DIR, or a free one

Prints one JSON object: kind, dir, kubeconfig, tokenKubeconfig, server, port, pids, kubectl, and
of a node its name, images, addresses and the directory for volumes of kind hostPath. All else goes to stderr.
The cluster goes on after the command has ended.
`;

export type KubeCommand =
  | { readonly name: "help" }
  | { readonly name: "stop"; readonly dir: string }
  | {
      readonly name: "start";
      readonly dir: string;
      readonly kind: KubeKind;
      readonly scheduler: boolean;
      readonly port?: number;
      /** Of its node; none without a node. */
      readonly images?: readonly ImageChoice[];
    };

const flags = {
  kube: { type: "string" },
  scheduler: { type: "boolean" },
  port: { type: "string" },
  node: { type: "boolean" },
  image: { type: "string", multiple: true },
} as const;

/** Throws UsageError, which names what it did not understand. */
export function parseCommand(args: readonly string[]): KubeCommand {
  const command = parseStartOrStop(args, flags);
  if (command.name !== "start") return command;
  const { name, dir, values } = command;
  const kind = kubeKinds.find((each) => each === (values.kube ?? "embedded"));
  if (kind === undefined) throw new UsageError(`--kube: "${values.kube}" is none of ${kubeKinds.join(", ")}`);
  for (const flag of ["scheduler", "port", "node"] as const)
    if (values[flag] !== undefined && kind !== "embedded")
      throw new UsageError(`--${flag} is for --kube embedded only`);
  if (values.image !== undefined && !values.node) throw new UsageError("--image is for --node only");
  if (values.port !== undefined && values.node)
    throw new UsageError("--port is not for --node: an API server with a node has an address of its own");
  return {
    name,
    dir,
    kind,
    scheduler: values.scheduler ?? false,
    ...(values.port !== undefined && { port: portNumber(values.port) }),
    ...(values.node && { images: (values.image ?? []).map(imageChoice) }),
  };
}

function portNumber(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65535) throw new UsageError(`--port: "${text}" is not a port (1 to 65535)`);
  return port;
}
