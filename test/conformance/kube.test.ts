import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { KubeClient } from "../../src/kube/client.ts";
import { systemClock } from "../../src/kube/clock.ts";
import type { ClusterAccess } from "../../src/kube/config.ts";
import { textOf } from "../../src/kube/credentials.ts";
import { EventRecorder } from "../../src/kube/event-recorder.ts";
import { events, type KubeEvent } from "../../src/kube/event-writer.ts";
import { FreshFile } from "../../src/kube/fresh-file.ts";
import { Informer } from "../../src/kube/informer.ts";
import { LeaderElection } from "../../src/kube/leader-election.ts";
import { leases } from "../../src/kube/lease.ts";
import { noMetrics } from "../../src/kube/metrics.ts";
import { Transport } from "../../src/kube/transport.ts";
import { type KubeObject, parseKey, type Resource } from "../../src/kube/types.ts";
import { eventually } from "../support/eventually.ts";
import { FakeApiServer } from "../support/fake-apiserver/server.ts";
import { kubeTarget } from "../support/kube-target.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";

interface ConfigMap extends KubeObject {
  data?: Record<string, string>;
}

const configMaps: Resource<ConfigMap> = {
  group: "",
  version: "v1",
  kind: "ConfigMap",
  plural: "configmaps",
  namespaced: true,
};

const namespace = "default";
const label = "kube-conformance";
const fake = new FakeApiServer();
const servers: { name: string; open: () => Promise<ClusterAccess>; close: () => Promise<void> }[] = [
  { name: "the fake API server", open: async () => (await fake.start()).access, close: () => fake.stop() },
  { name: "a real API server", open: kubeTarget, close: async () => {} },
];

