import type { World } from "../world/world.ts";
import { noteLosses } from "./flink-moves.ts";
import { start } from "./process.ts";

/** The pods of a cluster of its own start, or its JobManager starts again in its pod: in application mode it runs main() each time. */
export function startPod(world: World, index: number): void {
  const place = world.places[index]!;
  world.current = index + 1;
  const { manager, setting, order } = world;
  if (manager.incarnation > firstOf(index)) noteLosses(world);
  manager.gone = false;
  // They share a volume.
  const known = new Map(world.managers.flatMap(({ storage }) => storage.map((one) => [one.path, one])));
  manager.storage = [...known.values()];
  if (place.mode === "session") {
    start(manager, setting, world);
    return;
  }
  manager.up = true;
  manager.incarnation++;
  const { jobId, content, from } = place;
  if (setting.applications) {
    if (manager.applicationResults.includes(jobId)) return;
    const begun = { id: jobId, content, state: "RUNNING", hasJob: false, endedAt: -1, from } as const;
    manager.applications = [begun];
  }
  world.mainBegins(jobId, false);
  manager.mains.push({
    ...{ jobId, content, application: setting.applications, request: 0, jar: undefined, from },
    ...{ begunAt: order, doubled: false, redirected: false },
  });
}

/** No two JobManagers have processes of one number. */
export function firstOf(index: number): number {
  return (index + 1) * 100;
}
