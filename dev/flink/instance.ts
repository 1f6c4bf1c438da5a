import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { end, isRunning } from "../machine/process.ts";
import { keepRecording, type Role } from "./archive.ts";
import { ensureFlinkHome, type FlinkHome } from "./home.ts";
import { launch, logFile, type Member } from "./jvm.ts";
import { untilReady } from "./readiness.ts";
import { freezeBetweenResults } from "./result-store.ts";
import { type ClusterState, noteInstance, type TaskManagerMember, writeState } from "./state.ts";

/** A running local Flink cluster, made of real processes of this machine. */
export interface FlinkInstance {
  /** The full release, e.g. "2.3.0". */
  readonly version: string;
  /** REST; stays the same when the JobManager is started again. */
  readonly url: string;
  readonly dir: string;
  readonly ha: boolean;
  /** The processes of now; 0 for a JobManager that is down. */
  readonly pids: {
    readonly jobManager: number;
    readonly taskManagers: number[];
    readonly zooKeeper?: number;
  };
  readonly logs: {
    readonly jobManager: string;
    readonly taskManagers: string[];
    readonly zooKeeper?: string;
  };
  /** From the first process to the last slot, in milliseconds; 0 when it was running already. */
  readonly startedInMs: number;
  /** Ends all processes; the directory stays, with checkpoints, logs and HA data. */
  stop(): Promise<void>;
  /** Default SIGKILL: no good-bye to ZooKeeper or to the TaskManagers. Resolves when the process is gone. */
  killJobManager(signal?: NodeJS.Signals): Promise<void>;
  /**
   * On the same port and with the same directories. Resolves when the process runs ("process"), or when REST answers and
   * all slots are registered ("ready", the default). Without HA "ready" replaces the TaskManagers too: nobody tells the
   * old ones, and they look for a new JobManager only after their heartbeat timeout (20 s).
   */
  startJobManager(until?: "process" | "ready"): Promise<void>;
  /** Ends them (default SIGTERM) and starts as many again; resolves when their slots are registered. */
  restartTaskManagers(signal?: NodeJS.Signals): Promise<void>;
}

/** Longest good-bye of a JVM; one that records its classes needs a few seconds for it. */
const graceMillis = 20_000;
const readyMillis = 60_000;

export class LocalFlink implements FlinkInstance {
  readonly startedInMs: number;
  #state: ClusterState;
  readonly #home: FlinkHome;

  /** For a cluster whose processes run. */
  constructor(home: FlinkHome, state: ClusterState, startedInMs: number) {
    this.#home = home;
    this.#state = state;
    this.startedInMs = startedInMs;
  }

