import { type DestinationStream, type Logger, pino, stdTimeFunctions } from "pino";
import { prettyFactory } from "pino-pretty";
import type { Options } from "./option-table.ts";
import { redact, redactText } from "./redaction.ts";

export type { Logger } from "pino";

export interface LoggingOptions {
  readonly level: Options["logLevel"];
  readonly format: Options["logFormat"];
  /** Where the lines go; standard error is left to crashes. */
  readonly destination?: DestinationStream & { readonly isTTY?: boolean };
}

/**
 * One line per decision: a sentence in the past tense that names the kind of object ("Submitted Flink job"), and
 * fields for the rest (namespace, name, generation, triggerId, reconcileID). Secrets are taken out of fields and text.
 */
export function createLogger({ level, format, destination = process.stdout }: LoggingOptions): Logger {
  const isPretty = format === "pretty" || (format === "auto" && destination.isTTY === true);
  const stream = isPretty ? prettyStream(destination) : destination;
  return pino(
    {
      level,
      base: null,
      messageKey: "message",
      errorKey: "error",
      timestamp: stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        bindings: (bindings) => redact(bindings) as Record<string, unknown>,
        log: (fields) => redact(fields) as Record<string, unknown>,
      },
      // Pino's own serializer would see the plain object that `redact` made of an error, and would need a real one.
      serializers: { error: (error: unknown) => error },
      hooks: { streamWrite: redactText },
    },
    stream,
  );
}

/** A logger whose lines all name this object, in the fields that users of other controllers filter by. */
export function forObject(
  logger: Logger,
  object: { kind: string; namespace: string | undefined; name: string; generation?: number | undefined },
): Logger {
  return logger.child(Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)));
}

/** Formats in this thread: a transport of its own would be a worker that the bundled operator has no file for. */
function prettyStream(destination: NonNullable<LoggingOptions["destination"]>): DestinationStream {
  const format = prettyFactory({
    colorize: destination.isTTY === true,
    messageKey: "message",
    errorLikeObjectKeys: ["error"],
    translateTime: "SYS:HH:MM:ss.l",
    singleLine: true,
  });
  return { write: (line) => destination.write(format(line)) };
}
