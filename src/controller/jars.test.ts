import { expect, test } from "vitest";
import type { JarStore } from "../ports.ts";
import { Jars } from "./jars.ts";

const JOB = "0".repeat(32);
const uri = { uri: "http://jars.example/orders.jar" };

test("a submission is given up and its JAR cannot be deleted: nobody hears of it, least of all the process", async () => {
  const arrived = Promise.withResolvers<string>();
  const asking = Promise.withResolvers<void>();
  let asked = 0;
  const store: JarStore = {
    transfer: () => {
      asking.resolve();
      return arrived.promise;
    },
    list: async () => [],
    delete: async () => {
      asked++;
      throw new Error("the client was closed");
    },
  };
  const stop = new AbortController();
  const acquired = new Jars().acquire("uid", JOB, "here", store, uri, stop.signal);
  await asking.promise;
  stop.abort();
  arrived.resolve("u_orders.jar");
  await expect(acquired).resolves.toBe("u_orders.jar");
  // A rejection that nobody handles shows itself before the next turn, and fails the run.
  await new Promise((turn) => setTimeout(turn));
  expect(asked).toBe(1);
});
