import { durationMs } from "./checkpoints.ts";

/** Without checkpoints a job is not restarted unless it asks for it; with checkpoints for ever. */
export function restartStrategy(
  configuration: Readonly<Record<string, string>>,
  defaultDelayMs: number,
): { name: string; attempts: number; delayMs: number } {
  const checkpoints = configuration["execution.checkpointing.interval"] !== undefined;
  const asked = configuration["restart-strategy.type"] ?? configuration["restart-strategy"];
  const type = asked ?? (checkpoints ? "exponential-delay" : "none");
  if (!/fixed|exponential/.test(type))
    return { name: "NoRestartBackoffTimeStrategy", attempts: 0, delayMs: 0 };
  const fixed = type.startsWith("fixed");
  const setting = (name: string) => configuration[`restart-strategy.fixed-delay.${name}`];
  const attempts = fixed ? Number(setting("attempts") ?? 1) : Number.POSITIVE_INFINITY;
  const delayMs = (fixed ? durationMs(setting("delay")) : undefined) ?? defaultDelayMs;
  const described = `(maxNumberRestartAttempts=${attempts}, backoffTimeMS=${delayMs})`;
  return { name: `FixedDelayRestartBackoffTimeStrategy${described}`, attempts, delayMs };
}
