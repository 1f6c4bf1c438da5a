import { type ConfigurationStatus, MOST_KEYS } from "../../api/configuration-status.ts";
import type { FlinkJobSpec } from "../../api/flinkjob.ts";
import type { Reason } from "../../api/reasons.ts";
import type { StepEvent } from "../step.ts";
import { sameStatus } from "../summarize.ts";
import type { ConfigurationReport, IgnoredKey, OverriddenKey } from "./merge.ts";
import { USER_CODE } from "./user-code.ts";

/** Longer keys are cut: a status is read by people. Characters. */
const LONGEST_KEY = 200;
const MOST_IN_WORDS = 5;

/** The report as the status keeps it; null where there is nothing to tell. */
export function statusOf(report: ConfigurationReport): ConfigurationStatus | null {
  const { ignored } = report;
  const overridden = losing(report);
  if (ignored.length === 0 && overridden.length === 0) return null;
  return {
    ...(ignored.length > 0 ? { ignored: ignored.slice(0, MOST_KEYS).map(withShortKey) } : {}),
    ...(overridden.length > 0 ? { overridden: overridden.slice(0, MOST_KEYS).map(withShortKey) } : {}),
  };
}

/** What the job's own code was last seen to override. */
export function byUserCode(status: ConfigurationStatus | null | undefined): OverriddenKey[] {
  return (status?.overridden ?? []).filter(({ by }) => by === USER_CODE);
}

/** The same with what the job's own code overrides. */
export function withUserCode(
  status: ConfigurationStatus | null | undefined,
  keys: readonly OverriddenKey[],
): ConfigurationStatus | null {
  const { overridden = [], ...rest } = status ?? {};
  const others = overridden.filter(({ by }) => by !== USER_CODE);
  const all = [...others, ...keys.map(withShortKey)].sort((a, b) => (a.key < b.key ? -1 : 1));
  if (all.length > 0) return { ...rest, overridden: all.slice(0, MOST_KEYS) };
  return rest.ignored ? rest : null;
}

/** What the job's own code overrides, told once. */
export function userCodeEvent(
  status: ConfigurationStatus | null,
  before: ConfigurationStatus | undefined,
): StepEvent | undefined {
  const keys = byUserCode(status);
  if (keys.length === 0 || sameStatus(keys, byUserCode(before))) return undefined;
  const message = `flinkConfiguration: the job's own code overrides ${some(keys.map(({ key }) => key))}.`;
  return { type: "Normal", reason: "ConfigurationIgnored", message };
}

/** One event for each change of what is told. */
export function eventOf(
  report: ConfigurationReport,
  before: ConfigurationStatus | undefined,
): StepEvent | undefined {
  const status = statusOf(report);
  if (!status || sameStatus(status, withUserCode(before, []))) return undefined;
  const type = report.ignored.length > 0 ? "Warning" : "Normal";
  return { type, reason: "ConfigurationIgnored", message: `flinkConfiguration: ${inWords(report)}.` };
}

/** Why the run request is not sent, before anything is. */
export function refusalOf(
  report: ConfigurationReport,
  policy: FlinkJobSpec["configurationPolicy"],
): { reason: Reason; message: string } | undefined {
  const { invalid, ignored, overridden } = report;
  if (invalid.length > 0) {
    const words = some(invalid.map(({ key, message }) => `${short(key)}: ${message}`));
    return { reason: "InvalidConfiguration", message: `flinkConfiguration: ${words}. Nothing was sent.` };
  }
  if (policy !== "Reject" || (ignored.length === 0 && overridden.length === 0)) return undefined;
  const message = `flinkConfiguration: ${inWords(report)}. spec.configurationPolicy is Reject: nothing was sent.`;
  return { reason: "ConfigurationRejected", message };
}

/** Every key that loses, in the order of the keys. */
function losing({ overridden, layered }: ConfigurationReport): OverriddenKey[] {
  if (layered.length === 0) return overridden;
  return [...overridden, ...layered].sort((a, b) => (a.key < b.key ? -1 : 1));
}

function inWords(report: ConfigurationReport): string {
  const { ignored } = report;
  const overridden = losing(report);
  const without = `without effect ${some(ignored.map(ignoredInWords))}`;
  const beaten = `overridden ${some(overridden.map(({ key, by }) => `${short(key)} (by ${short(by)})`))}`;
  return [ignored.length > 0 ? without : "", overridden.length > 0 ? beaten : ""].filter(Boolean).join("; ");
}

function ignoredInWords({ key, reason, suggestion }: IgnoredKey): string {
  const meant = suggestion === undefined ? "" : `, did you mean ${suggestion}?`;
  return `${short(key)} (${reason}${meant})`;
}

function some(texts: readonly string[]): string {
  const shown = texts.slice(0, MOST_IN_WORDS).join(", ");
  return texts.length > MOST_IN_WORDS ? `${shown} and ${texts.length - MOST_IN_WORDS} more` : shown;
}

function withShortKey<T extends IgnoredKey | OverriddenKey>(entry: T): T {
  return { ...entry, key: short(entry.key) };
}

function short(key: string): string {
  return key.length > LONGEST_KEY ? `${key.slice(0, LONGEST_KEY - 1)}…` : key;
}
