import { access } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { type Clock, systemClock } from "./clock.ts";
import { type CredentialSource, PlainCredentials, type TextSource, WithHeaders } from "./credentials.ts";
import { KubeError } from "./errors.ts";
import { ExecCredentials } from "./exec-credentials.ts";
import { FreshFile } from "./fresh-file.ts";
import { type ChosenContext, readKubeconfig, type UserEntry } from "./kubeconfig.ts";
import { LegacyCredentials } from "./legacy-credentials.ts";

/** How to reach one API server, and as whom. */
export interface ClusterAccess {
  /** Base URL, without a slash at its end. */
  readonly server: string;
  /** The namespace that the context, or the pod, is in. */
  readonly namespace: string;
  readonly credentials: CredentialSource;
  /** PEM text of the authorities to trust instead of the machine's own. */
  readonly ca?: TextSource | undefined;
  /** The name that the server's certificate must carry, when it is not the URL's host. */
  readonly serverName?: string | undefined;
  readonly insecure?: boolean | undefined;
  readonly proxyUrl?: string | undefined;
}

interface ConfigOptions {
  /** A kubeconfig file, before everything else. */
  kubeconfig?: string | undefined;
  /** A context of that file, instead of its current one. */
  context?: string | undefined;
  env?: NodeJS.ProcessEnv | undefined;
  clock?: Clock | undefined;
  /** Where a pod finds its service account. */
  serviceAccountDir?: string | undefined;
}

const defaultServiceAccountDir = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * Finds the cluster in the order of every Kubernetes controller: the given file, $KUBECONFIG, the pod's service account,
 * ~/.kube/config. Throws BadConfig when there is none.
 */
export async function loadClusterAccess(options: ConfigOptions = {}): Promise<ClusterAccess> {
  const { env = process.env, clock = systemClock, context } = options;
  const dir = options.serviceAccountDir ?? defaultServiceAccountDir;
  const named = options.kubeconfig || env.KUBECONFIG;
  const home = join(env.HOME || homedir(), ".kube", "config");
  if (named) {
    const paths = options.kubeconfig ? [options.kubeconfig] : named.split(delimiter).filter(Boolean);
    return fromContext(await readKubeconfig(paths, context), clock);
  }
  if (env.KUBERNETES_SERVICE_HOST && (await exists(join(dir, "token")))) return inCluster(env, dir, clock);
  if (await exists(home)) return fromContext(await readKubeconfig([home], context), clock);
  throw new KubeError(
    "BadConfig",
    `No cluster: $KUBECONFIG is not set, this is no pod, and ${home} does not exist`,
  );
}

async function inCluster(env: NodeJS.ProcessEnv, dir: string, clock: Clock): Promise<ClusterAccess> {
  const host = env.KUBERNETES_SERVICE_HOST ?? "";
  const namespace = join(dir, "namespace");
  return {
    server: `https://${host.includes(":") ? `[${host}]` : host}:${env.KUBERNETES_SERVICE_PORT || "443"}`,
    namespace: (await exists(namespace)) ? await new FreshFile(namespace, clock).text() : "default",
    ca: new FreshFile(join(dir, "ca.crt"), clock),
    credentials: new PlainCredentials({ token: new FreshFile(join(dir, "token"), clock) }),
  };
}

function fromContext(chosen: ChosenContext, clock: Clock): ClusterAccess {
  const { cluster, user, namespace } = chosen;
  if (!cluster.server) throw new KubeError("BadConfig", `The context ${chosen.name} names no server`);
  return {
    server: cluster.server.replace(/\/+$/, ""),
    namespace,
    credentials: impersonating(user, credentialsOf(chosen, clock)),
    ca: text(cluster["certificate-authority-data"], cluster["certificate-authority"], clock),
    serverName: cluster["tls-server-name"],
    insecure: cluster["insecure-skip-tls-verify"],
    proxyUrl: cluster["proxy-url"],
  };
}

function credentialsOf(chosen: ChosenContext, clock: Clock): CredentialSource {
  const { cluster, user } = chosen;
  if (user.exec) {
    const info = {
      server: cluster.server,
      "tls-server-name": cluster["tls-server-name"],
      "insecure-skip-tls-verify": cluster["insecure-skip-tls-verify"],
      "certificate-authority-data": cluster["certificate-authority-data"],
      "proxy-url": cluster["proxy-url"],
    };
    return new ExecCredentials(user.exec, chosen.path, info, clock);
  }
  if (user["auth-provider"]) return new LegacyCredentials(cluster, user);
  return new PlainCredentials({
    // A token file changes, so it counts more than the token beside it.
    token: user.tokenFile ? new FreshFile(user.tokenFile, clock) : user.token,
    cert: text(user["client-certificate-data"], user["client-certificate"], clock),
    key: text(user["client-key-data"], user["client-key"], clock),
    username: user.username,
    password: user.password,
  });
}

function impersonating(user: UserEntry, inner: CredentialSource): CredentialSource {
  if (!user.as) return inner;
  const headers: Record<string, string | string[]> = { "impersonate-user": user.as };
  if (user["as-uid"]) headers["impersonate-uid"] = user["as-uid"];
  if (user["as-groups"]?.length) headers["impersonate-group"] = user["as-groups"];
  for (const [name, values] of Object.entries(user["as-user-extra"] ?? {})) {
    headers[`impersonate-extra-${encodeURIComponent(name)}`] = values;
  }
  return new WithHeaders(inner, headers);
}

function text(base64: string | undefined, path: string | undefined, clock: Clock): TextSource | undefined {
  if (base64) return Buffer.from(base64, "base64").toString("utf8");
  return path ? new FreshFile(path, clock) : undefined;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
