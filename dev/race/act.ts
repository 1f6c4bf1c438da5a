import { openAsBlob } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { FlinkJobSpecInput } from "../../src/api/flinkjob.ts";
import { API_VERSION } from "../../src/api/group.ts";
import type { FlinkJob } from "../../src/api/objects.ts";
import { isKubeError } from "../../src/kube/errors.ts";
import { flinkJobs } from "../../src/kube/resources.ts";
import type { Paint, Screen } from "../demo/screen.ts";
import { scenarioClass } from "../flink/jobs.ts";
import { ListThenSubmit, type Watched } from "./list-then-submit.ts";
import type { Place } from "./place.ts";
import { type Answer, Recorder } from "./recorder.ts";
import { type Lane, type Mood, Timeline } from "./timeline.ts";

/** How many Flink jobs one party ran for one wish, as the recorder counted them. */
export interface Count {
  readonly jobs: number;
  /** The most that lived at the same time. */
  readonly atOnce: number;
}

/** What came of a scene. */
export interface Outcome {
  readonly scene: string;
  readonly flink: string;
  readonly highAvailability: boolean;
  readonly agent: Count;
  readonly ours: Count;
  /** FlinkJobs that came in meanwhile, and the Flink jobs that ran for them. */
  readonly traffic?: { readonly flinkJobs: number; readonly jobs: number };
  /** Whether everything was seen that the scene tells. */
  readonly complete: boolean;
}

/** FlinkJobs that came in meanwhile; counts them when the last has settled. */
export interface Bystanders {
  settle(): Promise<{ flinkJobs: number; jobs: number }>;
}

/** The longest that anything in a scene is waited for, in milliseconds. */
const PATIENCE_MS = 60_000;
const LOOK_EVERY_MS = 40;

/** A scene while it is played: the parties, their columns, and who counts. */
export class Act {
  readonly place: Place;
  /** The names of the Flink jobs that the parties run. */
  readonly agentJob: string;
  readonly ourJob: string;
  readonly recorder: Recorder;
  readonly #screen: Screen;
  readonly #timeline: Timeline;
  readonly #agents: ListThenSubmit[] = [];
  readonly #followed = new AbortController();
  readonly #following: Promise<void>[] = [];
  readonly #names: string[] = [];
  readonly #onEnd: (() => Promise<void>)[] = [];
  #shownAnswer = "";
  #problem: unknown;
  #missed = 0;

