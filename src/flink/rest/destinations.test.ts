import { describe, expect, test } from "vitest";
import { type AddressRange, Destinations, type Lookup } from "./destinations.ts";

const range = (text: string): AddressRange => {
  const [address = "", prefix] = text.split("/");
  return { address, prefix: Number(prefix), family: address.includes(":") ? "ipv6" : "ipv4" };
};

describe("built-in rules", () => {
  const destinations = new Destinations();
  test.each([
    "169.254.169.254",
    "169.254.0.1",
    "fe80::1",
    "febf::1",
    "fd00:ec2::254",
    "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe",
    "64:ff9b::169.254.169.254",
    "0.0.0.0",
    "0.1.2.3",
    "::",
    "224.0.0.1",
    "255.255.255.255",
    "ff02::1",
    "127.0.0.1",
    "127.9.9.9",
    "::1",
    "::ffff:127.0.0.1",
    "not an address",
    "",
  ])("%s is refused", (address) => expect(destinations.allows(address)).toBe(false));

  test.each(["10.0.0.1", "192.168.1.1", "172.16.0.1", "8.8.8.8", "fd00::1", "2001:db8::1"])(
    "%s is allowed",
    (address) => expect(destinations.allows(address)).toBe(true),
  );
});

test("loopback, where it is allowed", () => {
  const destinations = new Destinations({ loopback: true });
  expect(["127.0.0.1", "::1", "::ffff:127.0.0.1"].map((address) => destinations.allows(address))).toEqual([
    true,
    true,
    true,
  ]);
  expect(destinations.allows("169.254.169.254")).toBe(false);
});

test("allow wins over deny, and deny over nothing", () => {
  const destinations = new Destinations({
    deny: ["0.0.0.0/0", "::/0"].map(range),
    allow: ["10.1.0.0/16", "169.254.7.7/32"].map(range),
  });
  expect(destinations.allows("10.1.2.3")).toBe(true);
  expect(destinations.allows("169.254.7.7")).toBe(true);
  expect(destinations.allows("10.2.0.1")).toBe(false);
  expect(destinations.allows("2001:db8::1")).toBe(false);
});

describe("names", () => {
  const answering = (...addresses: string[]) =>
    ((_host, _options, callback) => {
      const all = addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
      (callback as (error: null, found: typeof all) => void)(null, all);
    }) as Lookup;
  const resolve = (destinations: Destinations, all: boolean) =>
    new Promise((done) => {
      destinations.lookup("host", { all }, (error, ...found) => done(error ?? found));
    });

  test("a name that resolves to a refused address only", async () => {
    const rebound = new Destinations({}, answering("169.254.169.254", "127.0.0.1"));
    for (const all of [true, false]) {
      expect(await resolve(rebound, all)).toMatchObject({
        code: "DestinationNotAllowed",
        message: expect.stringContaining("host (169.254.169.254, 127.0.0.1)"),
      });
    }
  });

  test("only the allowed addresses of a name are dialled", async () => {
    const mixed = new Destinations({}, answering("169.254.169.254", "10.0.0.1", "fd00::1"));
    const allowed = [
      { address: "10.0.0.1", family: 4 },
      { address: "fd00::1", family: 6 },
    ];
    expect(await resolve(mixed, true)).toEqual([allowed]);
    expect(await resolve(mixed, false)).toEqual(["10.0.0.1", 4]);
  });
});

test.each(["http://127.0.0.1:1", "http://[::1]:1", "http://2130706433:1", "http://0x7f.1:1"])(
  "%s: a literal address is judged without DNS",
  async (url) => {
    const connect = new Destinations().connector({ timeoutMs: 1000 });
    const { hostname, port, protocol } = new URL(url);
    const target = { hostname: hostname.replace(/^\[|\]$/g, ""), port, protocol };
    const error = await new Promise((done) => connect(target, (...[failure]) => done(failure)));
    expect(error).toMatchObject({ code: "DestinationNotAllowed", sent: "no" });
  },
);
