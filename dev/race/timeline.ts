import type { Paint, Screen } from "../demo/screen.ts";

/** Who does something, or is seen: one column each. */
export type Lane = "jobManager" | "agent" | "flinkJob";

/** fault: what we do to it. bad: what should not have happened. */
export type Mood = "plain" | "fault" | "bad" | "good";

const WIDTHS: Readonly<Record<Lane, number>> = { jobManager: 25, agent: 34, flinkJob: 24 };
const LANES = Object.keys(WIDTHS) as Lane[];
/** What happens in other columns this soon afterwards stands in the same row. Milliseconds. */
const SAME_ROW_MS = 80;

interface Moment {
  readonly text: string;
  readonly mood: Mood;
}

/** What happened in one scene, in columns: seconds, JobManager, agent, FlinkJob. */
export class Timeline {
  readonly #screen: Screen;
  readonly #paint: Paint;
  readonly #begin = performance.now();
  #row: { at: number; moments: Map<Lane, Moment> } | undefined;
  #flush: NodeJS.Timeout | undefined;

  constructor(screen: Screen, paint: Paint, heads: Readonly<Record<Lane, string>>) {
    this.#screen = screen;
    this.#paint = paint;
    const head = `      s  ${LANES.map((lane) => heads[lane].padEnd(WIDTHS[lane])).join(" ")}`;
    screen.tell({ kind: "state", text: paint("dim", head.trimEnd()) });
  }

  tell(lane: Lane, text: string, mood: Mood = "plain"): void {
    const at = Math.round(performance.now() - this.#begin);
    if (this.#row && (this.#row.moments.has(lane) || at - this.#row.at > SAME_ROW_MS)) this.end();
    this.#row ??= { at, moments: new Map() };
    this.#row.moments.set(lane, { text, mood });
    this.#flush ??= setTimeout(() => this.end(), SAME_ROW_MS);
  }

  /** Shows what is held back. */
  end(): void {
    clearTimeout(this.#flush);
    this.#flush = undefined;
    if (!this.#row) return;
    const { at, moments } = this.#row;
    this.#row = undefined;
    const cells = LANES.map((lane) => {
      const { text = "", mood = "plain" } = moments.get(lane) ?? {};
      return this.#painted(text, mood) + " ".repeat(Math.max(0, WIDTHS[lane] - text.length));
    });
    const line = `${(at / 1000).toFixed(1).padStart(7)}  ${cells.join(" ")}`.trimEnd();
    const happened = Object.fromEntries([...moments].map(([lane, { text }]) => [lane, text]));
    this.#screen.tell({ kind: "state", text: line, data: { atMs: at, ...happened } });
  }

  #painted(text: string, mood: Mood): string {
    if (mood === "fault") return this.#paint("yellow", text);
    if (mood === "bad") return this.#paint("red", text);
    return mood === "good" ? this.#paint("green", text) : text;
  }
}
