import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "../support/eventually.ts";
import { scenarioClass } from "../support/fake-flink/index.ts";

/** An answer with its text; `json` is whatever was in it. */
export interface RawReply {
  readonly status: number;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads the foreign body as it comes; a wrong path is a red test
  readonly json: any;
}

/** A row of /jobs/overview, as far as the facts need it. */
export interface JobRow {
  readonly jid: string;
  readonly name: string;
  readonly state: string;
  readonly tasks: Readonly<Record<string, number>>;
}

/** A completed checkpoint as /jobs/:jobid/checkpoints tells it, as far as the facts need it. */
export interface CheckpointRow {
  readonly id: number;
  readonly external_path: string;
  readonly discarded: boolean;
}

const ended = /^(FINISHED|CANCELED|FAILED)$/;
export const newId = () => randomBytes(16).toString("hex");

/** HTTP to a Flink and nothing else: no client of ours in between that could be wrong in the same way. */
export class RawFlink {
  readonly url: string;
  readonly jar: Buffer;
  /** In the name of every job of these tests, so that a shared cluster can be cleaned of them. */
  readonly tag = `facts-${newId().slice(0, 8)}`;
  #jarId: string | undefined;
  /** For savepoints of these tests; nobody else writes there. */
  readonly directory = `file:${join(tmpdir(), this.tag)}`;

  constructor(url: string, jar: Buffer) {
    this.url = url;
    this.jar = jar;
  }

