import { describe, expect, test } from "vitest";
import { FlinkError } from "../rest/errors.ts";
import { signalOf, Watch } from "./calls.ts";

const away = () => new FlinkError("ConnectionRefused", "nobody home");

/** Gives these answers one after the other; an error is thrown. */
function answers(...list: unknown[]) {
  const left = [...list];
  return async () => {
    const next = left.shift();
    if (next instanceof Error) throw next;
    return next as string | undefined;
  };
}

describe("a watch", () => {
  test("looks until there is something to tell", async () => {
    expect(await new Watch({}).until(answers(undefined, undefined, "found"))).toBe("found");
  });

  test("bears a JobManager that is away", async () => {
    expect(await new Watch({}).until(answers(away(), undefined, away(), "found"))).toBe("found");
  });

  test("but not for ever", async () => {
    const look = answers(away(), away(), away());
    await expect(new Watch({ patienceMs: 1 }).until(look)).rejects.toMatchObject({
      code: "ConnectionRefused",
    });
  });

  test("an answer in between renews its patience", async () => {
    const watch = new Watch({ patienceMs: 80, pollIntervalMs: 50 });
    const list = Array.from({ length: 6 }, (_, i) => (i % 2 === 0 ? away() : undefined));
    expect(await watch.until(answers(...list, "found"))).toBe("found");
  });

  test.each([new FlinkError("BadRequest", "no"), new TypeError("a fault of ours")])(
    "what waiting does not mend ends it: %s",
    async (error) => {
      await expect(new Watch({}).until(answers(error, "found"))).rejects.toBe(error);
    },
  );

  test("ends with its time, and tells that from being given up", async () => {
    const nothing = async () => undefined;
    await expect(new Watch({ timeoutMs: 60 }).until(nothing)).rejects.toMatchObject({
      code: "Timeout",
      retry: "backoff",
    });
    const controller = new AbortController();
    const given = new Watch({ signal: controller.signal, timeoutMs: 60_000 }).until(nothing);
    controller.abort();
    await expect(given).rejects.toMatchObject({ code: "Aborted", retry: "never" });
  });

  test("a failed look is not tried again once the caller gave up", async () => {
    const controller = new AbortController();
    const look = async () => {
      controller.abort();
      throw new FlinkError("Reset", "broken");
    };
    await expect(new Watch({ signal: controller.signal }).until(look)).rejects.toMatchObject({
      code: "Reset",
    });
  });
});

test("a call without signal and time has none", () => {
  expect(signalOf({})).toBeUndefined();
  const { signal } = new AbortController();
  expect(signalOf({ signal })).toBe(signal);
  expect(signalOf({ signal: AbortSignal.abort(), timeoutMs: 1000 })?.aborted).toBe(true);
});
