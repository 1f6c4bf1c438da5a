// A picture for the documents out of a transcript with colours:
// FORCE_COLOR=1 npm run --silent demo -- --once > FILE, then
// node dev/run.mjs dev/demo/picture.ts "npm run demo -- --once" FILE docs/demo.svg
import { readFile, writeFile } from "node:fs/promises";

const fontSize = 14;
/** Of a character in a monospace font of that size, with some air for wider ones. */
const advance = 8.6;
const lineHeight = 20;
const margin = 20;
/** Of the bar above the first line. */
const bar = 30;

/** Its own background and frame, so that it looks the same on dark and on light pages. */
const background = "#161b22";
const frame = "#6e7681";
const plain = "#d0d7de";
/** By the number of the terminal's colour (dev/demo/screen.ts). */
const inks: Readonly<Record<string, string>> = {
  1: 'fill="#ffffff" font-weight="bold"',
  2: 'fill="#8b949e"',
  31: 'fill="#ff7b72"',
  32: 'fill="#56d364"',
  33: 'fill="#e3b341"',
  36: 'fill="#79c0ff"',
};

/** The transcript is not one of a demo that saw everything. */
export class TranscriptError extends Error {
  override readonly name = "TranscriptError";
  readonly code = "TRANSCRIPT";
}

/** An SVG of text alone: no script, no style sheet, no font of its own. Throws TranscriptError. */
export function picture(command: string, transcript: string): string {
  const told = transcript.trim();
  if (!told.endsWith("All of it was observed.") || told.endsWith("Not all of it was observed."))
    throw new TranscriptError('the transcript does not end with "All of it was observed."');
  const prompt = `\u001b[36m$ ${command}\u001b[0m`;
  const lines = [prompt, "", ...told.split("\n")].map((line) => line.trimEnd());
  const columns = Math.max(
    ...lines.map((line) => spansOf(line).reduce((sum, { text }) => sum + text.length, 0)),
  );
  const width = Math.ceil(columns * advance) + 2 * margin;
  const height = bar + lines.length * lineHeight + margin;
  const rows = lines.flatMap((line, index) => (line === "" ? [] : [row(line, index)]));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">
<title>Terminal output of ${escaped(command)}</title>
<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8" fill="${background}" stroke="${frame}"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="${fontSize}" fill="${plain}" xml:space="preserve">
${rows.join("\n")}
</g>
</svg>
`;
}

/** One line of the terminal. */
function row(line: string, index: number): string {
  const y = bar + index * lineHeight + fontSize;
  const spans = spansOf(line).map(({ text, ink }) =>
    ink === undefined ? escaped(text) : `<tspan ${ink}>${escaped(text)}</tspan>`,
  );
  return `<text x="${margin}" y="${y}">${spans.join("")}</text>`;
}

interface Span {
  readonly text: string;
  readonly ink: string | undefined;
}

/** What the terminal's colours (ESC [ NUMBER m) divide a line into. */
function spansOf(line: string): Span[] {
  const [first = "", ...rest] = line.split("\u001b[");
  const painted = rest.map((part) => {
    const end = part.indexOf("m");
    return { text: part.slice(end + 1), ink: inks[part.slice(0, end)] };
  });
  return [{ text: first, ink: undefined }, ...painted].filter(({ text }) => text !== "");
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

if (import.meta.main) {
  const [command, file, target] = process.argv.slice(2);
  if (command === undefined || file === undefined || target === undefined) {
    process.stderr.write("Usage: node dev/run.mjs dev/demo/picture.ts COMMAND TRANSCRIPT PICTURE\n");
    process.exit(2);
  }
  try {
    await writeFile(target, picture(command, await readFile(file, "utf8")));
    process.stdout.write(`Wrote ${target}\n`);
  } catch (error) {
    process.stderr.write(`picture: ${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
}