  /** Starts all processes at once; those that are waited for by others come up in time by themselves. */
  static async start(home: FlinkHome, empty: ClusterState, taskManagers: number): Promise<LocalFlink> {
    const begin = performance.now();
    const flink = new LocalFlink(home, empty, 0);
    try {
      if (empty.ha) await flink.#change({ zooKeeper: await flink.#launch("zookeeper", "zookeeper") });
      await flink.#launchJobManager();
      await flink.#launchTaskManagers(taskManagers);
      await flink.#untilReady();
    } catch (error) {
      await flink.#endAll("SIGKILL");
      throw error;
    }
    return new LocalFlink(home, flink.#state, Math.round(performance.now() - begin));
  }

  static async of(state: ClusterState): Promise<LocalFlink> {
    return new LocalFlink(await ensureFlinkHome(state.release), state, 0);
  }

  get version() {
    return this.#state.release;
  }
  get url() {
    return this.#state.url;
  }
  get dir() {
    return this.#state.dir;
  }
  get ha() {
    return this.#state.ha;
  }

  get pids() {
    const { jobManager, taskManagers, zooKeeper } = this.#state;
    return {
      jobManager: jobManager?.process.pid ?? 0,
      taskManagers: taskManagers.map((member) => member.process.pid),
      ...(zooKeeper !== undefined && { zooKeeper: zooKeeper.process.pid }),
    };
  }

  get logs() {
    const { dir, taskManagers, zooKeeper } = this.#state;
    return {
      jobManager: logFile(dir, "jobmanager"),
      taskManagers: taskManagers.map((_, i) => logFile(dir, taskManagerName(i))),
      ...(zooKeeper !== undefined && { zooKeeper: logFile(dir, "zookeeper") }),
    };
  }

  async stop(): Promise<void> {
    await this.#endAll("SIGTERM");
  }

  async killJobManager(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const { jobManager, ...others } = this.#state;
    if (jobManager === undefined) return;
    if (this.ha && signal === "SIGKILL" && isRunning(jobManager.process))
      await freezeBetweenResults(jobManager.process.pid, join(this.dir, "ha"));
    await this.#end("jobmanager", jobManager, signal);
    await this.#save(others);
  }

  async startJobManager(until: "process" | "ready" = "ready"): Promise<void> {
    const { jobManager } = this.#state;
    if (jobManager !== undefined && isRunning(jobManager.process))
      throw new Error("The JobManager is running");
    const replaced = until === "ready" && !this.ha ? await this.#endTaskManagers("SIGKILL") : 0;
    await this.#launchJobManager();
    await this.#launchTaskManagers(replaced);
    if (until === "ready") await this.#untilReady();
  }

  async restartTaskManagers(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    await this.#launchTaskManagers(await this.#endTaskManagers(signal));
    await this.#untilReady();
  }

  /** How many there were. */
  async #endTaskManagers(signal: NodeJS.Signals): Promise<number> {
    const { taskManagers } = this.#state;
    await Promise.all(taskManagers.map((member) => this.#end("taskmanager", member, signal)));
    await this.#change({ taskManagers: [] });
    return taskManagers.length;
  }

  async #launchJobManager(): Promise<void> {
    await this.#change({ jobManager: await this.#launch("jobmanager", "jobmanager") });
  }

  async #launchTaskManagers(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const resourceId = `${taskManagerName(i)}-${randomUUID().slice(0, 8)}`;
      const member = await this.#launch("taskmanager", taskManagerName(i), resourceId);
      const taskManagers: TaskManagerMember[] = [...this.#state.taskManagers, { ...member, resourceId }];
      await this.#change({ taskManagers });
    }
  }

  #launch(role: Role, name: string, resourceId?: string): Promise<Member> {
    const { dir, slots } = this.#state;
    return launch({
      home: this.#home,
      dir,
      role,
      name,
      slots,
      ...(resourceId !== undefined && { resourceId }),
    });
  }

  #untilReady(): Promise<void> {
    return untilReady(this.#state, readyMillis);
  }

  /**
   * The JobManager first: if it saw the TaskManagers go, it would let their jobs fail for ever instead of keeping them for
   * the next start. ZooKeeper last: the others take their leave of it.
   */
  async #endAll(signal: NodeJS.Signals): Promise<void> {
    const { jobManager, taskManagers, zooKeeper, ...rest } = this.#state;
    if (jobManager !== undefined) await this.#end("jobmanager", jobManager, signal);
    await Promise.all(taskManagers.map((member) => this.#end("taskmanager", member, signal)));
    if (zooKeeper !== undefined) await this.#end("zookeeper", zooKeeper, signal);
    await this.#save({ ...rest, taskManagers: [] });
  }

  async #end(role: Role, { process, recording }: Member, signal: NodeJS.Signals): Promise<void> {
    const byItself = await end(process, signal, graceMillis);
    if (recording !== undefined && byItself && signal !== "SIGKILL")
      await keepRecording(this.#home, role, recording);
  }

  #change(changed: Partial<ClusterState>): Promise<void> {
    return this.#save({ ...this.#state, ...changed });
  }

  async #save(state: ClusterState): Promise<void> {
    this.#state = state;
    await noteInstance(state);
    await writeState(state);
  }
}

function taskManagerName(index: number): string {
  return `taskmanager-${index + 1}`;
}
