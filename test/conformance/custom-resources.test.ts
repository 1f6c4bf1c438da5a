import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FlinkJob } from "../../src/api/objects.ts";
import { KubeClient } from "../../src/kube/client.ts";
import type { ClusterAccess } from "../../src/kube/config.ts";
import { Informer } from "../../src/kube/informer.ts";
import { flinkJobs } from "../../src/kube/resources.ts";
import { Transport } from "../../src/kube/transport.ts";
import { eventually } from "../support/eventually.ts";
import { FakeApiServer } from "../support/fake-apiserver/server.ts";
import { kubeTarget } from "../support/kube-target.ts";

const namespace = "default";
const finalizer = "flinkjob.dev/conformance";
const fake = new FakeApiServer();
const servers: { name: string; open: () => Promise<ClusterAccess>; close: () => Promise<void> }[] = [
  { name: "the fake API server", open: async () => (await fake.start()).access, close: () => fake.stop() },
  { name: "a real API server", open: kubeTarget, close: async () => {} },
];

// The crash matrix plays on the fake one: what it does with our kinds must be what a real one does.
for (const { name, open, close } of servers) {
  describe(`our kinds on ${name}`, () => {
    let client: KubeClient;
    let serial = 0;

    beforeAll(async () => {
      client = new KubeClient(new Transport(await open()), { fieldManager: "conformance" });
    });

    afterAll(async () => {
      await client.transport.close();
      await close();
    });

    const made = (more: { finalizers?: string[]; status?: object; spec?: object } = {}): Promise<FlinkJob> =>
      client.create(flinkJobs, {
        metadata: {
          name: `conformance-${++serial}`,
          namespace,
          ...(more.finalizers && { finalizers: more.finalizers }),
        },
        spec: { cluster: { url: "http://flink:8081" }, jar: { uri: "http://jars/a.jar" }, ...more.spec },
        ...(more.status && { status: more.status }),
      } as unknown as FlinkJob);
    const refOf = ({ metadata: { name } }: FlinkJob) => ({ namespace, name });
    const removed = (job: FlinkJob) => client.delete(flinkJobs, refOf(job));

    test("a new one has defaults, generation 1, and neither a status nor what the schema does not know", async () => {
      const job = await made({ status: { observedGeneration: 7 }, spec: { unheardOf: true } });
      expect(job.metadata.generation).toBe(1);
      expect(job.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      expect(job.spec).toMatchObject({
        state: "running",
        upgradeMode: "stateless",
        deletionPolicy: "Cancel",
      });
      expect(job.spec).not.toHaveProperty("unheardOf");
      expect(job.status?.observedGeneration).not.toBe(7);
      await removed(job);
    });

    test("a trial creation of no name in particular has defaults and is not kept", async () => {
      const job = await made();
      const { name } = job.metadata;
      const trial = (spec: object) =>
        client.create(
          flinkJobs,
          {
            metadata: { namespace, generateName: `${name}-` },
            spec: { cluster: { url: "http://flink:8081" }, jar: { uri: "http://jars/a.jar" }, ...spec },
          } as unknown as FlinkJob,
          { dryRun: true, strict: true },
        );
      const tried = await trial({});
      expect(tried.metadata.name).toMatch(new RegExp(`^${name}-.+$`));
      expect(tried.spec).toEqual(job.spec);
      await expect(client.get(flinkJobs, { namespace, name: tried.metadata.name })).rejects.toMatchObject({
        code: "NotFound",
      });
      await expect(trial({ parallelism: 0 })).rejects.toMatchObject({ code: "Invalid" });
      await expect(trial({ restart: { unheardOf: 1 } })).rejects.toMatchObject({
        code: "BadRequest",
        message: expect.stringContaining('unknown field "spec.restart.unheardOf"'),
      });
      await removed(job);
    });

    test("one name is listed and watched alone", async () => {
      const [job, other] = [await made(), await made()];
      const selection = { namespace, fieldSelector: `metadata.name=${job.metadata.name}` };
      const { items, metadata } = await client.list(flinkJobs, selection);
      expect(items.map(({ metadata }) => metadata.name)).toEqual([job.metadata.name]);
      const { resourceVersion } = metadata;
      const stream = await client.watch(flinkJobs, { ...selection, resourceVersion });
      await removed(other);
      await removed(job);
      for await (const { type, object } of stream) {
        expect([type, object.metadata.name]).toEqual(["DELETED", job.metadata.name]);
        break;
      }
    });

    test("a spec that breaks a rule is refused", async () => {
      await expect(made({ spec: { parallelism: 0 } })).rejects.toMatchObject({
        code: "Invalid",
        status: 422,
      });
    });

    test("the status is written by its own door, which leaves spec, metadata and generation", async () => {
      const job = await made();
      const spec = { ...job.spec, parallelism: 3 };
      const metadata = { ...job.metadata, finalizers: [finalizer] };
      const status = { observedGeneration: 1, state: "Running", unheardOf: 1 };
      const told = await client.replaceStatus(flinkJobs, { ...job, metadata, spec, status } as FlinkJob);
      expect(told.status).toMatchObject({ observedGeneration: 1, state: "Running" });
      expect(told.status).not.toHaveProperty("unheardOf");
      expect(told.spec.parallelism).toBeUndefined();
      expect(told.metadata.finalizers).toBeUndefined();
      expect(told.metadata.generation).toBe(1);
      expect(told.metadata.resourceVersion).not.toBe(job.metadata.resourceVersion);
      await removed(job);
    });

    test("a change of the spec is a new generation, and leaves the status", async () => {
      const job = await made();
      const status = { observedGeneration: 1, state: "Running" as const };
      const told = await client.replaceStatus(flinkJobs, { ...job, status });
      const edited = await client.replace(flinkJobs, {
        ...told,
        spec: { ...told.spec, parallelism: 3 },
        status: { observedGeneration: 9 },
      });
      expect(edited.metadata.generation).toBe(2);
      expect(edited.status).toMatchObject({ observedGeneration: 1, state: "Running" });
      const body = { spec: { parallelism: 4 } };
      const patched = await client.patch(flinkJobs, refOf(job), { type: "merge", body });
      expect(patched.metadata.generation).toBe(3);
      const labelled = { metadata: { labels: { a: "b" } } };
      const same = await client.patch(flinkJobs, refOf(job), { type: "merge", body: labelled });
      expect(same.metadata.generation).toBe(3);
      await removed(job);
    });

    test("a status that was decided on an old state is a Conflict", async () => {
      const job = await made();
      await client.patch(flinkJobs, refOf(job), { type: "merge", body: { spec: { parallelism: 4 } } });
      const late = client.replaceStatus(flinkJobs, { ...job, status: { observedGeneration: 1 } });
      await expect(late).rejects.toMatchObject({ code: "Conflict", status: 409 });
      await removed(job);
    });

    test("neither status nor patch makes an object that is not there", async () => {
      const job = await made();
      await removed(job);
      const late = client.replaceStatus(flinkJobs, { ...job, status: { observedGeneration: 1 } });
      await expect(late).rejects.toMatchObject({ code: "NotFound" });
      const patch = client.patch(flinkJobs, refOf(job), {
        type: "merge",
        body: { metadata: { finalizers: null } },
      });
      await expect(patch).rejects.toMatchObject({ code: "NotFound" });
    });

    test("a write that means an object of another uid is a Conflict", async () => {
      const { metadata, spec } = await made();
      const { resourceVersion: _, ...unversioned } = metadata;
      const wrong = { ...unversioned, uid: "11111111-1111-4111-8111-111111111111" };
      const write = client.replaceStatus(flinkJobs, {
        ...{ metadata: wrong, spec, status: { observedGeneration: 1 } },
      } as FlinkJob);
      await expect(write).rejects.toMatchObject({ code: "Conflict" });
      await client.delete(flinkJobs, { namespace, name: metadata.name });
    });

    test("finalizers hold a deleted object, until the last is taken away; none may come", async () => {
      const abort = new AbortController();
      const job = await made({ finalizers: [finalizer] });
      const changes: string[] = [];
      const informer = new Informer<FlinkJob>({ client, resource: flinkJobs, selection: { namespace } });
      const ours = ({ metadata }: FlinkJob) => metadata.name === job.metadata.name;
      informer.addHandler({
        add: (object) => ours(object) && changes.push("add"),
        update: (object) =>
          ours(object) && changes.push(object.metadata.deletionTimestamp ? "deleting" : "update"),
        delete: (object) => ours(object) && changes.push("delete"),
      });
      const running = informer.run(abort.signal);
      expect(await informer.waitForSync(5_000)).toBe(true);
      await removed(job);
      const held = await client.get(flinkJobs, refOf(job));
      expect(held.metadata.deletionTimestamp).toMatch(/Z$/);
      expect(held.metadata.generation).toBe(2);
      await removed(job);
      expect((await client.get(flinkJobs, refOf(job))).metadata.resourceVersion).toBe(
        held.metadata.resourceVersion,
      );
      const another = { metadata: { finalizers: [finalizer, "flinkjob.dev/another"] } };
      await expect(
        client.patch(flinkJobs, refOf(job), { type: "merge", body: another }),
      ).rejects.toMatchObject({ code: "Invalid" });
      await client.replaceStatus(flinkJobs, { ...held, status: { observedGeneration: 2 } });
      const last = await client.patch(flinkJobs, refOf(job), {
        type: "merge",
        body: { metadata: { finalizers: [] } },
      });
      expect(last.metadata.name).toBe(job.metadata.name);
      expect(last.metadata.finalizers ?? []).toEqual([]);
      await expect(client.get(flinkJobs, refOf(job))).rejects.toMatchObject({ code: "NotFound" });
      await eventually(() => changes.includes("delete"));
      expect(changes).toEqual(["add", "deleting", "deleting", "delete"]);
      abort.abort();
      await running;
    });
  });
}
