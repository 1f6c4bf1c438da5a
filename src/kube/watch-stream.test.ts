import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FakeClock } from "./fake-clock.ts";
import type { KubeObject } from "./types.ts";
import { type WatchOptions, WatchStream } from "./watch-stream.ts";

function streamOf(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>, options: WatchOptions = {}) {
  async function* all() {
    yield* chunks;
  }
  return new WatchStream<KubeObject>({ chunks: all(), close: () => {} }, options);
}

async function read(stream: WatchStream<KubeObject>): Promise<string[]> {
  const names: string[] = [];
  for await (const { object } of stream) names.push(object.metadata.name ?? "");
  return names;
}

function line(name: string): string {
  return `${JSON.stringify({ type: "ADDED", object: { metadata: { name, resourceVersion: "1" } } })}\n`;
}

describe("WatchStream", () => {
  test("events arrive whole, however the bytes are cut", async () => {
    const cut = fc.record({
      names: fc.array(fc.string({ unit: "grapheme", maxLength: 8 }), { maxLength: 6 }),
      cuts: fc.array(fc.nat(), { maxLength: 12 }),
    });
    await fc.assert(
      fc.asyncProperty(cut, async ({ names, cuts }) => {
        const bytes = Buffer.from(names.map(line).join(""));
        const at = [0, ...cuts.map((n) => n % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b);
        const chunks = at.slice(1).map((end, i) => bytes.subarray(at[i], end));
        expect(await read(streamOf(chunks))).toEqual(names);
      }),
    );
  });

  test("an end within an event, and a line that is none, are bad replies", async () => {
    await expect(read(streamOf([Buffer.from(line("x").slice(0, -3))]))).rejects.toMatchObject({
      code: "BadReply",
    });
    for (const text of ["{\n", "null\n", '{"type":"ADDED"}\n', '{"type":"NEW","object":{"metadata":{}}}\n']) {
      await expect(read(streamOf([Buffer.from(text)]))).rejects.toMatchObject({ code: "BadReply" });
    }
  });

  test("a line without an end is cut off at its limit", async () => {
    async function* endless() {
      for (;;) yield Buffer.alloc(1000, "x");
    }
    await expect(read(streamOf(endless(), { maxLineBytes: 10_000 }))).rejects.toMatchObject({
      code: "BadReply",
    });
  });

  test("an ERROR event is the error that its Status names", async () => {
    const status = { kind: "Status", code: 410, reason: "Expired", message: "too old" };
    const text = `${JSON.stringify({ type: "ERROR", object: status })}\n`;
    await expect(read(streamOf([Buffer.from(text)]))).rejects.toMatchObject({ code: "Gone", status: 410 });
  });

  test("silence beyond the limit is a time-out; events put it off", async () => {
    const clock = new FakeClock();
    let close = () => {};
    async function* slow() {
      for (let i = 0; i < 3; i++) {
        await new Promise<void>((resolve) => clock.setTimeout(resolve, 50_000));
        yield Buffer.from(line("x"));
      }
      await new Promise<void>((_, reject) => {
        close = () => reject(new Error("closed"));
      });
    }
    const stream = new WatchStream<KubeObject>({ chunks: slow(), close: () => close() }, { clock });
    let outcome: unknown;
    const end = read(stream).catch((error: unknown) => {
      outcome = error;
    });
    await clock.advance(239_000);
    expect(outcome).toBeUndefined();
    await clock.advance(1_000);
    await end;
    expect(outcome).toMatchObject({ code: "Timeout" });
  });
});
