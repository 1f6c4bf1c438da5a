import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect, it } from "vitest";
import { withLock } from "./lock.ts";

const name = (part: string) => `lock.test ${part} ${process.pid}`;

it("lets one in at a time, and everybody in the end", async () => {
  let inside = 0;
  let most = 0;
  let waited = 0;
  const results = [1, 2, 3, 4].map((number) =>
    withLock(
      name("turns"),
      async () => {
        most = Math.max(most, ++inside);
        await delay(5);
        inside--;
        return number;
      },
      () => waited++,
    ),
  );
  expect(await Promise.all(results)).toEqual([1, 2, 3, 4]);
  expect({ most, waited }).toEqual({ most: 1, waited: 3 });
});

it("is free again after a failure, and names do not meet", async () => {
  const failing = withLock(name("failure"), async () => {
    await withLock(name("another"), async () => {});
    throw new Error("no");
  });
  await expect(failing).rejects.toThrow("no");
  expect(await withLock(name("failure"), async () => "in")).toBe("in");
});

it("is free again when the process that had it was killed", async () => {
  const script = `import { withLock } from ${JSON.stringify(join(import.meta.dirname, "lock.ts"))};
    await withLock(${JSON.stringify(name("death"))}, () => new Promise((_, reject) => {
      console.log("in");
      setTimeout(reject, 60_000);
    }));`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  let waited = false;
  const taken = withLock(
    name("death"),
    async () => child.signalCode ?? child.exitCode,
    () => {
      waited = true;
      child.kill("SIGKILL");
    },
  );
  await taken;
  expect(waited).toBe(true);
});
