import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { eventually } from "../../test/support/eventually.ts";
import { FakeApiServer } from "../../test/support/fake-apiserver/server.ts";
import { KubeClient } from "./client.ts";
import { FakeClock } from "./fake-clock.ts";
import { type EndOfLeading, LeaderElection } from "./leader-election.ts";
import type { Lease } from "./lease.ts";
import { Transport } from "./transport.ts";

const collection = "/apis/coordination.k8s.io/v1/leases";
const lease = { namespace: "default", name: "operator" };

let server: FakeApiServer;
let transport: Transport;
const running: Candidate[] = [];

beforeEach(async () => {
  server = await new FakeApiServer().start();
  transport = new Transport(server.access);
});

afterEach(async () => {
  for (const candidate of running.splice(0)) {
    candidate.abort.abort();
    await candidate.end;
  }
  await transport.close();
  await server.stop();
});

/** One process: own clock, own election. */
class Candidate {
  readonly clock = new FakeClock();
  readonly abort = new AbortController();
  readonly ends: EndOfLeading[] = [];
  readonly problems: unknown[] = [];
  readonly election: LeaderElection;
  readonly end: Promise<EndOfLeading>;
  work: AbortSignal | undefined;

  constructor(identity: string) {
    this.election = new LeaderElection({
      client: new KubeClient(transport),
      lease,
      identity,
      clock: this.clock,
      random: () => 0,
      onStartedLeading: (signal) => {
        this.work = signal;
      },
      onStoppedLeading: (why) => this.ends.push(why),
      onProblem: (error) => this.problems.push(error),
    });
    this.end = this.election.run(this.abort.signal);
    running.push(this);
  }

  /** Lets time pass in steps, each long enough for the requests that fall due. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 500) {
      await this.idle();
      await this.clock.advance(500);
    }
    await this.idle();
  }

  /** Until this candidate waits for time, not for an answer. */
  async idle(): Promise<void> {
    await eventually(() => this.clock.pending > 0 || this.ends.length > 0, 2000, 1);
  }
}

function stored(): Lease {
  return server.storage.get(collection, "default/operator") as Lease;
}

