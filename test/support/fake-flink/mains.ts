import { detachedResult, userException } from "./failures.ts";
import type { Throwable } from "./throwable.ts";

/** The test job that the real clusters run too (dev/flink/jobs): one mode per way a main() can behave. */
export const scenarioClass = "dev.flinkjob.testing.Scenario";
/** The example job: an endless stream. */
export const counterClass = "dev.flinkjob.examples.Counter";

/** The job that an execute() submits. */
export interface JobPlan {
  readonly name: string;
  /** The entry class: state can be restored into the same program. */
  readonly program: string;
  readonly ends: "never" | "finishes" | "fails";
  /** What a failing task throws. */
  readonly message: string;
  /** Elements of a job that finishes. */
  readonly elements: number;
  /** How long a job that finishes or fails works at least. */
  readonly worksMs: number;
}

/** What a main() does, in order, after it slept. */
export type Step =
  | { readonly do: "execute"; readonly plan: JobPlan }
  | { readonly do: "throw"; readonly thrown: Throwable }
  | { readonly do: "exit" };

export interface MainPlan {
  readonly entryClass: string;
  readonly sleepMs: number;
  readonly steps: readonly Step[];
}

/** The plan of `java entryClass args...`: the modes and options of Scenario; any other class is an endless stream. */
export function planMain(entryClass: string, args: readonly string[]): MainPlan {
  if (entryClass === counterClass) {
    const plan: JobPlan = {
      name: "counter",
      program: entryClass,
      ends: "never",
      message: "",
      elements: 0,
      worksMs: 0,
    };
    return { entryClass, sleepMs: 0, steps: [{ do: "execute", plan }] };
  }
  const mode = args[0] ?? "";
  const options = new Map<string, string>();
  for (let i = 1; i + 1 < args.length; i += 2)
    options.set(String(args[i]).replace(/^--/, ""), String(args[i + 1]));
  const name = options.get("name") ?? `scenario-${mode}`;
  const message = options.get("message") ?? "the user's code says no";
  const elements = Number(options.get("elements") ?? 100);
  const delayMs = Number(options.get("delay") ?? 0);
  const job = (ends: JobPlan["ends"], suffix = ""): Step => ({
    do: "execute",
    plan: {
      ...{ name: name + suffix, program: entryClass, ends, message, elements },
      // The fifth element is what a failing task fails at.
      worksMs: delayMs * (ends === "fails" ? 4 : elements),
    },
  });
  const steps: Record<string, readonly Step[]> = {
    stream: [job("never")],
    batch: [job("finishes")],
    throw: [{ do: "throw", thrown: userException("java.lang.IllegalStateException", message, entryClass) }],
    noexecute: [],
    exit: [{ do: "exit" }],
    two: [job("never", "-1"), job("never", "-2")],
    "two-async": [job("never", "-1"), job("never", "-2")],
    fail: [job("fails")],
    result: [job("finishes"), { do: "throw", thrown: detachedResult() }],
  };
  const complaint = mode === "" ? "Expected MODE [--option value]..." : `Unknown mode "${mode}"`;
  const unknown = userException("java.lang.IllegalArgumentException", complaint, entryClass);
  return {
    entryClass,
    sleepMs: Number(options.get("sleep") ?? 0),
    steps: steps[mode] ?? [{ do: "throw", thrown: unknown }],
  };
}
