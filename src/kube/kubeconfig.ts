import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { KubeError } from "./errors.ts";
import type { ExecPlugin } from "./exec-credentials.ts";

/** clusters[].cluster */
export interface ClusterEntry {
  server?: string;
  "certificate-authority"?: string;
  "certificate-authority-data"?: string;
  "insecure-skip-tls-verify"?: boolean;
  "tls-server-name"?: string;
  "proxy-url"?: string;
}

/** users[].user */
export interface UserEntry {
  token?: string;
  tokenFile?: string;
  "client-certificate"?: string;
  "client-certificate-data"?: string;
  "client-key"?: string;
  "client-key-data"?: string;
  username?: string;
  password?: string;
  exec?: ExecPlugin;
  "auth-provider"?: { name: string; config?: Record<string, string> };
  as?: string;
  "as-uid"?: string;
  "as-groups"?: string[];
  "as-user-extra"?: Record<string, string[]>;
}

/** contexts[].context */
export interface ContextEntry {
  cluster?: string;
  user?: string;
  namespace?: string;
}

/** The cluster, user and namespace that one context chooses, with absolute paths. */
export interface ChosenContext {
  name: string;
  /** The file that named the user: a relative credential plugin is looked up beside it. */
  path: string;
  cluster: ClusterEntry;
  user: UserEntry;
  namespace: string;
}

interface File {
  "current-context"?: string;
  clusters?: ({ name: string; cluster: ClusterEntry } | null)[] | null;
  users?: ({ name: string; user: UserEntry | null } | null)[] | null;
  contexts?: ({ name: string; context: ContextEntry } | null)[] | null;
}

/** Reads kubeconfig files as kubectl does: of two entries with one name, the first file's counts. */
export async function readKubeconfig(paths: string[], contextName?: string): Promise<ChosenContext> {
  const clusters = new Map<string, ClusterEntry>();
  const users = new Map<string, { path: string; user: UserEntry }>();
  const contexts = new Map<string, ContextEntry>();
  let current = contextName;
  for (const path of paths) {
    const file = await parse(path);
    current ||= file["current-context"];
    for (const entry of present(file.clusters)) {
      if (!clusters.has(entry.name)) clusters.set(entry.name, absolute(entry.cluster, path, clusterPaths));
    }
    for (const entry of present(file.users)) {
      if (users.has(entry.name)) continue;
      users.set(entry.name, { path, user: absolute(entry.user ?? {}, path, userPaths) });
    }
    for (const entry of present(file.contexts)) {
      if (!contexts.has(entry.name)) contexts.set(entry.name, entry.context);
    }
  }
  const context = contexts.get(current ?? "");
  if (!current || !context) throw bad(paths, `has no context ${JSON.stringify(current ?? "")}`);
  const cluster = clusters.get(context.cluster ?? "");
  if (!cluster) throw bad(paths, `has no cluster ${JSON.stringify(context.cluster ?? "")}`);
  const user = users.get(context.user ?? "");
  if (context.user && !user) throw bad(paths, `has no user ${JSON.stringify(context.user)}`);
  return {
    name: current,
    path: user?.path ?? paths[0] ?? "",
    cluster,
    user: user?.user ?? {},
    namespace: context.namespace || "default",
  };
}

const clusterPaths = ["certificate-authority"] as const;
const userPaths = ["tokenFile", "client-certificate", "client-key"] as const;

function absolute<T extends { [name in P]?: string }, P extends string>(
  entry: T,
  file: string,
  names: readonly P[],
): T {
  const copy = { ...entry };
  for (const name of names) {
    const path = entry[name];
    if (path) copy[name] = resolve(dirname(file), path) as T[P];
  }
  return copy;
}

async function parse(path: string): Promise<File> {
  let content: unknown;
  try {
    const text = await readFile(path, "utf8");
    // In a cluster there is no kubeconfig, and no reason to hold a YAML parser in memory.
    content = (await import("yaml")).parse(text);
  } catch (cause) {
    throw new KubeError("BadConfig", `Cannot read the kubeconfig ${path}`, { cause });
  }
  if (typeof content !== "object" || content === null) throw bad([path], "is empty");
  const { clusters, users, contexts } = content as Record<string, unknown>;
  for (const list of [clusters, users, contexts]) {
    if (list !== undefined && list !== null && !Array.isArray(list)) throw bad([path], "is no kubeconfig");
  }
  return content as File;
}

function present<T>(list: (T | null)[] | null | undefined): T[] {
  return (list ?? []).filter((entry): entry is T & object => typeof entry === "object" && entry !== null);
}

function bad(paths: string[], what: string): KubeError {
  return new KubeError("BadConfig", `The kubeconfig ${paths.join(", ")} ${what}`);
}
