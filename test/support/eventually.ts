/**
 * Waits until `check` is true or does not throw any more; fails with its last complaint after `limitMs`. Between two checks
 * so many milliseconds pass, or what `pause` waits for.
 */
export async function eventually<T>(
  check: () => T | false | Promise<T | false>,
  limitMs = 10_000,
  pause: number | (() => Promise<unknown>) = 10,
): Promise<T> {
  const end = performance.now() + limitMs;
  for (;;) {
    let complaint: unknown;
    try {
      const result = await check();
      if (result !== false) return result;
      complaint = new Error("still false");
    } catch (error) {
      complaint = error;
    }
    if (performance.now() > end) throw new Error(`not within ${limitMs} ms: ${check}`, { cause: complaint });
    await (typeof pause === "number" ? new Promise((resolve) => setTimeout(resolve, pause)) : pause());
  }
}
