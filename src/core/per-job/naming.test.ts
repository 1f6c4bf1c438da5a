import { expect, test } from "vitest";
import { namesOf } from "../cluster/names.ts";
import { jobIdOf } from "../identity.ts";
import { perJobClusterName, perJobDirectory, planJobName } from "./naming.ts";

const jobId = jobIdOf("a", "g1", 1);

test.each(["orders", "o", "o".repeat(253), "shop.orders", "7days", `a${"-".repeat(60)}b`])(
  "%s: its cluster's name is its own cluster-id",
  (job) => {
    const name = perJobClusterName(job, jobId);
    expect(namesOf(name).clusterId).toBe(name);
    expect(name.length).toBeLessThanOrEqual(45);
  },
);

test("a FlinkJob's directory is nobody else's, and never another cluster's", () => {
  const [a, b] = ["0b7c", "1c8d"].map((uid) => perJobDirectory({ name: "orders", uid }));
  expect([a, b]).toEqual(["orders.0b7c", "orders.1c8d"]);
  expect(namesOf("orders.0b7c").clusterId).not.toContain(".");
  const long = perJobDirectory({ name: "o".repeat(253), uid: "0".repeat(36) });
  expect(long.length).toBeLessThanOrEqual(253);
});

test("the same for the same attempt, another for another attempt or a namesake made anew", () => {
  const names = [jobId, jobIdOf("a", "g1", 2), jobIdOf("a", "g2", 1), jobIdOf("b", "g1", 1)].map((id) =>
    perJobClusterName("orders", id),
  );
  expect(new Set(names).size).toBe(4);
  expect(perJobClusterName("orders", jobId)).toBe(names[0]);
});

test.each([
  ["etl", "etl-ddd1c3a0-"],
  ["7.etl", "7.etl-ddd1c3a0-"],
  [`${"e".repeat(42)}.${"t".repeat(210)}`, `${"e".repeat(42)}-ddd1c3a0-`],
])("the FlinkJob of a plan for %s begins with %s and is a label value", (template, beginning) => {
  const name = planJobName(template, "ddd1c3a0bfe34f6f8e0b1a2c3d4e5f60");
  expect(name.startsWith(beginning)).toBe(true);
  expect(name).toMatch(/^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])$/);
  expect(planJobName(template, "ddd1c3a0bfe34f6f8e0b1a2c3d4e5f60")).toBe(name);
});

test("JobIDs that a client has counted have names of their own", () => {
  const names = [1, 2, 11].map((n) => planJobName("etl", String(n).padStart(32, "0")));
  expect(new Set(names).size).toBe(3);
});
