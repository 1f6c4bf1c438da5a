import { expect, test } from "vitest";
import { aTrigger } from "../../../test/support/builders.ts";
import type { FlinkJob } from "../../api/objects.ts";
import type { TriggerStatus } from "../../api/status.ts";
import { KubeError } from "../../kube/errors.ts";
import { submissionJob } from "../run-async/submission-job.ts";
import { Submissions } from "./submissions.ts";

const main = { namespace: "team", name: "main" };

function submitted(trigger?: TriggerStatus, more: Partial<FlinkJob["metadata"]> = {}): FlinkJob {
  const wish = { cluster: main, triggerId: "nightly", user: "", jar: { id: "x.jar" }, run: { args: [] } };
  const job = submissionJob(wish);
  return {
    ...job,
    metadata: { ...job.metadata, uid: "u", resourceVersion: "1", ...more },
    ...(trigger ? { status: { observedGeneration: 1, trigger } } : {}),
  };
}
const pending = submitted(aTrigger().sent().build());
const running = submitted(aTrigger().running().build());

/** What the cache holds, and what the API server knows; how often that was asked. */
function scene({
  cached,
  newest,
  silentMs = 0,
}: {
  cached?: FlinkJob;
  newest?: FlinkJob;
  silentMs?: number;
}) {
  const world = { gets: 0, writes: [] as string[], conflicts: 0, gone: false };
  const kube = {
    get: async () => {
      world.gets++;
      if (!newest || world.gone) throw new KubeError("NotFound", "no");
      return newest;
    },
    patch: async (_: unknown, __: unknown, { body }: { body: { spec: FlinkJob["spec"] } }) => {
      world.writes.push(`patch ${body.spec.deletionPolicy}`);
      return { ...newest, metadata: { ...newest?.metadata, resourceVersion: "2" } };
    },
    delete: async (_: unknown, __: unknown, { preconditions }: { preconditions: object }) => {
      world.writes.push(`delete ${JSON.stringify(preconditions)}`);
      if (world.conflicts-- > 0) throw new KubeError("Conflict", "changed");
      return { ...newest };
    },
  };
  return {
    world,
    submissions: new Submissions(kube as never, { get: () => cached, silentMs: () => silentMs }),
  };
}

test("what is in progress is told out of the cache", async () => {
  const { world, submissions } = scene({ cached: pending, newest: running });
  expect(await submissions.track(main, "nightly")).toBe(pending);
  expect(world.gets).toBe(0);
});

test("out of the cache of a watch that has fallen silent nothing is told", async () => {
  const { submissions } = scene({ cached: pending, newest: running, silentMs: 120_000 });
  expect(await submissions.track(main, "nightly")).toBe(running);
});

test("an outcome may be that of a submission that was deleted and made anew: the API server is asked", async () => {
  const { submissions } = scene({ cached: running, newest: pending });
  expect(await submissions.track(main, "nightly")).toBe(pending);
  const gone = scene({ cached: running });
  await expect(gone.submissions.track(main, "nightly")).rejects.toMatchObject({ code: "UnknownTrigger" });
});

test("what was deleted here is gone at once, whatever the cache still holds", async () => {
  const { submissions, world } = scene({ cached: pending, newest: pending });
  await submissions.delete(main, "nightly");
  world.gone = true;
  await expect(submissions.track(main, "nightly")).rejects.toMatchObject({ code: "UnknownTrigger" });
});

test("what another replica has just recorded is not in the cache yet", async () => {
  const { submissions } = scene({ newest: pending });
  expect(await submissions.track(main, "nightly")).toBe(pending);
});

test("tracking information that is being deleted is gone for a client", async () => {
  const deletionTimestamp = "2026-11-26T00:00:00Z";
  const going = submitted(aTrigger().running().build(), { deletionTimestamp });
  const orphan = { ...going, spec: { ...going.spec, deletionPolicy: "Orphan" as const } };
  await expect(scene({ newest: orphan }).submissions.track(main, "nightly")).rejects.toMatchObject({
    code: "UnknownTrigger",
  });
  const halted = submitted(aTrigger().sent().build(), { deletionTimestamp });
  expect(await scene({ newest: halted }).submissions.track(main, "nightly")).toBe(halted);
});

test("a deletion is for exactly the version that was looked at", async () => {
  const { world, submissions } = scene({ newest: running });
  expect(await submissions.delete(main, "nightly")).toMatchObject({ left: "gone" });
  expect(world.writes).toEqual(["patch Orphan", 'delete {"uid":"u","resourceVersion":"2"}']);
});

test("a submission that changes all the time is given up, and the client comes again", async () => {
  const { world, submissions } = scene({ newest: running });
  world.conflicts = 1_000;
  await expect(submissions.delete(main, "nightly")).rejects.toMatchObject({ code: "Busy", retry: "backoff" });
  expect(world.gets).toBe(10);
});

test("the FlinkJob of another cluster or trigger ID that a hash confuses with this is not this", async () => {
  const other = { ...running, spec: { ...running.spec, trigger: { id: "Nightly" } } };
  await expect(
    scene({ cached: other, newest: other }).submissions.track(main, "nightly"),
  ).rejects.toMatchObject({
    code: "UnknownTrigger",
  });
});
