import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ensureFlinkHome } from "../../dev/flink/home.ts";
import { jdkTool } from "../../dev/flink/java.ts";
import { moduleFlags, quickFlags } from "../../dev/flink/jvm.ts";
import { isAtLeast, releaseOf } from "../../dev/flink/release.ts";
import type { Printed } from "./kubectl.ts";

const level = "rootLogger.level = WARN\nrootLogger.appenderRef.a.ref = A\n";
const appender = "appender.a.type = Console\nappender.a.name = A\nappender.a.target = SYSTEM_ERR\n";

/** A command that may not have ended yet. */
export interface RunningCli {
  /** So far. */
  readonly printed: { readonly stdout: string; readonly stderr: string };
  readonly ended: Promise<Printed>;
  kill(signal: "SIGINT" | "SIGKILL"): void;
}

/** Flink's own command line, as it is in a distribution, with a configuration that knows one cluster. */
export class FlinkCli {
  readonly #version: string;
  readonly #dir: string;
  readonly #environment: Readonly<Record<string, string>>;

  private constructor(version: string, dir: string, environment: Readonly<Record<string, string>>) {
    this.#version = version;
    this.#dir = dir;
    this.#environment = environment;
  }

  /** `configuration` goes into Flink's configuration file as it is; `environment` is what a user would export. */
  static async install(options: {
    version: string;
    /** Is made. */
    dir: string;
    configuration: Readonly<Record<string, string | number>>;
    environment?: Readonly<Record<string, string>>;
  }): Promise<FlinkCli> {
    const { version, dir, configuration, environment = {} } = options;
    await mkdir(dir);
    const lines = Object.entries(configuration).map(([key, value]) => `${key}: ${value}\n`);
    const file = isAtLeast(releaseOf(version), "1.19") ? "config.yaml" : "flink-conf.yaml";
    await writeFile(join(dir, file), lines.join(""));
    await writeFile(join(dir, "log4j.properties"), level + appender);
    return new FlinkCli(version, dir, environment);
  }

  /** `flink ARGS`. Its exit code is the caller's to judge. */
  async run(...args: string[]): Promise<Printed> {
    return (await this.start(...args)).ended;
  }

  /** The same, for whoever has something to do meanwhile. */
  async start(...args: string[]): Promise<RunningCli> {
    const { classPath } = await ensureFlinkHome(this.#version);
    const flags = [
      ...quickFlags,
      ...moduleFlags,
      `-Dlog4j.configurationFile=file:${join(this.#dir, "log4j.properties")}`,
      ...["-cp", classPath, "org.apache.flink.client.cli.CliFrontend"],
    ];
    const child = spawn(jdkTool("java"), [...flags, ...args], {
      cwd: this.#dir,
      env: { ...process.env, FLINK_CONF_DIR: this.#dir, ...this.#environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const printed = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name].on("data", (chunk: Buffer) => {
        printed[name] += chunk.toString();
      });
    }
    const ended = once(child, "close").then(([code]) => ({
      code: (code as number | null) ?? -1,
      ...printed,
    }));
    return { printed, ended, kill: (signal) => void child.kill(signal) };
  }
}
