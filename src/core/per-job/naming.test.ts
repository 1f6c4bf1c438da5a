import { expect, test } from "vitest";
import { namesOf } from "../cluster/names.ts";
import { jobIdOf } from "../identity.ts";
import { perJobClusterName } from "./naming.ts";

const jobId = jobIdOf("a", "g1", 1);

test.each(["orders", "o", "o".repeat(253), "shop.orders", "7days", `a${"-".repeat(60)}b`])(
  "%s: its cluster's name is its own cluster-id",
  (job) => {
    const name = perJobClusterName(job, jobId);
    expect(namesOf(name).clusterId).toBe(name);
    expect(name.length).toBeLessThanOrEqual(45);
  },
);

test("the same for the same attempt, another for another attempt or a namesake made anew", () => {
  const names = [jobId, jobIdOf("a", "g1", 2), jobIdOf("a", "g2", 1), jobIdOf("b", "g1", 1)].map((id) =>
    perJobClusterName("orders", id),
  );
  expect(new Set(names).size).toBe(4);
  expect(perJobClusterName("orders", jobId)).toBe(names[0]);
});