// What the fake server and the real one agree on is what the other tests may rely on.
for (const { name, open, close } of servers) {
  describe(name, () => {
    let access: ClusterAccess;
    let proxy: TcpProxy;
    let direct: Transport;
    let transport: Transport;
    let client: KubeClient;
    let admin: KubeClient;
    let abort: AbortController;
    let running: Promise<void>[];
    let serial = 0;

    beforeAll(async () => {
      access = await open();
      const { hostname, port, protocol } = new URL(access.server);
      proxy = await new TcpProxy({ host: hostname, port: Number(port) }).start();
      direct = new Transport(access);
      transport = new Transport({ ...access, server: `${protocol}//127.0.0.1:${proxy.port}` });
      admin = new KubeClient(direct);
      client = new KubeClient(transport);
    });

    afterAll(async () => {
      await transport.close();
      await direct.close();
      await proxy.stop();
      await close();
    });

    beforeEach(() => {
      abort = new AbortController();
      running = [];
      serial++;
    });

    afterEach(async () => {
      abort.abort();
      await Promise.all(running);
      for await (const object of admin.listAll(configMaps, { namespace })) {
        if (object.metadata.labels?.test === label) await admin.delete(configMaps, ref(object.metadata.name));
      }
    });

    function ref(name = "") {
      return { namespace, name };
    }

    function named(name: string, data: Record<string, string> = {}): ConfigMap {
      return { metadata: { name: `${name}-${serial}`, namespace, labels: { test: label } }, data };
    }

    function follow(idleLimitMs?: number) {
      const changes: string[] = [];
      const informer = new Informer<ConfigMap>({
        client,
        resource: configMaps,
        selection: { namespace },
        idleLimitMs,
      });
      const note = (what: string, object: ConfigMap) => {
        if (object.metadata.name?.endsWith(`-${serial}`))
          changes.push(`${what} ${object.metadata.name.split("-")[0]}`);
      };
      informer.addHandler({
        add: (object) => note("add", object),
        update: (object) => note("update", object),
        delete: (object) => note("delete", object),
      });
      running.push(informer.run(abort.signal));
      return { informer, changes };
    }

    test("create, get, replace, merge, delete", async () => {
      const made = await client.create(configMaps, named("a", { x: "1" }));
      const at = ref(made.metadata.name);
      expect(made.metadata).toMatchObject({ uid: expect.any(String), resourceVersion: expect.any(String) });
      expect((await client.get(configMaps, at)).data).toEqual({ x: "1" });
      const replaced = await client.replace(configMaps, { ...made, data: { x: "2" } });
      expect(replaced.metadata.resourceVersion).not.toBe(made.metadata.resourceVersion);
      const patched = await client.patch(configMaps, at, {
        type: "merge",
        body: { data: { x: null, y: "3" } },
      });
      expect(patched.data).toEqual({ y: "3" });
      await client.delete(configMaps, at);
      await expect(client.get(configMaps, at)).rejects.toMatchObject({ code: "NotFound", status: 404 });
    });

    test("a write that was decided on an old state is a Conflict, and changes nothing", async () => {
      const made = await client.create(configMaps, named("a"));
      await client.replace(configMaps, { ...made, data: { x: "first" } });
      const late = client.replace(configMaps, { ...made, data: { x: "second" } });
      await expect(late).rejects.toMatchObject({ code: "Conflict", status: 409 });
      const { resourceVersion = "" } = made.metadata;
      const patch = { type: "merge" as const, body: { metadata: { resourceVersion }, data: { x: "third" } } };
      await expect(client.patch(configMaps, ref(made.metadata.name), patch)).rejects.toMatchObject({
        code: "Conflict",
      });
      expect((await client.get(configMaps, ref(made.metadata.name))).data).toEqual({ x: "first" });
    });

    test("a second create is AlreadyExists", async () => {
      await client.create(configMaps, named("a"));
      await expect(client.create(configMaps, named("a"))).rejects.toMatchObject({ code: "AlreadyExists" });
    });

    test("a write that changes nothing has no new resourceVersion", async () => {
      const made = await client.create(configMaps, named("a", { x: "1" }));
      const again = await client.patch(configMaps, ref(made.metadata.name), {
        type: "merge",
        body: { data: { x: "1" } },
      });
      expect(again.metadata.resourceVersion).toBe(made.metadata.resourceVersion);
    });

    test("delete spares an object that is not the one meant", async () => {
      const made = await client.create(configMaps, named("a"));
      const at = ref(made.metadata.name);
      const wrong = client.delete(configMaps, at, { preconditions: { uid: "another" } });
      await expect(wrong).rejects.toMatchObject({ code: "Conflict" });
      await client.delete(configMaps, at, { preconditions: { uid: made.metadata.uid ?? "" } });
    });

    test("apply creates, and then changes", async () => {
      const made = await client.apply(configMaps, named("a", { x: "1" }), { fieldManager: "conformance" });
      const changed = await client.apply(configMaps, named("a", { x: "2" }), { fieldManager: "conformance" });
      expect(changed.metadata.uid).toBe(made.metadata.uid);
      expect(changed.data).toEqual({ x: "2" });
    });

    test("lists go over several pages", async () => {
      for (const name of ["a", "b", "c", "d", "e"]) await client.create(configMaps, named(name));
      const seen: string[] = [];
      for await (const { metadata } of client.listAll(configMaps, { namespace, limit: 2 }))
        seen.push(metadata.name ?? "");
      const ours = seen.filter((name) => name.endsWith(`-${serial}`));
      expect(ours).toHaveLength(5);
    });

    test("a request that is aborted, or late, says so", async () => {
      const signal = AbortSignal.abort();
      await expect(client.list(configMaps, { signal })).rejects.toMatchObject({ code: "Aborted" });
      await expect(client.list(configMaps, { deadlineMs: 0 })).rejects.toMatchObject({ code: "Timeout" });
    });

    test("an informer follows every change", async () => {
      await admin.create(configMaps, named("a"));
      const { informer, changes } = follow();
      expect(await informer.waitForSync(5000)).toBe(true);
      const b = await admin.create(configMaps, named("b"));
      await admin.replace(configMaps, { ...b, data: { x: "1" } });
      await admin.delete(configMaps, ref(b.metadata.name));
      await eventually(() => changes.length === 4);
      expect(changes).toEqual(["add a", "add b", "update b", "delete b"]);
      const [first] = informer.store.list();
      expect(first?.metadata).not.toHaveProperty("managedFields");
    });

    test("a watch whose connections are reset misses nothing and invents nothing", async () => {
      const { informer, changes } = follow();
      await informer.waitForSync(5000);
      await admin.create(configMaps, named("a"));
      await eventually(() => changes.length === 1);
      proxy.reset();
      await admin.create(configMaps, named("b"));
      await admin.delete(configMaps, ref(named("a").metadata.name));
      await eventually(() => changes.length === 3, 4000);
      expect(changes.toSorted()).toEqual(["add a", "add b", "delete a"]);
    });

    test("a watch whose connection died without a word is found out", async () => {
      const { informer, changes } = follow(1000);
      await informer.waitForSync(5000);
      proxy.silence();
      await admin.create(configMaps, named("a"));
      await eventually(() => changes.includes("add a"), 6000);
    });

    test("a server that refused connections is watched again within 2 s of its return", async () => {
      const { informer, changes } = follow();
      await informer.waitForSync(5000);
      const victim = await admin.create(configMaps, named("a"));
      await eventually(() => changes.length === 1);
      await proxy.stop();
      // While nobody watches, the object goes and another of its name comes.
      await admin.delete(configMaps, ref(victim.metadata.name));
      await admin.create(configMaps, named("a"));
      await expect(client.get(configMaps, ref("x"))).rejects.toMatchObject({
        code: "Unreachable",
        notSent: true,
      });
      await new Promise((resolve) => setTimeout(resolve, 5000));
      await proxy.start();
      const returned = performance.now();
      await eventually(() => changes.length === 3);
      expect(performance.now() - returned).toBeLessThan(2000);
      expect(changes).toEqual(["add a", "delete a", "add a"]);
    });

    test("of two candidates one leads, and hands over when it stops", async () => {
      const lease = { namespace, name: `election-${serial}` };
      const stops = [new AbortController(), new AbortController()];
      const candidates = stops.map((stop, i) => {
        const election = new LeaderElection({
          client,
          lease,
          identity: `candidate-${i}`,
          onStartedLeading: () => {},
        });
        return { stop, election, end: election.run(stop.signal) };
      });
      const leaders = () => candidates.filter(({ election }) => election.isLeading());
      await eventually(() => leaders().length === 1);
      const first = leaders()[0]!;
      first.stop.abort();
      expect(await first.end).toBe("released");
      await eventually(() => leaders().length === 1, 6000);
      expect(leaders()[0]).not.toBe(first);
      expect((await admin.get(leases, lease)).spec?.leaseTransitions).toBe(1);
      for (const { stop, end } of candidates) {
        stop.abort();
        await end;
      }
      await admin.delete(leases, lease);
    });

    test("events are accepted, counted and found", async () => {
      const object = await client.create(configMaps, named("a"));
      const dropped: string[] = [];
      const metrics = { ...noMetrics, dropped: (reason: string) => dropped.push(reason) };
      const recorder = new EventRecorder({
        client,
        controller: "flinkjob.dev/operator",
        instance: "pod-1",
        metrics,
      });
      const occurrence = { type: "Warning", reason: "MainFailed", note: "x".repeat(3000) } as const;
      recorder.record(configMaps, object, occurrence);
      const ours = async () => {
        const found: KubeEvent[] = [];
        for await (const event of admin.listAll(events, { namespace })) {
          if (event.regarding.uid === object.metadata.uid) found.push(event);
        }
        return found;
      };
      await eventually(async () => (await ours()).length === 1);
      for (let i = 0; i < 3; i++) recorder.record(configMaps, object, occurrence);
      await recorder.flush(5000);
      expect(dropped).toEqual([]);
      expect(await ours()).toMatchObject([{ reason: "MainFailed", series: { count: 4 } }]);
    });

    test("a thousand writes at once all arrive, and do not hold up a watch", async () => {
      const { informer } = follow();
      await informer.waitForSync(5000);
      const keys = Array.from({ length: 1000 }, (_, i) => `${namespace}/w${i}-${serial}`);
      const writes = keys.map((key) =>
        client.create(configMaps, named(parseKey(key).name.split("-")[0] ?? "")),
      );
      await Promise.all(writes);
      await eventually(() => keys.every((key) => informer.store.get(key) !== undefined));
      await Promise.all(keys.map((key) => admin.delete(configMaps, parseKey(key))));
      await eventually(() => keys.every((key) => informer.store.get(key) === undefined));
    });
  });
}