  constructor(place: Place, screen: Screen, paint: Paint, scene: { name: string; agent: string }) {
    this.place = place;
    this.agentJob = `${scene.name}-agent`;
    this.ourJob = `${scene.name}-flinkjob`;
    this.#screen = screen;
    const heads = { jobManager: "JobManager", agent: scene.agent, flinkJob: "FlinkJob" };
    this.#timeline = new Timeline(screen, paint, heads);
    const { url, ha } = place.flink;
    this.recorder = new Recorder(url, ha, (answer) => this.#showAnswer(answer));
  }

  tell(lane: Lane, text: string, mood?: Mood): void {
    this.#timeline.tell(lane, text, mood);
  }

  /** Says whether something was seen that the scene is about. */
  claim(holds: boolean, text: string): void {
    this.#timeline.end();
    if (!holds) this.#missed++;
    this.#screen.tell({ kind: holds ? "seen" : "missed", text });
  }

  /** Applies a FlinkJob whose Flink job bears the same name, and shows what its status says from then on. */
  async apply(name: string, args: readonly string[], shown = true): Promise<void> {
    const { kube, namespace, flink, jarUri } = this.place;
    const spec: FlinkJobSpecInput = {
      cluster: { url: flink.url },
      jar: { uri: jarUri },
      entryClass: scenarioClass,
      args: [...args, "--name", name],
    };
    const object = { apiVersion: API_VERSION, kind: "FlinkJob", metadata: { name, namespace }, spec };
    this.#names.push(name);
    // The API server fills in the defaults.
    await kube.create(flinkJobs, object as FlinkJob);
    if (shown) this.#following.push(this.#follow(name));
  }

  async get(name: string): Promise<FlinkJob | undefined> {
    try {
      return await this.place.kube.get(flinkJobs, { namespace: this.place.namespace, name });
    } catch (error) {
      if (isKubeError(error, "NotFound")) return undefined;
      throw error;
    }
  }

  /** "running TasksRunning" */
  async word(name: string): Promise<string> {
    return wordOf(await this.get(name));
  }

  /** The agent begins to look after its own job, whose main() gets these arguments. */
  async agent(
    name: string,
    watched: Pick<Watched, "args" | "endpoint" | "patienceMs" | "jobId">,
    shown = true,
  ): Promise<ListThenSubmit> {
    const { flink, jarPath } = this.place;
    const all = { ...watched, args: [...watched.args, "--name", name] };
    const jarId = await upload(flink.url, jarPath);
    const agent = new ListThenSubmit(
      { url: flink.url, jarId, entryClass: scenarioClass, name, ...all },
      (text, again) => shown && this.tell("agent", text, again ? "bad" : "plain"),
    );
    this.#agents.push(agent);
    return agent.start();
  }

  /** False when it did not come true in time. */
  async until(check: () => boolean | Promise<boolean>, limitMs = PATIENCE_MS): Promise<boolean> {
    const deadline = performance.now() + limitMs;
    while (performance.now() < deadline) {
      if (await check()) {
        // Whoever tells of it in the timeline looks as often.
        await delay(2 * LOOK_EVERY_MS);
        return true;
      }
      await delay(LOOK_EVERY_MS);
    }
    return false;
  }

  async killJobManager(): Promise<void> {
    this.tell("jobManager", "✗ kill -9", "fault");
    await this.place.flink.killJobManager();
  }

  /** The counts, when the last of the traffic has settled. */
  async outcome(scene: string, traffic?: Bystanders): Promise<Outcome> {
    this.#followed.abort();
    await Promise.all([...this.#following, ...this.#agents.map((agent) => agent.kill())]);
    const counted = await traffic?.settle();
    const { version, ha } = this.place.flink;
    const count = (name: string) => ({
      jobs: this.recorder.runs(name),
      atOnce: this.recorder.mostAlive(name),
    });
    return {
      scene,
      flink: version,
      highAvailability: ha,
      agent: count(this.agentJob),
      ours: count(this.ourJob),
      ...(counted ? { traffic: counted } : {}),
      complete: this.#missed === 0,
    };
  }

  /** To be called when nothing of the scene may go on. */
  onEnd(act: () => Promise<void>): void {
    this.#onEnd.push(act);
  }

  /** Nothing of the scene goes on. */
  async end(): Promise<void> {
    this.#timeline.end();
    for (const act of this.#onEnd) await act();
    this.#followed.abort();
    await Promise.all([...this.#following, ...this.#agents.map((agent) => agent.kill())]);
    await this.recorder.close();
    if (this.#problem !== undefined) throw this.#problem;
    const { kube, namespace } = this.place;
    for (const name of this.#names) {
      // Deleted by a test's end, or never applied: gone is gone.
      if (await this.get(name)) await kube.delete(flinkJobs, { namespace, name });
    }
    await this.until(async () => {
      for (const name of this.#names) if (await this.get(name)) return false;
      return true;
    });
  }

  async #follow(name: string): Promise<void> {
    let shown = "";
    while (!this.#followed.signal.aborted) {
      const word = await this.word(name).catch((error: unknown) => {
        this.#problem ??= error;
        return shown;
      });
      if (word !== shown && word !== "") this.tell("flinkJob", word);
      shown = word;
      await delay(LOOK_EVERY_MS);
    }
  }

  #showAnswer(answer: Answer): void {
    const text = this.#wordFor(answer);
    // The beginning, where nothing runs yet, is no news.
    const news = text !== this.#shownAnswer && !(this.#shownAnswer === "" && text === "lists neither");
    this.#shownAnswer = text;
    if (news) this.tell("jobManager", text);
  }

  #wordFor(answer: Answer): string {
    if (answer.kind === "refused") return "is gone";
    if (answer.kind === "electing") return "503: elects a leader";
    const of = (name: string) => answer.live.filter((one) => one === name).length;
    const [agent, ours] = [of(this.agentJob), of(this.ourJob)];
    return agent + ours === 0 ? "lists neither" : `lists agent's ${agent}, ours ${ours}`;
  }
}

export function wordOf(job: FlinkJob | undefined): string {
  const { state, reason } = job?.status?.trigger ?? {};
  return state === undefined ? "" : `${state} ${reason ?? ""}`.trimEnd();
}

/** The JarId. */
async function upload(url: string, path: string): Promise<string> {
  const form = new FormData();
  form.append("jarfile", await openAsBlob(path, { type: "application/x-java-archive" }), "agent.jar");
  const reply = await fetch(`${url}/jars/upload`, { method: "POST", body: form });
  if (!reply.ok)
    throw new Error(`The upload of the agent's JAR failed: ${reply.status} ${await reply.text()}`);
  const { filename } = (await reply.json()) as { filename: string };
  return filename.slice(filename.lastIndexOf("/") + 1);
}
