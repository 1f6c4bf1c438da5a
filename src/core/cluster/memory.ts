import type { Resources } from "../../api/managed-cluster.ts";
import type { Role } from "./objects.ts";
import { amountOf } from "./quantity.ts";

/** Flink's own process sizes, for pods of which the spec says nothing. */
const STANDARD = { jobmanager: "1600Mi", taskmanager: "1728Mi" } as const;

/** The resources of the main container: as the spec says, with a memory limit in any case, for Flink has to know its size. */
export function resourcesOf(resources: Resources | undefined, role: Role): Resources {
  const { requests = {}, limits = {} } = resources ?? {};
  const memory = limits.memory ?? requests.memory ?? STANDARD[role];
  return {
    requests: { ...requests, memory: requests.memory ?? memory },
    limits: { ...limits, memory },
  };
}

/** What Flink is to use altogether, in bytes. */
export function processBytes(resources: Resources | undefined, role: Role): number {
  return Math.floor(amountOf(resourcesOf(resources, role).limits?.memory) ?? 0);
}