describe("TLS to a real API server", () => {
  test("an unknown authority is refused before anything is sent; a renewed authority file is enough to go on", async () => {
    const access = await kubeTarget();
    const dir = await mkdtemp(join(tmpdir(), "ca-"));
    const path = join(dir, "ca.crt");
    // A certificate that is none of this server's authorities.
    const wrong = (await access.credentials.current()).cert ?? rootCertificates[0] ?? "";
    await writeFile(path, wrong);
    const transport = new Transport({ ...access, ca: new FreshFile(path, systemClock) });
    const client = new KubeClient(transport);
    await expect(client.list(configMaps)).rejects.toMatchObject({ code: "Untrusted", notSent: true });
    await writeFile(path, (await textOf(access.ca)) ?? "");
    expect((await client.list(configMaps)).items.length).toBeGreaterThan(0);
    await transport.close();
    await rm(dir, { recursive: true });
  });

  test("a kind that does not exist is NotFound; a kubectl-like selector finds an object's events", async () => {
    const transport = new Transport(await kubeTarget());
    const client = new KubeClient(transport);
    const nothing: Resource<KubeObject> = { ...configMaps, group: "nothing.example", plural: "nothings" };
    await expect(client.list(nothing)).rejects.toMatchObject({ code: "NotFound" });
    const object = await client.apply(
      configMaps,
      { metadata: { name: "described", namespace } },
      { fieldManager: "x" },
    );
    const recorder = new EventRecorder({ client, controller: "flinkjob.dev/operator", instance: "pod-1" });
    recorder.record(configMaps, object, { type: "Normal", reason: "Submitted", note: "Submitted job 1234" });
    await recorder.flush(5000);
    const coreEvents: Resource<KubeObject> = { ...configMaps, kind: "Event", plural: "events" };
    const fieldSelector = [
      "involvedObject.kind=ConfigMap",
      "involvedObject.name=described",
      `involvedObject.namespace=${namespace}`,
      `involvedObject.uid=${object.metadata.uid}`,
    ].join(",");
    expect((await client.list(coreEvents, { namespace, fieldSelector })).items).toHaveLength(1);
    await client.delete(configMaps, { namespace, name: "described" });
    await transport.close();
  });
});
