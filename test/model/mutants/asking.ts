import { decide } from "../../../src/core/decide.ts";
import { answeredBy, blindly, instead, type Mutant, nothingThere, seeing, sentTo } from "./mutant.ts";

/** What is believed without looking, or looked for in the wrong way. */
export const asking: readonly Mutant[] = [
  {
    name: "takes a 400 for a failure without looking",
    breaks: ["saysWhatIsNot"],
    worlds: ["every kind"],
    decide: instead(["lookUp"], (step, observed, now) =>
      answeredBy(observed, "failed") ? blindly(observed, now) : step,
    ),
  },
  {
    name: "takes a duplicate for an end without looking",
    breaks: ["saysWhatIsNot"],
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
    breaks: ["sendsWithoutLooking"],
    worlds: ["crash, lost"],
    decide: instead(["lookUp"], (_, observed, now) => blindly(observed, now)),
  },
  {
    name: "looks for the job before the main()s",
    breaks: ["runsAgain", "mainRunsTwice"],
    worlds: ["lost answer, RunningJobs"],
    habits: { looksForJobsFirst: true },
  },
  {
    name: "sends again while main() runs",
    breaks: ["mainRunsTwice", "sendsToRunningJob"],
    worlds: ["one crash"],
    decide: instead(["mainMayRun", "mainRuns"], (step, observed, now) =>
      observed.flight ? step : blindly(observed, now),
    ),
  },
  {
    name: "takes every JobManager process for the same",
    breaks: ["runsAgain"],
    worlds: ["crash and failover, no HA"],
    decide: seeing((observed) => (observed.look ? sentTo(observed, observed.look.incarnation) : observed)),
  },
  {
    name: "believes a look-up that began before the answer",
    breaks: ["saysWhatIsNot"],
    worlds: ["very impatient"],
    decide: seeing((observed, now) =>
      observed.look ? { ...observed, look: { ...observed.look, at: now } } : observed,
    ),
  },
  {
    name: "believes of one process what another said",
    breaks: ["runsAgain"],
    worlds: ["no HA, forgotten and replaced"],
    decide: instead(["replacedWhileLooking"], (step, observed, now) => {
      const { look, cluster } = observed;
      if (!look || cluster.kind !== "reachable") return step;
      const { incarnation } = cluster.jobManager;
      return decide(sentTo({ ...observed, look: { ...look, incarnation } }, incarnation), now);
    }),
  },
];
