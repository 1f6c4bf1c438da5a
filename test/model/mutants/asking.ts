import { decide } from "../../../src/core/decide.ts";
import { answeredBy, blindly, instead, type Mutant, nothingThere, seeing, sentTo } from "./mutant.ts";

/** What is believed without looking, or looked for in the wrong way. */
export const asking: readonly Mutant[] = [
  {
    name: "takes a 400 for a failure without looking",
    worlds: ["every kind"],
    decide: instead(["lookUp"], (step, observed, now) =>
      answeredBy(observed, "failed") ? blindly(observed, now) : step,
    ),
  },
  {
    name: "takes a duplicate for an end without looking",
    worlds: ["one doubled"],
    decide: instead(["lookUp"], (step, observed, now) => {
      const { flight } = observed;
      if (flight?.phase !== "answered" || flight.outcome.kind !== "duplicate") return step;
      const before = { ...flight, endedAt: now - 10_000 };
      return decide({ ...observed, flight: before, look: nothingThere(observed, now) }, now);
    }),
  },
  {
    name: "trusts the list's silence",
    worlds: ["crash, lost"],
    decide: instead(["lookUp"], (_, observed, now) => blindly(observed, now)),
  },
  {
    name: "looks for the job before the main()s",
    worlds: ["lost answer, RunningJobs"],
    habits: { looksForJobsFirst: true },
  },
  {
    name: "sends again while main() runs",
    worlds: ["one crash"],
    decide: instead(["mainMayRun", "mainRuns"], (step, observed, now) =>
      observed.flight ? step : blindly(observed, now),
    ),
  },
  {
    name: "takes every JobManager process for the same",
    worlds: ["crash and failover, no HA"],
    decide: seeing((observed) => (observed.look ? sentTo(observed, observed.look.incarnation) : observed)),
  },
  {
    name: "believes a look-up that began before the answer",
    worlds: ["very impatient"],
    decide: seeing((observed, now) =>
      observed.look ? { ...observed, look: { ...observed.look, at: now } } : observed,
    ),
  },
  {
    name: "believes of one process what another said",
    worlds: ["no HA, forgotten and replaced"],
    decide: instead(["replacedWhileLooking"], (step, observed, now) => {
      const { look, cluster } = observed;
      if (!look || cluster.kind !== "reachable") return step;
      const { incarnation } = cluster.jobManager;
      return decide(sentTo({ ...observed, look: { ...look, incarnation } }, incarnation), now);
    }),
  },
];
