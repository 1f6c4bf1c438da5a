import { bounded, type Cause } from "./errors.ts";

/** More than any real chain has; bounds what a hostile server can make us keep. */
const mostCauses = 64;
const longestStackText = 256 * 1024;

/**
 * Reads the throwables out of Java's printed stack trace, outermost first, as Flink puts it into `errors` of its
 * answers and into `stacktrace` of exception histories.
 */
export function readCauses(stackText: string): Cause[] {
  const causes: { className: string; lines: string[]; frame?: string }[] = [];
  let inMessage = false;
  for (const line of stackText.slice(0, longestStackText).split(/\r?\n/)) {
    const current = causes.at(-1);
    const header = headerOf(line, current === undefined);
    if (header !== undefined) {
      if (causes.length === mostCauses) break;
      causes.push({ className: header.className, lines: [header.message] });
      inMessage = true;
    } else if (line.startsWith("\t") || line.startsWith("End of exception on server side")) {
      const frame = /^\tat (.+)$/.exec(line)?.[1];
      if (frame !== undefined && current !== undefined) current.frame ??= withoutLoader(frame);
      inMessage = false;
    } else if (inMessage) {
      current?.lines.push(line);
    }
  }
  return causes.map(({ className, lines, frame }) => {
    // Jackson adds where in which stream it stopped: nothing for a person.
    const message = bounded(lines.join("\n").replace(/\n at \[Source: [\s\S]*$/, ""));
    return unwrapped(frame === undefined ? { className, message } : { className, message, frame });
  });
}

/**
 * What a person needs of a chain of throwables: the user's own exception and what it was caused by, without Flink's
 * wrappers and without stack. At most 1,024 characters; undefined when there is nothing to tell.
 */
export function describeCauses(causes: readonly Cause[]): string | undefined {
  const telling = tellingCauses(causes);
  // First what failed, last why: the links between repeat one or the other.
  const chosen = telling.length <= 3 ? telling : [telling[0], ...telling.slice(-2)];
  const text = chosen.flatMap((cause) => (cause === undefined ? [] : [describe(cause)])).join("; caused by ");
  return text === "" ? undefined : bounded(text);
}

/** The causes that say something, outermost first: no wrappers that only repeat the next one. Not empty if `causes` is not. */
export function tellingCauses(causes: readonly Cause[]): Cause[] {
  const telling = causes.filter((cause, index) => {
    const next = causes[index + 1];
    return next === undefined || !(generic.test(cause.message) || repeats(cause, next));
  });
  // What lies below the user's main() is the user's; what lies above it is how Flink called it.
  const main = telling.findLastIndex((cause) => cause.className.endsWith(".ProgramInvocationException"));
  return main >= 0 && main < telling.length - 1 ? telling.slice(main + 1) : telling;
}

function describe({ className, message, frame }: Cause): string {
  if (message !== "") return `${className}: ${message}`;
  return frame === undefined ? className : `${className} at ${frame}`;
}

function repeats(cause: Cause, next: Cause): boolean {
  return (
    cause.message === "" ||
    cause.message === next.message ||
    cause.message.endsWith(`${next.className}: ${next.message}`) ||
    cause.message === next.className
  );
}

const generic =
  /^(Could not execute application\.|Could not submit application\.|Could not start the JobMaster\.|Failed to execute job '|Job execution failed\.|Recovery is suppressed by |The main method caused an error)/;

function headerOf(line: string, first: boolean): { className: string; message: string } | undefined {
  const match = /^(Caused by: )?([A-Za-z_$][\w$]*(?:\.[\w$]+)*)(?:: (.*)|:?\s*)$/.exec(line);
  if (!match?.[2] || (match[1] === undefined && !first)) return undefined;
  return { className: match[2], message: match[3] ?? "" };
}

/** What crossed an RPC arrives as `SerializedThrowable: <class>: <message>`. */
function unwrapped(cause: Cause): Cause {
  if (!cause.className.endsWith(".SerializedThrowable")) return cause;
  const inner = headerOf(cause.message.split("\n", 1)[0] ?? "", true);
  return inner === undefined ? cause : { ...cause, className: inner.className, message: inner.message };
}

/** `java.base@17/java.lang.Thread.run(..)` and `app//x.Y.z(..)` name the class loader first. */
function withoutLoader(frame: string): string {
  return frame.replace(/^[^/(]*\/+(?:[^/(]*\/)?/, "");
}
