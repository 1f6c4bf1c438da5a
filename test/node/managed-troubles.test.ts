import { chmod } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, expect, inject, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { ManagedSubject } from "../support/managed-cluster.ts";
import { World } from "../support/world.ts";
import { Pods } from "./pods.ts";

let world: World;
let pods: Pods;
let hostPath: string;

// What keeps pods from running, as a real kubelet and a real Flink say it, reaches the FlinkCluster.
beforeAll(async () => {
  world = await World.open("troubles");
  pods = await Pods.open(world.namespace);
  hostPath = await pods.node.sharedDirectory(world.namespace);
  await world.operator();
});
// The next one needs the room.
afterEach(async () => {
  await world.kubectl(["delete", "fc", "--all", "--timeout=60s"]);
});
afterAll(() => world.close());

async function created(name: string, patch: object): Promise<ManagedSubject> {
  const [image, storage] = [inject("images")["2.3"]!, { hostPath }];
  await world.createCluster(name, { managed: { flinkVersion: "2.3", image, storage, ...patch } });
  return new ManagedSubject(world, name);
}

async function told(subject: ManagedSubject, reason: string): Promise<string | undefined> {
  const { status } = await subject.untilReason(reason, 90_000);
  const [ready, reconciling, stalled] = status?.conditions ?? [];
  expect([ready?.status, reconciling?.status, stalled?.status]).not.toContain("Unknown");
  expect(ready?.status).toBe("False");
  return ready?.message;
}

test("an image that is not there", async () => {
  const subject = await created("no-image", {
    image: "flinkjob.invalid/flink:none",
    imagePullPolicy: "Never",
  });
  expect(await told(subject, "ImagePullFailed")).toContain("flinkjob.invalid/flink:none");
});

test("a JobManager that ends again and again, with the cause in Flink's own words", async () => {
  const subject = await created("too-small", {
    jobManager: { resources: { limits: { memory: "200Mi" } } },
    taskManager: { replicas: 0 },
  });
  const message = await told(subject, "CrashLooping");
  expect(message).toMatch(/exit code 1, restarted \d+ times: .*IllegalConfigurationException/s);
});

test("a storage that Flink may not write to, with the cause, although much was logged after it", async () => {
  const closed = await pods.node.sharedDirectory(`${world.namespace}-closed`);
  await chmod(closed, 0o555);
  const subject = await created("closed-storage", {
    storage: { hostPath: closed },
    taskManager: { replicas: 0 },
  });
  const message = await told(subject, "CrashLooping");
  expect(message).toMatch(/Could not start cluster entrypoint|Fatal error occurred/);
  expect(message).toMatch(/AccessDenied|Permission denied|could not be created|Failed to create/i);
  // An event is written after the status that it tells of.
  await eventually(async () => {
    const events = await world.events("closed-storage", world.namespace, "FlinkCluster");
    expect(events.map(({ type, reason }) => `${type} ${reason}`)).toContain("Warning CrashLooping");
  });
});

test("a claim that does not exist", async () => {
  const subject = await created("no-claim", { storage: { claimName: "nowhere" } });
  expect(await told(subject, "Unschedulable")).toContain('"nowhere" not found');
});

test("a quota, and pods once it is lifted", async () => {
  await pods.apply([
    {
      apiVersion: "v1",
      kind: "ResourceQuota",
      metadata: { name: "little", namespace: world.namespace },
      spec: { hard: { "requests.memory": "1Mi" } },
    },
  ]);
  const subject = await created("over-quota", { taskManager: { replicas: 0 } });
  expect(await told(subject, "PodsRefused")).toContain("exceeded quota");
  await pods.kubectl(["delete", "resourcequota", "little"]);
  await subject.untilReason("Reachable", 90_000);
});

test("an image of another version", async () => {
  const image = inject("images")["1.20"]!;
  const subject = await created("other-version", { image, taskManager: { replicas: 0 } });
  expect(await told(subject, "VersionMismatch")).toMatch(
    /^spec\.managed\.flinkVersion is 2\.3, and the image holds Flink 1\.20\.\d+\.$/,
  );
});
