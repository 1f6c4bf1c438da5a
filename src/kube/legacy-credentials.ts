import type { Credential, CredentialSource } from "./credentials.ts";
import { KubeError } from "./errors.ts";
import type { ClusterEntry, UserEntry } from "./kubeconfig.ts";

/**
 * users[].user.auth-provider, the way before credential plugins (only OpenID Connect is still in use). The Kubernetes
 * client library knows these; it is large, so it is loaded only for a kubeconfig that needs it.
 */
export class LegacyCredentials implements CredentialSource {
  readonly #cluster: ClusterEntry;
  readonly #user: UserEntry;
  #config: Promise<Authenticator> | undefined;

  constructor(cluster: ClusterEntry, user: UserEntry) {
    this.#cluster = cluster;
    this.#user = user;
  }

  async current(): Promise<Credential> {
    this.#config ??= load(this.#cluster, this.#user);
    const options: Applied = {};
    await (await this.#config).applyToHTTPSOptions(options);
    const authorization = options.headers?.Authorization;
    return { headers: authorization ? { authorization } : {}, cert: options.cert, key: options.key };
  }

  renew(): boolean {
    this.#config = undefined;
    return true;
  }
}

interface Applied {
  headers?: Record<string, string>;
  cert?: string;
  key?: string;
}

interface Authenticator {
  applyToHTTPSOptions(options: Applied): Promise<void>;
}

async function load(cluster: ClusterEntry, user: UserEntry): Promise<Authenticator> {
  const { KubeConfig } = await import("@kubernetes/client-node").catch((cause: unknown) => {
    const name = user["auth-provider"]?.name;
    throw new KubeError("BadConfig", `The auth-provider ${name} needs the package @kubernetes/client-node`, {
      cause,
    });
  });
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    { name: "cluster", server: cluster.server ?? "", skipTLSVerify: true },
    { name: "user", authProvider: user["auth-provider"] },
  );
  return config;
}
