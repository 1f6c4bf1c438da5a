import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { identify, type ProcessIdentity } from "../machine/process.ts";
import { classArchive, type Role } from "./archive.ts";
import { taskManagerMebibytes, taskManagerResources } from "./configuration.ts";
import type { FlinkHome } from "./home.ts";
import { jdkTool } from "./java.ts";

/** A process of a local cluster. */
export interface Member {
  readonly process: ProcessIdentity;
  /** See ClassArchive. */
  readonly recording?: string;
}

export interface Launch {
  readonly home: FlinkHome;
  readonly dir: string;
  readonly role: Role;
  /** Distinguishes the processes of one role, and names their log files. */
  readonly name: string;
  readonly slots: number;
  /** The name under which Flink should know a TaskManager. */
  readonly resourceId?: string;
}

/** The packages that Flink's serializers and RPC reach into (Flink's own default for `env.java.opts.all`). */
const opened =
  "lang net io nio lang.reflect text time util util.concurrent util.concurrent.atomic util.concurrent.locks";
export const moduleFlags: readonly string[] = [
  ...opened.split(" ").map((name) => `--add-opens=java.base/java.${name}=ALL-UNNAMED`),
  "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
  // Flink before 1.18, which did not know Java 17 yet.
  "--add-exports=java.base/sun.net.util=ALL-UNNAMED",
  "--add-exports=java.rmi/sun.rmi.registry=ALL-UNNAMED",
  "--add-exports=java.security.jgss/sun.security.krb5=ALL-UNNAMED",
];

/** Compile quickly instead of well and collect with one thread: half the start, two thirds of the memory. Not for production. */
export const quickFlags: readonly string[] = [
  "-XX:TieredStopAtLevel=1",
  "-XX:+UseSerialGC",
  "-XX:-UsePerfData",
];

/** Starts a JVM that goes on when this process ends; its output goes to `logs/NAME.out`. */
export async function launch(what: Launch): Promise<Member> {
  const { home, dir, role, name } = what;
  const archive = await classArchive(home, role);
  const args = [
    ...quickFlags,
    ...archive.flags,
    ...memoryFlags(what),
    ...moduleFlags,
    // Or else every ZooKeeper client logs an error about a login that nobody configured.
    "-Dzookeeper.sasl.client=false",
    `-Dlog.file=${logFile(dir, name)}`,
    `-Dlog4j.configurationFile=file:${join(dir, "conf", "log4j.properties")}`,
    `-Djava.io.tmpdir=${join(dir, "tmp")}`,
    "-cp",
    home.classPath,
    ...mainAndArguments(what),
  ];
  const output = openSync(join(dir, "logs", `${name}.out`), "a");
  try {
    const child = spawn(jdkTool("java"), args, {
      cwd: dir,
      detached: true,
      stdio: ["ignore", output, output],
    });
    await once(child, "spawn");
    child.unref();
    const process = identify(child.pid!);
    if (process === undefined)
      throw new Error(`${name} ended at once: see ${logFile(dir, name)} and the .out beside it`);
    return { process, ...(archive.recording !== undefined && { recording: archive.recording }) };
  } finally {
    closeSync(output);
  }
}

export function logFile(dir: string, name: string): string {
  return join(dir, "logs", `${name}.log`);
}

function memoryFlags({ role, slots }: Launch): string[] {
  switch (role) {
    case "jobmanager":
      return ["-Xms64m", "-Xmx384m", "-XX:MaxMetaspaceSize=256m"];
    case "taskmanager": {
      const { taskHeap, frameworkHeap, network, frameworkOffHeap } = taskManagerMebibytes(slots);
      const heap = `-Xmx${taskHeap + frameworkHeap}m`;
      return [
        "-Xms64m",
        heap,
        `-XX:MaxDirectMemorySize=${network + frameworkOffHeap}m`,
        "-XX:MaxMetaspaceSize=192m",
      ];
    }
    case "zookeeper":
      return ["-Xms16m", "-Xmx64m", "-XX:MaxMetaspaceSize=64m"];
  }
}

function mainAndArguments({ role, dir, slots, resourceId }: Launch): string[] {
  const conf = join(dir, "conf");
  const runtime = "org.apache.flink.runtime";
  switch (role) {
    case "jobmanager":
      return [`${runtime}.entrypoint.StandaloneSessionClusterEntrypoint`, "--configDir", conf];
    case "taskmanager":
      return [
        `${runtime}.taskexecutor.TaskManagerRunner`,
        ...["--configDir", conf],
        ...taskManagerResources(slots),
        ...(resourceId === undefined ? [] : ["-D", `taskmanager.resource-id=${resourceId}`]),
      ];
    case "zookeeper": {
      const file = join(conf, "zoo.cfg");
      return [`${runtime}.zookeeper.FlinkZooKeeperQuorumPeer`, "--zkConfigFile", file, "--peerId", "1"];
    }
  }
}
