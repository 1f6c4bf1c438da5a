import { expect, test } from "vitest";
import { URL_A } from "../../test/support/builders.ts";
import { FakeClock } from "../kube/fake-clock.ts";
import { Clusters } from "./clusters.ts";

test("whoever asks for a cluster after the end is given none, and nothing is polled", async () => {
  const clock = new FakeClock();
  const opened: string[] = [];
  const clusters = new Clusters({
    connect: (url) => {
      opened.push(url);
      throw new Error("nobody there");
    },
    pollIntervalMs: 1_000,
    clock,
    onChange: () => {},
  });
  clusters.use("job:a", [URL_A]);
  expect([opened, clusters.get(URL_A) !== undefined]).toEqual([[URL_A], true]);
  await clusters.close();
  clusters.use("job:b", [URL_A]);
  await clock.advance(5_000);
  expect([opened, clusters.get(URL_A)]).toEqual([[URL_A], undefined]);
});
