/** Kubernetes did not start, or cannot do what was asked; the message ends with what its log says. */
export class KubeError extends Error {
  readonly code: "KUBE_START" | "KUBE_BUILD" | "KUBE_OPTIONS";
  constructor(code: KubeError["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "KubeError";
    this.code = code;
  }
}
