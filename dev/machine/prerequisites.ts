import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { platform, tmpdir, userInfo } from "node:os";
import { promisify } from "node:util";
import { hasCode } from "./system-error.ts";

const run = promisify(execFile);

export type Prerequisite =
  | "go"
  | "java"
  | "maven"
  | "python"
  | "docker"
  | "kubectl"
  | "containers"
  | "browser";

export interface Problem {
  readonly tool: Prerequisite;
  /** What is wrong, e.g. "Java 11 is too old: 17 or newer is needed". */
  readonly message: string;
  /** What a person can do about it. */
  readonly remedy: string;
}

/** Tools of this machine are missing or too old; the message names all of them, with the ways out. Not to be retried. */
export class PrerequisitesError extends Error {
  readonly code = "PREREQUISITES";
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[], options?: ErrorOptions) {
    const lines = problems.map(({ message, remedy }) => `  - ${message}\n      ${remedy}`);
    super(`This machine lacks what is needed:\n${lines.join("\n")}`, options);
    this.name = "PrerequisitesError";
    this.problems = problems;
  }
}

export interface PrerequisiteOptions {
  readonly needs: readonly Prerequisite[];
  /** PATH and JAVA_HOME are taken from it; default: of this process. */
  readonly env?: NodeJS.ProcessEnv;
}

/** What a tool printed; undefined when it is not there. Throws when it is there and fails. */
type Ask = (command: string, ...args: string[]) => Promise<string | undefined>;
/** Programs that are a Chromium, the first that is there is taken. */
export const browserPrograms: readonly string[] = [
  "chromium",
  "chromium-browser",
  "google-chrome",
  "google-chrome-stable",
];

/** What is wrong; undefined when all is well. */
type Check = (ask: Ask, env: NodeJS.ProcessEnv) => Promise<string | undefined>;

const patienceMillis = 30_000;

/** Debian's, for a Kubernetes node of this machine. */
export const containerPackages: readonly string[] = [
  "containerd",
  "runc",
  "containernetworking-plugins",
  "nftables",
  "busybox-static",
];
const containerTools = "containerd ctr runc nft busybox unshare nsenter mount ip";

/** Where this machine has the plugins that make a pod's network; undefined without them. */
export function networkPluginFolder(): string | undefined {
  return ["/usr/lib/cni", "/opt/cni/bin"].find((folder) => existsSync(`${folder}/ptp`));
}

const checks: Record<Prerequisite, { readonly check: Check; readonly remedy: string }> = {
  go: {
    check: checkGo,
    remedy: "Install Go 1.26 (https://go.dev/dl), or use a cluster of your own: --kube current.",
  },
  java: {
    check: checkJava,
    remedy: "Install a JDK (not only a JRE) of 17 or newer, e.g. apt-get install openjdk-17-jdk-headless.",
  },
  maven: {
    check: checkMaven,
    remedy: "Install Maven 3.8 or newer (it needs a JDK itself), e.g. apt-get install maven.",
  },
  python: {
    check: checkPython,
    remedy: "Install Python 3.10 or newer with its venv module, e.g. apt-get install python3-venv.",
  },
  docker: {
    check: checkDocker,
    remedy: "Install and start a Docker engine, or do without it: --kube embedded.",
  },
  kubectl: {
    check: async (ask) =>
      (await ask("kubectl", "version", "--client")) === undefined ? "kubectl is missing" : undefined,
    remedy: "Install kubectl, or do without it: --kube embedded brings its own.",
  },
  browser: {
    check: checkBrowser,
    remedy: "Install Chromium or Chrome, e.g. apt-get install chromium.",
  },
  containers: {
    check: checkContainers,
    remedy: `Be root on Linux and install them: apt-get install ${containerPackages.join(" ")} iproute2.`,
  },
};

/** Checks that the tools are there and new enough; downloads nothing. Throws PrerequisitesError with all that is wrong. */
export async function checkPrerequisites({ needs, env = process.env }: PrerequisiteOptions): Promise<void> {
  const ask: Ask = (command, ...args) => answer(command, args, env);
  const found = await Promise.all(
    [...new Set(needs)].map(async (tool) => {
      const { check, remedy } = checks[tool];
      const message = await check(ask, env).catch(
        (error: unknown) => `${tool} does not work: ${said(error)}`,
      );
      return message === undefined ? [] : [{ tool, message, remedy }];
    }),
  );
  const problems = found.flat();
  if (problems.length > 0) throw new PrerequisitesError(problems);
}

