import type { ProcessTime } from "./clock.ts";
import type { Gate } from "./gate.ts";
import type { JobPlan, MainPlan } from "./mains.ts";
import { FlinkFailure, throwable } from "./throwable.ts";

/** A main() that has not returned. */
export interface RunningMain {
  readonly thread: string;
  readonly entryClass: string;
  readonly jobId: string | undefined;
  readonly applicationId: string | undefined;
}

interface Runner extends RunningMain {
  interrupt(): void;
}

/** The main()s inside one JobManager process. */
export class RunningMains {
  readonly #time: ProcessTime;
  readonly #gate: Gate;
  readonly #running = new Set<Runner>();
  #threads = 0;

  constructor(time: ProcessTime, gate: Gate) {
    this.#time = time;
    this.#gate = gate;
  }

  get list(): readonly RunningMain[] {
    return [...this.#running].map(({ thread, entryClass, jobId, applicationId }) => ({
      thread,
      entryClass,
      jobId,
      applicationId,
    }));
  }

  /**
   * Runs `main`: it sleeps, passes the gate, and does its steps. Throws FlinkFailure with what main() threw. Never
   * settles when the process dies first.
   */
  async run(
    main: MainPlan,
    owner: { kind: "run" | "application"; jobId: string | undefined; applicationId: string | undefined },
    execute: (plan: JobPlan) => Promise<void>,
    exit: () => void,
  ): Promise<void> {
    let interrupt = () => {};
    const interrupted = new Promise<never>((_, reject) => {
      interrupt = () =>
        reject(new FlinkFailure(throwable("java.lang.InterruptedException", "sleep interrupted")));
    });
    interrupted.catch(() => undefined); // only a race looks at it
    const number = ++this.#threads;
    const { kind, ...ids } = owner;
    const thread =
      kind === "run" ? `flink-jar-runner-thread-${number}` : `flink-pekko.actor.default-dispatcher-${number}`;
    const runner: Runner = { thread, entryClass: main.entryClass, ...ids, interrupt };
    this.#running.add(runner);
    try {
      await Promise.race([this.#sleepAndPass(main, ids), interrupted]);
      for (const step of main.steps) {
        if (this.#time.dead) await new Promise<never>(() => {});
        if (step.do === "throw") throw new FlinkFailure(step.thrown);
        if (step.do === "exit") {
          exit();
          await new Promise<never>(() => {});
        } else {
          await Promise.race([execute(step.plan), interrupted]);
        }
      }
    } finally {
      this.#running.delete(runner);
    }
  }

  interrupt(applicationId: string): void {
    for (const runner of this.#running) if (runner.applicationId === applicationId) runner.interrupt();
  }

  async #sleepAndPass(main: MainPlan, ids: { jobId: string | undefined; applicationId: string | undefined }) {
    await this.#time.wait(main.sleepMs);
    await this.#gate.pass([ids.jobId, ids.applicationId]);
  }
}
