import { expect, it } from "vitest";
import { addressesOf, freeSlot } from "./addresses.ts";

const routesOf = (...networks: string[]) => networks.map((dst) => ({ dst }));

it("gives each node networks of its own", () => {
  expect(addressesOf(7)).toEqual({
    slot: 7,
    device: "flinkjob7",
    host: "10.213.7.1",
    node: "10.213.7.2",
    pods: "10.214.7.0/24",
    services: "10.215.7.0/24",
  });
});

it.each([
  [["default", "192.0.2.0/24"], 0],
  [["10.213.0.0/30"], 1],
  [["10.214.0.0/24", "10.215.1.0/24"], 2],
  [["10.213.0.2"], 1],
  [["10.213.0.4"], 0],
  [["10.214.0.0/23"], 2],
  [["10.215.3.77", "10.214.0.0/22"], 4],
  [["10.0.0.0/8"], undefined],
])("beside the routes %j takes number %s", (networks, want) => {
  expect(freeSlot(routesOf(...networks))).toBe(want);
});