async function answer(command: string, args: string[], env: NodeJS.ProcessEnv): Promise<string | undefined> {
  try {
    // Not where a go.mod is: Go would fetch the version that it asks for.
    const { stdout, stderr } = await run(command, args, { cwd: tmpdir(), env, timeout: patienceMillis });
    return `${stdout}${stderr}`;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** Go fetches a newer version of itself since 1.21, if it may. */
async function checkGo(ask: Ask): Promise<string | undefined> {
  const output = await ask("go", "version");
  if (output === undefined) return "Go is missing";
  const version = versionIn(output, /go version go(\S+)/);
  if (version === undefined) return `Go's version is not understood: ${firstLine(output)}`;
  if (isAtLeast(version, [1, 26])) return undefined;
  if (!isAtLeast(version, [1, 21])) return `Go ${version.text} is too old: 1.26 or newer is needed`;
  const toolchain = (await ask("go", "env", "GOTOOLCHAIN"))?.trim() ?? "";
  if (/(^|\+)(auto|path)$/.test(toolchain)) return undefined;
  return `Go ${version.text} is too old and may not fetch a newer one (GOTOOLCHAIN=${toolchain}): 1.26 or newer is needed, or GOTOOLCHAIN=auto`;
}

async function checkJava(ask: Ask, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const bin = env.JAVA_HOME ? `${env.JAVA_HOME}/bin/` : "";
  const where = env.JAVA_HOME ? ` in JAVA_HOME=${env.JAVA_HOME}` : "";
  const [java, javac] = await Promise.all([ask(`${bin}java`, "-version"), ask(`${bin}javac`, "-version")]);
  if (java === undefined && javac === undefined) return `Java is missing${where}`;
  if (java === undefined) return `java is missing${where}, although javac is there`;
  const version = versionIn(java, /version "([^"]+)"/);
  if (version === undefined) return `Java's version is not understood: ${firstLine(java)}`;
  if (!isAtLeast(version, [17])) return `Java ${version.text}${where} is too old: 17 or newer is needed`;
  if (javac === undefined) return `javac is missing${where}: Java ${version.text} there is only a JRE`;
  const compiler = versionIn(javac, /javac (\S+)/);
  if (compiler === undefined || !isAtLeast(compiler, [17]))
    return `${firstLine(javac)}${where} is too old: 17 or newer is needed`;
  return undefined;
}

async function checkMaven(ask: Ask): Promise<string | undefined> {
  const output = await ask("mvn", "--batch-mode", "--version");
  if (output === undefined) return "Maven (mvn) is missing";
  const version = versionIn(output, /Apache Maven (\d\S*)/);
  if (version === undefined) return `Maven's version is not understood: ${firstLine(output)}`;
  return isAtLeast(version, [3, 8]) ? undefined : `Maven ${version.text} is too old: 3.8 or newer is needed`;
}

async function checkPython(ask: Ask): Promise<string | undefined> {
  const output = await ask("python3", "--version");
  if (output === undefined) return "Python (python3) is missing";
  const version = versionIn(output, /Python (\S+)/);
  if (version === undefined) return `Python's version is not understood: ${firstLine(output)}`;
  if (!isAtLeast(version, [3, 10])) return `Python ${version.text} is too old: 3.10 or newer is needed`;
  await ask("python3", "-c", "import ensurepip, venv");
  return undefined;
}

async function checkDocker(ask: Ask): Promise<string | undefined> {
  try {
    const engine = await ask("docker", "version", "--format", "{{.Server.Version}}");
    return engine === undefined ? "Docker is missing" : undefined;
  } catch (error) {
    return `No Docker engine answers: ${said(error)}`;
  }
}

async function checkBrowser(ask: Ask): Promise<string | undefined> {
  const search = `for program in ${browserPrograms.join(" ")}; do command -v $program && break; done`;
  const found = (await ask("/bin/sh", "-c", `${search}; true`))?.trim();
  return found === undefined || found === "" ? "A browser is missing" : undefined;
}

/** What runs pods: nothing of it is asked to do anything yet. */
async function checkContainers(ask: Ask): Promise<string | undefined> {
  if (platform() !== "linux") return `Pods run on Linux only, not on ${platform()}`;
  if (userInfo().uid !== 0) return "Running pods needs root";
  const search = `for tool in ${containerTools}; do command -v $tool >/dev/null || echo $tool; done`;
  const missing = (await ask("/bin/sh", "-c", search))?.trim().split("\n").filter(Boolean) ?? [];
  if (networkPluginFolder() === undefined) missing.push("CNI plugins");
  return missing.length === 0 ? undefined : `What runs pods is missing: ${missing.join(", ")}`;
}

interface Version {
  readonly text: string;
  readonly numbers: readonly number[];
}

/** "1.26.8", "1.26rc1", "17.0.15+6" and "1.8.0_402" start with numbers; what follows does not matter here. */
function versionIn(output: string, pattern: RegExp): Version | undefined {
  const text = pattern.exec(output)?.[1];
  const numbers = /^\d+(\.\d+)*/
    .exec(text ?? "")?.[0]
    .split(".")
    .map(Number);
  return text === undefined || numbers === undefined ? undefined : { text, numbers };
}

function isAtLeast({ numbers }: Version, wanted: readonly number[]): boolean {
  for (const [i, want] of wanted.entries()) {
    const have = numbers[i] ?? 0;
    if (have !== want) return have > want;
  }
  return true;
}

function firstLine(text: string): string {
  return text.trim().split("\n", 1)[0] ?? "";
}

/** What a failed command itself said last, or else the system. */
function said(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const stderr = "stderr" in error ? String(error.stderr).trim() : "";
  return stderr.split("\n").at(-1) || error.message;
}
