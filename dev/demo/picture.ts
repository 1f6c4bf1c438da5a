// docs/demo.svg out of a transcript: npm run --silent demo -- --once > FILE, then node dev/run.mjs dev/demo/picture.ts FILE
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const target = join(fileURLToPath(new URL("../..", import.meta.url)), "docs/demo.svg");

const fontSize = 14;
/** Of a character in a monospace font of that size, with some air for wider ones. */
const advance = 8.6;
const lineHeight = 20;
const margin = 20;
/** Of the bar above the first line. */
const bar = 30;

/** Its own background and frame, so that it looks the same on dark and on light pages. */
const colours = {
  background: "#161b22",
  frame: "#6e7681",
  plain: "#d0d7de",
  step: "#ffffff",
  command: "#79c0ff",
  seen: "#56d364",
  missed: "#ff7b72",
} as const;

/** The transcript is not one of a demo that saw everything. */
export class TranscriptError extends Error {
  override readonly name = "TranscriptError";
  readonly code = "TRANSCRIPT";
}

/** An SVG of text alone: no script, no style sheet, no font of its own. Throws TranscriptError. */
export function picture(transcript: string): string {
  const told = transcript.trim();
  if (!told.endsWith("All of it was observed."))
    throw new TranscriptError('the transcript does not end with "All of it was observed."');
  const lines = ["$ npm run demo -- --once", "", ...told.split("\n")].map((line) => line.trimEnd());
  const columns = Math.max(...lines.map((line) => line.length));
  const width = Math.ceil(columns * advance) + 2 * margin;
  const height = bar + lines.length * lineHeight + margin;
  const rows = lines.flatMap((line, index) => (line === "" ? [] : [row(line, index)]));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">
<title>Terminal output of npm run demo</title>
<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8" fill="${colours.background}" stroke="${colours.frame}"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="${fontSize}" xml:space="preserve">
${rows.join("\n")}
</g>
</svg>
`;
}

/** One line of the terminal. What dev/demo/screen.ts paints is told by how the line begins. */
function row(line: string, index: number): string {
  const y = bar + index * lineHeight + fontSize;
  const at = `x="${margin}" y="${y}"`;
  const mark = /^(\s*)([✓✗])(.*)$/u.exec(line);
  if (mark !== null) {
    const [, indent = "", sign = "", rest = ""] = mark;
    const colour = sign === "✓" ? colours.seen : colours.missed;
    return `<text ${at} fill="${colours.plain}">${indent}<tspan fill="${colour}">${sign}</tspan>${escaped(rest)}</text>`;
  }
  if (/^\d+\. /.test(line))
    return `<text ${at} fill="${colours.step}" font-weight="bold">${escaped(line)}</text>`;
  const colour = /^\s*\$ /.test(line) ? colours.command : colours.plain;
  return `<text ${at} fill="${colour}">${escaped(line)}</text>`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

if (import.meta.main) {
  const file = process.argv[2];
  if (file === undefined) {
    process.stderr.write("Usage: node dev/run.mjs dev/demo/picture.ts TRANSCRIPT\n");
    process.exit(2);
  }
  try {
    await writeFile(target, picture(await readFile(file, "utf8")));
    process.stdout.write("Wrote docs/demo.svg\n");
  } catch (error) {
    process.stderr.write(`picture: ${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
}