describe("LeaderElection", () => {
  test("the first candidate leads and renews; the second waits", async () => {
    const a = new Candidate("a");
    await a.idle();
    expect(a.election.isLeading()).toBe(true);
    const b = new Candidate("b");
    for (let i = 0; i < 30; i++) {
      await a.pass(2000);
      await b.pass(2000);
    }
    expect([a.election.isLeading(), b.election.isLeading()]).toEqual([true, false]);
    expect(b.election.leader).toBe("a");
    expect(stored().spec).toMatchObject({
      holderIdentity: "a",
      leaseDurationSeconds: 15,
      leaseTransitions: 0,
    });
  });

  test("a leader that shuts down hands over at once", async () => {
    const a = new Candidate("a");
    await a.idle();
    const b = new Candidate("b");
    await b.pass(4000);
    a.abort.abort();
    expect(await a.end).toBe("released");
    expect(a.work?.aborted).toBe(true);
    expect(stored().spec?.holderIdentity).toBe("");
    await b.pass(2500);
    expect(b.election.isLeading()).toBe(true);
    expect(stored().spec?.leaseTransitions).toBe(1);
  });

  test("a leader that was stopped knows at once that it leads no more, and does not take the lease back", async () => {
    const a = new Candidate("a");
    await a.idle();
    const b = new Candidate("b");
    await b.pass(2500);
    // SIGSTOP: no code of a runs, its monotonic clock goes on.
    a.clock.freeze(10_000);
    expect(a.election.isLeading()).toBe(false);
    await a.clock.advance(0);
    expect(await a.end).toBe("lost");
    expect(a.ends).toEqual(["lost"]);
    expect(a.work?.aborted).toBe(true);
    // b had seen the lease at 2.5 s; it waits the whole duration by its own clock, then leads.
    await b.pass(10_000);
    expect(b.election.isLeading()).toBe(false);
    await b.pass(6_000);
    expect(b.election.isLeading()).toBe(true);
  });

  test("never two leaders: the old one stops believing before the new one may start", async () => {
    const a = new Candidate("a");
    await a.idle();
    const b = new Candidate("b");
    await b.pass(500);
    // From now on a is cut off, and both clocks run.
    let bLed = false;
    for (let i = 0; i < 40 && !bLed; i++) {
      a.clock.freeze(500);
      await b.pass(500);
      bLed = b.election.isLeading();
      expect(a.election.isLeading() && bLed).toBe(false);
    }
    expect(bLed).toBe(true);
  });

  test("somebody else's wall clock means nothing", async () => {
    const a = new Candidate("a");
    await a.idle();
    const b = new Candidate("b");
    b.clock.setWall(Date.UTC(2040, 0, 1));
    await b.pass(8000);
    expect(b.election.isLeading()).toBe(false);
    a.clock.setWall(Date.UTC(1999, 0, 1));
    await a.pass(4000);
    expect(a.election.isLeading()).toBe(true);
  });

  test("short trouble with the API server is survived; long trouble ends leading at the renew deadline", async () => {
    const a = new Candidate("a");
    await a.idle();
    server.fault = () => ({ status: 503 });
    await a.pass(7000);
    expect(a.election.isLeading()).toBe(true);
    server.fault = () => undefined;
    await a.pass(3000);
    expect(a.election.isLeading()).toBe(true);
    expect(a.problems.length).toBeGreaterThan(1);
    server.fault = () => ({ status: 503 });
    await a.pass(13_000);
    expect(await a.end).toBe("lost");
  });

  test("a renewal whose answer was lost does not cost the lease", async () => {
    const a = new Candidate("a");
    await a.idle();
    let lost = 0;
    server.fault = ({ method }) => (method === "PUT" && lost++ === 0 ? "lose-answer" : undefined);
    await a.pass(8000);
    expect(lost).toBeGreaterThan(1);
    expect(a.election.isLeading()).toBe(true);
    expect(stored().spec?.leaseTransitions).toBe(0);
  });

  test("a renewal counts from when it was sent: a slow answer does not make it younger", async () => {
    const a = new Candidate("a");
    await a.idle();
    server.fault = ({ method }) => {
      if (method === "PUT") a.clock.freeze(9_000);
      return undefined;
    };
    await a.pass(2_000);
    expect(a.election.isLeading()).toBe(true);
    a.clock.freeze(1_000);
    expect(a.election.isLeading()).toBe(false);
  });

  test("a lease whose grant took longer than it is good for does not begin leading", async () => {
    let slow: Candidate | undefined;
    server.fault = ({ method }) => {
      if (method === "POST") slow?.clock.freeze(10_000);
      return undefined;
    };
    slow = new Candidate("a");
    await slow.idle();
    expect(slow.work).toBeUndefined();
    await slow.pass(2_000);
    expect(slow.work?.aborted).toBe(false);
  });

  test("a lease that was taken from us is not written any more", async () => {
    const a = new Candidate("a");
    await a.idle();
    const thief = stored();
    server.storage.update(collection, "default/operator", {
      ...thief,
      spec: { holderIdentity: "thief" },
    } as Lease);
    await a.pass(2000);
    expect(await a.end).toBe("lost");
    expect(stored().spec?.holderIdentity).toBe("thief");
  });

  test("a candidate that is told to stop before it leads leaves nothing behind", async () => {
    const a = new Candidate("a");
    await a.idle();
    const b = new Candidate("b");
    await b.idle();
    b.abort.abort();
    expect(await b.end).toBe("released");
    expect(b.ends).toEqual([]);
    expect(stored().spec?.holderIdentity).toBe("a");
  });

  test("a leader that restarts under its own name need not wait", async () => {
    const a = new Candidate("a");
    await a.idle();
    a.clock.freeze(60_000);
    const again = new Candidate("a");
    await again.idle();
    expect(again.election.isLeading()).toBe(true);
  });
});
