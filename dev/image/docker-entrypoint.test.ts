import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const run = promisify(execFile);
const entryPoint = join(import.meta.dirname, "docker-entrypoint.sh");
const runtime = "org.apache.flink.runtime";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "entry-"));
  for (const dir of ["java/bin", "flink/conf-default", "flink/conf", "given"])
    await mkdir(join(root, dir), { recursive: true });
  // Says what it was called with; computes memory as Flink's own class does.
  await writeFile(
    join(root, "java/bin/java"),
    `#!/bin/sh
case "$*" in
  *BashJavaUtils*) echo BASH_JAVA_UTILS_EXEC_RESULT:-Xmx1m; echo "BASH_JAVA_UTILS_EXEC_RESULT:-D memory=2m" ;;
  *) for word; do echo "$word"; done ;;
esac
`,
  );
  await chmod(join(root, "java/bin/java"), 0o755);
  await writeFile(join(root, "flink/conf-default/config.yaml"), "");
});
afterEach(() => rm(root, { recursive: true }));

/** The words with which Java was called at last, without those that open Java's modules. */
async function words(args: readonly string[], env: Record<string, string> = {}): Promise<string[]> {
  const { stdout } = await run("/bin/sh", [entryPoint, ...args], {
    env: {
      PATH: process.env.PATH,
      TMPDIR: root,
      JAVA_HOME: join(root, "java"),
      FLINK_HOME: join(root, "flink"),
      FLINK_CONF_DIR: join(root, "given"),
      ...env,
    },
  });
  return stdout
    .trimEnd()
    .split("\n")
    .filter((word) => !word.startsWith("--add-"));
}

describe("starts", () => {
  it.each([
    ["jobmanager", `${runtime}.entrypoint.StandaloneSessionClusterEntrypoint`],
    ["standalone-job", "org.apache.flink.container.entrypoint.StandaloneApplicationClusterEntryPoint"],
    ["taskmanager", `${runtime}.taskexecutor.TaskManagerRunner`],
    ["kubernetes-session", "org.apache.flink.kubernetes.entrypoint.KubernetesSessionClusterEntrypoint"],
    [
      "kubernetes-application",
      "org.apache.flink.kubernetes.entrypoint.KubernetesApplicationClusterEntrypoint",
    ],
    ["kubernetes-taskmanager", "org.apache.flink.kubernetes.taskmanager.KubernetesTaskExecutorRunner"],
  ])("%s by its class, with the configuration and the caller's words", async (role, main) => {
    const all = await words([role, "-D", "a=b c"]);
    const from = all.indexOf(main);
    expect(all.slice(from, from + 5)).toEqual([main, "--configDir", join(root, "flink-conf"), "-D", "a=b c"]);
  });

  it("any other command as it is", async () => {
    expect(await words(["echo", "a", "b"])).toEqual(["a b"]);
  });
});

it("keeps the configuration when it is called by another of its commands, as native mode does", async () => {
  await writeFile(join(root, "given/config.yaml"), "env.java.opts.all: -Da=1\n");
  const all = await words(["/bin/sh", entryPoint, "kubernetes-session"], { FLINKJOB_STATIC_MEMORY: "1" });
  expect(all[0]).toBe("-Da=1");
});

it("computes the memory as the official image does, or is told all of it", async () => {
  const computed = await words(["taskmanager"]);
  expect(computed[0]).toBe("-Xmx1m");
  expect(computed.slice(-2)).toEqual(["-D", "memory=2m"]);
  expect((await words(["jobmanager"])).at(-1)).toBe(join(root, "flink-conf"));
  const told = await words(["taskmanager"], { FLINKJOB_STATIC_MEMORY: "1", JVM_ARGS: "-Xmx7m -Xms7m" });
  expect(told.slice(0, 2)).toEqual(["-Xmx7m", "-Xms7m"]);
  expect(told).not.toContain("memory=2m");
  const byJobManager = await words(["kubernetes-taskmanager"], { FLINK_TM_JVM_MEM_OPTS: "-Xmx9m" });
  expect(byJobManager[0]).toBe("-Xmx9m");
});

it("hands the lines of FLINK_PROPERTIES over, after the caller's words", async () => {
  const properties = "# a comment: no\n  rest.port: 8081 \nuri: file:///a:b\n\nplain\n";
  const all = await words(["jobmanager", "-D", "x=y"], { FLINK_PROPERTIES: properties });
  expect(all.slice(-6)).toEqual(["-D", "x=y", "-D", "rest.port=8081", "-D", "uri=file:///a:b"]);
});

it("takes the JobManager's address as its first word", async () => {
  const all = await words(["jobmanager", "10.0.0.1", "-D", "a=b"]);
  expect(all.slice(-4)).toEqual(["-D", "jobmanager.rpc.address=10.0.0.1", "-D", "a=b"]);
});

it("gives Java the options of config.yaml for all and for this role; an argument wins", async () => {
  const file =
    'env.java.opts.all: -Da=1\nenv.java.opts.jobmanager: "-Dj=1"\nenv.java.opts.taskmanager: -Dt=1\n';
  await writeFile(join(root, "given/config.yaml"), file);
  const quick = { FLINKJOB_STATIC_MEMORY: "1" };
  expect((await words(["jobmanager"], quick)).slice(0, 2)).toEqual(["-Da=1", "-Dj=1"]);
  const won = await words(["taskmanager", "-D", "env.java.opts.taskmanager=-Dt=2"], quick);
  expect(won.slice(0, 2)).toEqual(["-Da=1", "-Dt=2"]);
});
