import { expect, test } from "vitest";
import { FakeClock } from "../../kube/fake-clock.ts";
import { Remembered } from "./remembered.ts";

test("an answer holds for its time, and is asked for once by those who ask together", async () => {
  const clock = new FakeClock();
  const remembered = new Remembered<string>({ clock, limit: 10, holds: (answer) => answer.length * 1000 });
  let asked = 0;
  const ask = async () => `${"x".repeat(++asked)}`;
  const question = () => remembered.answer("a", ask);
  expect(await Promise.all([question(), question()])).toEqual(["x", "x"]);
  await clock.advance(999);
  expect(await question()).toBe("x");
  await clock.advance(1);
  expect(await question()).toBe("xx");
  await clock.advance(1_999);
  expect(await question()).toBe("xx");
});

test("a failure is not remembered", async () => {
  const remembered = new Remembered<string>({ clock: new FakeClock(), limit: 10, holds: () => 1000 });
  await expect(remembered.answer("a", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await remembered.answer("a", async () => "yes")).toBe("yes");
});

test("the answers are bounded", async () => {
  const remembered = new Remembered<string>({ clock: new FakeClock(), limit: 2, holds: () => 1000 });
  for (const key of ["a", "b", "c"]) await remembered.answer(key, async () => key);
  expect(remembered.size).toBe(2);
  expect(await remembered.answer("a", async () => "anew")).toBe("anew");
});