  async call(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<RawReply> {
    const form = body instanceof FormData;
    const response = await fetch(this.url + path, {
      method,
      signal: signal ?? AbortSignal.timeout(30_000),
      ...(body === undefined ? {} : { body: form || typeof body === "string" ? body : JSON.stringify(body) }),
      ...(form || body === undefined ? {} : { headers: { "content-type": "application/json" } }),
    });
    const text = await response.text();
    return {
      status: response.status,
      text,
      json: text.startsWith("{") || text.startsWith("[") ? JSON.parse(text) : {},
    };
  }

  get = (path: string) => this.call("GET", path);
  post = (path: string, body?: unknown) => this.call("POST", path, body);

  async upload(name = "facts.jar", bytes = this.jar): Promise<RawReply & { jarId: string }> {
    const form = new FormData();
    form.append("jarfile", new Blob([new Uint8Array(bytes)], { type: "application/x-java-archive" }), name);
    const reply = await this.post("/jars/upload", form);
    return {
      ...reply,
      jarId:
        String(reply.json.filename ?? "")
          .split("/")
          .at(-1) ?? "",
    };
  }

  async jarId(): Promise<string> {
    this.#jarId ??= (await this.upload()).jarId;
    return this.#jarId;
  }

  /** POST /jars/:jarid/run of Scenario with these arguments. */
  async run(
    args: readonly string[],
    body: object = {},
    jarId?: string,
    signal?: AbortSignal,
  ): Promise<RawReply> {
    const path = `/jars/${jarId ?? (await this.jarId())}/run`;
    return this.call("POST", path, this.request(args, body), signal);
  }

  async runApplication(args: readonly string[], body: object = {}, jarId?: string): Promise<RawReply> {
    return this.post(`/jars/${jarId ?? (await this.jarId())}/run-application`, this.request(args, body));
  }

  request(args: readonly string[], body: object = {}): object {
    return {
      entryClass: scenarioClass,
      programArgsList: [...args, "--name", `${this.tag}-${args[0]}`],
      ...body,
    };
  }

  async jobs(): Promise<JobRow[]> {
    return (await this.get("/jobs/overview")).json.jobs;
  }

  async job(id: string): Promise<JobRow | undefined> {
    return (await this.jobs()).find((job) => job.jid === id);
  }

  /** Waits until the job is listed in this state. */
  async reaches(id: string, state: string, limitMs = 10_000): Promise<JobRow> {
    return eventually(async () => {
      const job = await this.job(id);
      if (job?.state !== state) throw new Error(`job ${id} is ${job?.state ?? "not listed"}, not ${state}`);
      return job;
    }, limitMs);
  }

  /** Waits until all its tasks run. */
  async tasksRun(id: string): Promise<void> {
    await eventually(async () => {
      const tasks = (await this.job(id))?.tasks;
      if (tasks === undefined || tasks.total === 0 || tasks.running !== tasks.total) {
        throw new Error(`tasks of ${id}: ${JSON.stringify(tasks)}`);
      }
    }, 20_000);
  }

  /** A running stream with this ID. */
  async stream(id = newId(), body: object = {}): Promise<string> {
    const reply = await this.run(["stream"], { jobId: id, ...body });
    if (reply.status !== 200) throw new Error(`run answered ${reply.status}: ${reply.text}`);
    await this.tasksRun(id);
    return id;
  }

  /** A finished job with this ID. */
  async batch(id = newId()): Promise<string> {
    const reply = await this.run(["batch"], { jobId: id });
    if (reply.status !== 200) throw new Error(`run answered ${reply.status}: ${reply.text}`);
    await this.reaches(id, "FINISHED");
    return id;
  }

  readonly checkpointing = { "execution.checkpointing.interval": "150 ms" };
  readonly retained = {
    ...this.checkpointing,
    "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
  };

  /** Flink < 1.19 knows the first key only. */
  fixedDelay(delay: string, attempts: number): Record<string, string> {
    return {
      "restart-strategy": "fixed-delay",
      "restart-strategy.type": "fixed-delay",
      "restart-strategy.fixed-delay.delay": delay,
      "restart-strategy.fixed-delay.attempts": String(attempts),
    };
  }

  /** A job whose task has failed and that waits for its restart. */
  async restarting(): Promise<string> {
    const jobId = newId();
    await this.run(["fail"], { jobId, flinkConfiguration: this.fixedDelay("60 s", 1) });
    await this.reaches(jobId, "RESTARTING");
    return jobId;
  }

  /** Waits for so many checkpoints; the latest of them. */
  async checkpointed(id: string, count = 1): Promise<CheckpointRow> {
    return eventually(async () => {
      const { counts, latest } = (await this.get(`/jobs/${id}/checkpoints`)).json;
      return counts.completed >= count && (latest.completed as CheckpointRow);
    });
  }

  /** Of a job that is over: what is told then may be as old as the endpoint's caches allow. */
  async checkpointsAtEnd(id: string): Promise<{ completed: CheckpointRow }> {
    const { json } = await this.get("/config");
    await new Promise((go) => setTimeout(go, json["refresh-interval"]));
    return (await this.get(`/jobs/${id}/checkpoints`)).json.latest;
  }

  cancel = (id: string) => this.call("PATCH", `/jobs/${id}?mode=cancel`);

  /** Waits for the answer to an asynchronous operation. */
  async operation(path: string): Promise<RawReply> {
    return eventually(async () => {
      const reply = await this.get(path);
      if (reply.json.status?.id !== "COMPLETED") throw new Error(`${path}: ${reply.text}`);
      return reply;
    });
  }

  /** Waits until the application is in this state. */
  async applicationReaches(id: string, status: string): Promise<RawReply> {
    return eventually(async () => {
      const reply = await this.get(`/applications/${id}`);
      if (reply.json.status !== status) throw new Error(`application ${id}: ${reply.text}`);
      return reply;
    });
  }

  /** The stacks of the threads in which a main() of Scenario runs, by thread name. */
  async mainThreads(): Promise<Map<string, string>> {
    const { threadInfos } = (await this.get("/jobmanager/thread-dump")).json as {
      threadInfos: { threadName: string; stringifiedThreadInfo: string }[];
    };
    const mains = threadInfos.filter((info) => info.stringifiedThreadInfo.includes(`${scenarioClass}.main(`));
    return new Map(mains.map((info) => [info.threadName, info.stringifiedThreadInfo]));
  }

  async incarnation(): Promise<string> {
    const entries = (await this.get("/jobmanager/config")).json as { key: string; value: string }[];
    return entries.find((entry) => entry.key === "web.tmpdir")?.value ?? "";
  }

  /** Cancels what these tests left running. */
  async clean(): Promise<void> {
    const mine = (await this.jobs()).filter((job) => job.name.startsWith(this.tag) && !ended.test(job.state));
    for (const job of mine) await this.cancel(job.jid);
    for (const job of mine)
      await eventually(async () => ended.test((await this.job(job.jid))?.state ?? "CANCELED"));
  }
}

/** Head of the innermost cause of a refusal: what says why. */
export function cause(reply: RawReply): string {
  const trace = String(reply.json.errors?.at(-1) ?? "");
  const last = trace.split("Caused by: ").at(-1) ?? "";
  return last.replace(/^<Exception on server side:\n/, "").split("\n")[0] ?? "";
}
