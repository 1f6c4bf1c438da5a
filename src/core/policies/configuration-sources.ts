import type { Reason } from "../../api/reasons.ts";
import type { SourcedOption } from "../configuration/layers.ts";
import type { Context } from "../context.ts";
import type { SourcesSeen } from "../observed.ts";
import type { Verdict } from "../step.ts";

/** What was read longer ago than this is read again before it is sent, in milliseconds. */
const VALUES_ARE_FRESH_MS = 10_000;
/** The wait after what could not be used; it doubles with each time in a row. Milliseconds. */
const READ_AGAIN_MS = 2_000;
const LONGEST_WAIT_MS = 60_000;

/** Where spec.flinkConfigurationFrom stands. */
export type Sources =
  | { kind: "read"; options: readonly SourcedOption[] }
  /** To be read before anything can be said. */
  | { kind: "unread"; verdict: Verdict }
  | { kind: "refused"; reason: Reason; message: string; againInMs: number };

/** What the spec's Secrets and ConfigMaps bring to a run request that is sent now. */
export function sourcesOf({ spec, sources, now }: Context): Sources {
  const from = spec.flinkConfigurationFrom ?? [];
  if (from.length === 0) return { kind: "read", options: [] };
  const read: Sources = {
    kind: "unread",
    verdict: { rule: "readSources", effect: { kind: "readSources", from } },
  };
  if (!sources || sources.of !== JSON.stringify(from)) return read;
  const { result, at } = sources;
  // Negative: somebody set the clock back.
  const age = now - at;
  if (result.kind === "read") return age >= 0 && age <= VALUES_ARE_FRESH_MS ? result : read;
  const againInMs = waitAfter(result) - age;
  if (age < 0 || againInMs <= 0) return read;
  const { reason, message } = result;
  return { kind: "refused", reason, message, againInMs };
}

function waitAfter({ failures }: Extract<SourcesSeen["result"], { kind: "refused" }>): number {
  return Math.min(LONGEST_WAIT_MS, READ_AGAIN_MS * 2 ** Math.min(failures - 1, 10));
}
