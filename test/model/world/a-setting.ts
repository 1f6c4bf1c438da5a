import { decide } from "../../../src/core/decide.ts";
import { type Budget, noBudget, type Setting } from "./setting.ts";

/** A world in which nothing goes wrong, unless said otherwise. */
export function aSetting(name: string, patch: Partial<Setting>, budget: Partial<Budget>): Setting {
  return {
    name,
    begins: "ready",
    prompt: false,
    applications: false,
    protection: "Durable",
    batch: false,
    mains: ["submits"],
    jar: "id",
    keepsJars: true,
    lostPolicy: "Fail",
    deletionPolicy: "Cancel",
    maxAttempts: 3,
    adopts: false,
    ownTriggerIds: false,
    upgradeMode: "stateless",
    retains: true,
    rollback: false,
    habits: {},
    decide,
    open: [],
    ...patch,
    budget: { ...noBudget, ...budget },
  };
}

/** What goes wrong, and what users do, in every world that is too large to be explored. */
export const everyFault: Partial<Budget> = {
  crashes: 2,
  takeovers: 1,
  staleLists: 1,
  lostWrites: 1,
  lostRequests: 1,
  lostAnswers: 1,
  failovers: 1,
  edits: 2,
  deletions: 1,
};
