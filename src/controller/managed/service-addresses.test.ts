import { expect, test } from "vitest";
import type { Lookup } from "../../flink/rest/destinations.ts";
import { ServiceAddresses } from "./service-addresses.ts";

const asked: string[] = [];
const system = ((host: string, _options: object, callback: (...answer: unknown[]) => void) => {
  asked.push(host);
  callback(null, [{ address: "192.0.2.1", family: 4 }]);
}) as Lookup;

function resolve(addresses: ServiceAddresses, host: string, options: object): Promise<unknown[]> {
  const lookup = addresses.lookup as (
    host: string,
    options: object,
    done: (...answer: unknown[]) => void,
  ) => void;
  return new Promise((done) => lookup(host, options, (...answer) => done(answer)));
}

test("a known Service is where it is, everything else is asked elsewhere", async () => {
  const addresses = new ServiceAddresses(system);
  addresses.set("orders-rest.team-a.svc", "10.96.0.7");
  addresses.set("six-rest.team-a.svc", "fd00::7");
  expect(await resolve(addresses, "orders-rest.team-a.svc", { all: true })).toEqual([
    null,
    [{ address: "10.96.0.7", family: 4 }],
  ]);
  expect(await resolve(addresses, "six-rest.team-a.svc", {})).toEqual([null, "fd00::7", 6]);
  expect(asked).toEqual([]);
  const other = [null, [{ address: "192.0.2.1", family: 4 }]];
  expect(await resolve(addresses, "flink.example", { all: true })).toEqual(other);
  addresses.delete("orders-rest.team-a.svc");
  expect(await resolve(addresses, "orders-rest.team-a.svc", { all: true })).toEqual(other);
  expect(asked).toEqual(["flink.example", "orders-rest.team-a.svc"]);
});
