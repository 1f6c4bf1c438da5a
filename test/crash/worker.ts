// One of the threads among which run.ts divides the cases: asks for one after the other until there are none.
import { once } from "node:events";
import { parentPort, workerData } from "node:worker_threads";
import { openFakeLanes } from "./fake-lanes.ts";
import { openLanesOn } from "./lanes.ts";
import { type Case, casesOf } from "./matrix.ts";
import type { Plan } from "./plan.ts";
import { Player, type Score } from "./player.ts";
import { fakeStage } from "./stage.ts";

export interface WorkerTask {
  readonly plan: Plan;
  /** Absent: fake API servers. */
  readonly kubeconfig: string | undefined;
  readonly lanes: number;
}
export type FromWorker = { readonly wants: "case" } | { readonly prints: string } | { readonly score: Score };
/** The name of a case; undefined: there is none left. */
export interface ToWorker {
  readonly name: string | undefined;
}

const port = parentPort;
if (port === null) throw new Error("worker.ts is started by run.ts");
const { plan, kubeconfig, lanes: count } = workerData as WorkerTask;
const tell = (message: FromWorker) => port.postMessage(message);

const stage = await fakeStage();
const lanes = kubeconfig === undefined ? await openFakeLanes(count) : await openLanesOn(kubeconfig, count);
let asking = Promise.resolve<unknown>(undefined);
const player = new Player({
  stage,
  plan,
  nextCase: () => {
    // One question at a time, so that the answers come to those who asked.
    const answer = asking.then(async (): Promise<Case | undefined> => {
      const told = once(port, "message");
      tell({ wants: "case" });
      const [{ name }] = (await told) as [ToWorker];
      return name === undefined ? undefined : casesOf(stage.kinds, name)[0];
    });
    asking = answer;
    return answer;
  },
  print: (prints) => tell({ prints }),
});
const score = await player.run(lanes.all);
await lanes.close();
await stage.close();
tell({ score });
port.close();
