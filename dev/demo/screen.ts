/** One thing that the demo saw or did. `kind` is stable for programs; the rest is told to people. */
export interface Happening {
  kind: "step" | "command" | "output" | "state" | "seen" | "missed" | "ready" | "end";
  text: string;
  /** For programs. */
  data?: Record<string, unknown>;
}

/** Where the demo tells its story: coloured lines for people, one JSON object a line for programs. */
export interface Screen {
  tell(happening: Happening): void;
}

const COLOURS = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

export type Paint = (colour: keyof typeof COLOURS, text: string) => string;

/** Paints for a terminal, or leaves the text as it is. */
export function painter(colours: boolean): Paint {
  return (colour, text) => (colours ? `\u001b[${COLOURS[colour]}m${text}\u001b[0m` : text);
}

/** On a terminal, or where FORCE_COLOR asks for it (https://force-color.org). */
export function wantsColours(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
  return env.FORCE_COLOR ? env.FORCE_COLOR !== "0" : stream.isTTY === true && !env.NO_COLOR;
}

export function jsonScreen(write: (line: string) => void): Screen {
  const begin = Date.now();
  return {
    tell: ({ kind, text, data }) =>
      write(`${JSON.stringify({ kind, afterMs: Date.now() - begin, text, ...data })}\n`),
  };
}

export function terminalScreen(write: (line: string) => void, colours: boolean): Screen {
  const paint = painter(colours);
  let step = 0;
  const lines: Record<Happening["kind"], (text: string) => string> = {
    step: (text) => `\n${paint("bold", `${++step}. ${text}`)}`,
    command: (text) => `   ${paint("cyan", `$ ${text}`)}`,
    output: (text) => text.replace(/^/gm, "   "),
    state: (text) => `   ${text}`,
    seen: (text) => `   ${paint("green", "✓")} ${text}`,
    missed: (text) => `   ${paint("red", "✗")} ${text}`,
    ready: (text) => `\n${text}`,
    end: (text) => `\n${text}`,
  };
  return { tell: ({ kind, text }) => write(`${lines[kind](text)}\n`) };
}
