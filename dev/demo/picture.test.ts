import { expect, test } from "vitest";
import { picture, TranscriptError } from "./picture.ts";
import { type Happening, terminalScreen } from "./screen.ts";

const story: Happening[] = [
  { kind: "step", text: "A FlinkJob is applied: its trigger goes pending -> running" },
  { kind: "command", text: "kubectl apply -f manifests/samples & wait" },
  { kind: "output", text: "flinkcluster.flinkjob.dev/local created\nflinkjob.flinkjob.dev/counter created" },
  { kind: "state", text: "   0.2 s  trigger pending  Submitting       Flink: -" },
  { kind: "seen", text: "the trigger went pending -> running" },
  { kind: "end", text: "All of it was observed." },
];

function transcript(happenings: readonly Happening[]): string {
  let text = "";
  const screen = terminalScreen((line) => {
    text += line;
  }, true);
  for (const happening of happenings) screen.tell(happening);
  return text;
}

test("every line of the screen is in the picture, painted as on the screen", () => {
  const svg = picture("npm run demo", transcript(story));
  expect(svg).toContain('<text x="20" y="44"><tspan fill="#79c0ff">$ npm run demo</tspan></text>');
  expect(svg).toContain(
    '<tspan fill="#ffffff" font-weight="bold">1. A FlinkJob is applied: its trigger goes pending -&gt; running</tspan></text>',
  );
  expect(svg).toContain(
    '>   <tspan fill="#79c0ff">$ kubectl apply -f manifests/samples &amp; wait</tspan></text>',
  );
  expect(svg).toContain(">   flinkjob.flinkjob.dev/counter created</text>");
  expect(svg).toContain(">      0.2 s  trigger pending  Submitting       Flink: -</text>");
  expect(svg).toContain('>   <tspan fill="#56d364">✓</tspan> the trigger went pending -&gt; running');
  expect(svg.match(/<text /g)).toHaveLength(8);
});

test("it brings nothing along that a page would have to load or run", () => {
  expect(picture("npm run demo", transcript(story))).not.toMatch(
    /<(script|style|image|foreignObject|use)\b|@font-face|href/,
  );
});

test("a demo that did not see everything makes no picture", () => {
  const missed = story.with(-1, { kind: "end", text: "Not all of it was observed." });
  expect(() => picture("npm run demo", transcript(missed))).toThrow(TranscriptError);
});
