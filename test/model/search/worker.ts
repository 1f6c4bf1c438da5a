import { parentPort } from "node:worker_threads";
import type { Errand, Reply, Results } from "./crew.ts";
import { explore } from "./explore.ts";
import { settingOf } from "./finding.ts";
import { hunt } from "./hunt.ts";
import { walk } from "./walk.ts";

/** One thread of the crew: one errand after the other. */
parentPort?.on("message", (errand: Errand) => {
  parentPort?.postMessage(replyTo(errand));
});

function replyTo(errand: Errand): Reply {
  try {
    return { result: perform(errand) };
  } catch (error) {
    return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

function perform(errand: Errand): Results[Errand["kind"]] {
  switch (errand.kind) {
    case "explore":
      return explore(settingOf(errand), errand.bounds);
    case "walk":
      return walk(
        errand.worlds.map((world) => settingOf({ world })),
        errand.bounds,
      );
    case "hunt":
      return hunt(errand.mutant);
  }
}
