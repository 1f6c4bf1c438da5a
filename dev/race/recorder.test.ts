import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { eventually } from "../../test/support/eventually.ts";
import { Recorder } from "./recorder.ts";

const row = (state: string, start: number, jid = "a".repeat(32)) => ({
  ...{ jid, name: "orders", state },
  "start-time": start,
});

/** What a JobManager lists, one after the other, and what the recorder makes of it. */
async function recorded(highAvailability: boolean, answers: ("down" | ReturnType<typeof row>[])[]) {
  let current = answers[0]!;
  let asked = 0;
  const server = createServer((request, response) => {
    asked++;
    if (current === "down") request.socket.destroy();
    else response.end(JSON.stringify({ jobs: current }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const recorder = new Recorder(
    `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    highAvailability,
  );
  for (const answer of answers) {
    current = answer;
    const before = asked;
    // The one that is on its way may still get the answer before.
    await eventually(() => asked >= before + 2);
  }
  await recorder.close();
  server.closeAllConnections();
  server.close();
  return { runs: recorder.runs("orders"), atOnce: recorder.mostAlive("orders") };
}

test.each([
  ["a job that comes back after a failover", true, [[row("RUNNING", 1)], "down", [row("RUNNING", 9)]], 1, 1],
  [
    "an end that is listed once more, with another start",
    true,
    [[row("FINISHED", 1)], "down", [row("FINISHED", 9)]],
    1,
    0,
  ],
  ["an ended job that lives again", true, [[row("FINISHED", 1)], "down", [row("RUNNING", 9)]], 2, 1],
  [
    "the same JobID after a JobManager that kept nothing",
    false,
    [[row("FINISHED", 1)], "down", [row("FINISHED", 9)]],
    2,
    0,
  ],
  [
    "a job that was lost with its JobManager, and submitted again",
    false,
    [[row("RUNNING", 1)], "down", [row("RUNNING", 9)]],
    2,
    1,
  ],
  ["two at once", true, [[row("RUNNING", 1), row("RUNNING", 2, "b".repeat(32))]], 2, 2],
] as const)("%s", async (_, highAvailability, answers, runs, atOnce) => {
  expect(await recorded(highAvailability, answers as never)).toEqual({ runs, atOnce });
});
